#pragma once

#include "src/store/commit.hpp"
#include "src/store/topology.hpp"
#include "twins/estate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// How long after its end a half hour of a meter should be here, in seconds, by market segment.
using arrival_limits = std::array<std::int64_t, market_segment_count>;

/// Which meters should have brought something by now and have not. A meter is overdue when the half hour behind the
/// newest that it has brought should be here; one that has brought none is waited for from `since` on. De-energised
/// meters are not waited for, nor anybody outside the range of his row of the estate.
class overdue_meters {
public:
  /// `e` outlives it.
  overdue_meters(const estate& e, const topology& names, arrival_limits limits, period since);

  /// A meter has brought a half hour, whatever its verdict on the way to the log.
  void saw(transformer_number t, twin_slot slot, period p) noexcept;

  /// The half hour that a meter is waited for; nothing where none is.
  std::optional<period> awaited(connection_index c) const noexcept;
  /// When it should be here at the latest, seconds since the epoch.
  std::int64_t due_s(connection_index c, period p) const noexcept;
  bool is_overdue(connection_index c, std::int64_t now_s) const noexcept;
  std::size_t size() const noexcept { return newest_.size(); }

  /// What was seen of a transformer's meters, by slot: to go on with after a restart.
  std::string seen_of(transformer_index t) const;
  /// False where the bytes are damaged; then nothing was taken.
  bool take_seen(transformer_index t, std::string_view bytes);
  std::optional<transformer_index> transformer_called(transformer_number t) const noexcept;

private:
  const estate* estate_;
  arrival_limits limits_;
  period since_;
  std::vector<std::int32_t> newest_; ///< by connection: number of the newest half hour that it brought; 0: none
  std::unordered_map<std::uint32_t, transformer_index> by_number_;
  std::vector<std::vector<std::int32_t>> connection_of_; ///< by transformer and slot; -1: none any more
};

} // namespace gridtwin
