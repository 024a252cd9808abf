#include "src/push/drain_window.hpp"

#include "src/store/journal_begin.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

bool is_before(const event_position::in_shard& a, const event_position::in_shard& b) noexcept {
  return a.offset < b.offset || (a.offset == b.offset && a.of_it != 0 && (b.of_it == 0 || a.of_it < b.of_it));
}

bool has_reached(const event_position& position, const event_position& end) noexcept {
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    if (is_before(position.at(shard), end.at(shard)))
      return false;
  return true;
}

} // namespace

event_position later_of(const event_position& a, const event_position& b) noexcept {
  event_position out = a;
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    if (is_before(a.at(shard), b.at(shard)))
      out.set(shard, b.at(shard));
  return out;
}

/// Makes `end_` the end of a run.
result<void> drain_window::look(sqlite_database& database, std::uint64_t run) {
  const auto offsets = offsets_before_run(database, run + 1);
  if (!offsets)
    return offsets.failure();
  run_ = run;
  end_ = {};
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    end_.set(shard, {(*offsets)[shard], 0});
  return {};
}

result<std::optional<event_position>> drain_window::until(sqlite_database& database, const event_position& position) {
  const auto newest = newest_run(database);
  if (!newest)
    return newest.failure();
  if (run_ != 0 && run_ < *newest && !has_reached(position, end_))
    return std::optional(end_);
  if (run_ != 0 && run_ + 1 < *newest) { // most often the next
    if (auto looked = look(database, run_ + 1); !looked)
      return looked.failure();
    if (!has_reached(position, end_))
      return std::optional(end_);
  }
  // The first run of which something is lacking, the newest at the latest. What was passed stays passed.
  std::uint64_t first = std::max<std::uint64_t>(run_, 1);
  for (std::uint64_t last = *newest; first < last;) {
    const std::uint64_t middle = first + (last - first) / 2;
    if (auto looked = look(database, middle); !looked)
      return looked.failure();
    if (has_reached(position, end_))
      first = middle + 1;
    else
      last = middle;
  }
  if (first >= *newest) {
    run_ = *newest - std::min<std::uint64_t>(*newest, 1); // the end of the newest is not known while it goes on
    end_ = {};
    return std::optional<event_position>();
  }
  if (run_ != first)
    if (auto looked = look(database, first); !looked)
      return looked.failure();
  return std::optional(end_);
}

} // namespace gridtwin
