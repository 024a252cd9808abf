#pragma once

#include <cstdint>

namespace gridtwin {

/// When a child that died is started again: each by itself (one-for-one), at most so often, then no more.
struct restart_policy {
  std::uint32_t most_restarts = 3;

  /// What to do with a child that died after `restarts` earlier ones.
  constexpr bool restart(std::uint32_t restarts) const noexcept { return restarts < most_restarts; }
};

} // namespace gridtwin
