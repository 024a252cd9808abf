#pragma once

#include "twins/gaps.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// Half hours of a day of one meter and quantity, a bit each.
struct presence {
  std::uint64_t known = 0;   ///< something was accepted of them
  std::uint64_t current = 0; ///< they have a current value
  bool operator==(const presence&) const = default;
};

/// A day of several meters, by numbers that the owner gives them. 24 bytes a meter and quantity.
class presence_rows {
public:
  /// Nothing known where there is no such row.
  presence find(std::uint32_t row) const noexcept {
    const auto at = position(row);
    return at != rows_.end() && at->number == row ? at->of : presence{};
  }
  void set(std::uint32_t row, presence of) {
    const auto at = position(row);
    if (at != rows_.end() && at->number == row)
      rows_[static_cast<std::size_t>(at - rows_.begin())].of = of;
    else
      rows_.insert(at, {row, of});
  }
  /// Calls `f(row, presence)`, ascending.
  template <class F>
  void for_each(F&& f) const {
    for (const entry& e : rows_)
      f(e.number, e.of);
  }
  std::size_t size() const noexcept { return rows_.size(); }

private:
  struct entry {
    std::uint32_t number = 0;
    presence of;
  };
  std::vector<entry>::const_iterator position(std::uint32_t row) const noexcept {
    return std::lower_bound(rows_.begin(), rows_.end(), row,
                            [](const entry& e, std::uint32_t wanted) { return e.number < wanted; });
  }

  std::vector<entry> rows_;
};

/// A day as it was before a record and is after it; masks of half hours with a current value.
struct day_change {
  utc_day day;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

/// Gaps that were there before a record alone, and after it alone; each ascending.
struct gap_changes {
  std::vector<gap> closed;
  std::vector<gap> opened;
};

/// `days`: ascending, all that have a value between the first half hour that changed and the last one. `previous` and
/// `next`: the nearest with a value before the first and behind the last that changed, if there are any. Pure.
gap_changes changes_between(std::optional<period> previous, std::span<const day_change> days,
                            std::optional<period> next);

/// The first and the last half hour that changed; some has.
struct changed_span {
  period first;
  period last;
};
changed_span span_of(std::span<const day_change> days) noexcept;

/// The last half hour that changed among those of a gap and the two next to it, which are what opened or closed it:
/// some has. `days`: as of `changes_between`.
period last_change_of(const gap& g, std::span<const day_change> days) noexcept;

/// Bits of the half hours of a day before a place, and behind it.
constexpr std::uint64_t bits_before(int slot) noexcept { return (std::uint64_t{1} << slot) - 1; }
constexpr std::uint64_t bits_behind(int slot) noexcept { return ~(bits_before(slot) | std::uint64_t{1} << slot); }
constexpr int first_of(std::uint64_t mask) noexcept { return std::countr_zero(mask); }
constexpr int last_of(std::uint64_t mask) noexcept { return 63 - std::countl_zero(mask); }

} // namespace gridtwin
