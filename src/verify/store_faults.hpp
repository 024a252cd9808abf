#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// A place of a store where something is not as the rest of the store says that it must be.
struct store_fault {
  std::string where; ///< `journal record 5:12`, `transformer T1 on 2026-03-01`
  std::string what;
};

/// Faults as they are found: the first by place, all by number.
class store_faults {
public:
  static constexpr std::size_t most_shown = 20;

  void add(std::string where, std::string what) {
    ++count_;
    if (shown_.size() < most_shown)
      shown_.push_back({std::move(where), std::move(what)});
  }

  std::uint64_t count() const noexcept { return count_; }
  const std::vector<store_fault>& shown() const noexcept { return shown_; }

private:
  std::uint64_t count_ = 0;
  std::vector<store_fault> shown_;
};

} // namespace gridtwin
