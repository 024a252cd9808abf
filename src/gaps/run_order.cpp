#include "src/gaps/run_order.hpp"

#include "src/store/journal_begin.hpp"

#include <string_view>

namespace gridtwin {

namespace {

constexpr std::string_view day_behind_sql = "SELECT min(day) FROM fragments WHERE day > ?1";
constexpr std::string_view day_before_sql = "SELECT max(day) FROM fragments WHERE day < ?1";

} // namespace

result<void> run_order::look(sqlite_database& database) {
  const auto newest = newest_run(database);
  if (!newest)
    return newest.failure();
  newest_ = static_cast<std::uint32_t>(*newest);
  return {};
}

result<std::int64_t> run_order::last_before(sqlite_database& database, std::uint32_t shard, std::uint32_t run) {
  const std::uint64_t key = std::uint64_t{run} << 32 | shard;
  if (const auto at = known_.find(key); at != known_.end())
    return at->second;
  const auto offset = offset_before_run(database, shard, run);
  if (!offset)
    return offset;
  if (known_.size() == kept_most)
    known_.clear();
  known_.emplace(key, *offset);
  return offset;
}

result<std::optional<utc_day>> day_steps::step(sqlite_database& database, utc_day from, bool forward) {
  auto& known = forward ? next_ : previous_;
  if (const auto at = known.find(from.number); at != known.end())
    return at->second;
  auto find = forward ? database.prepare(day_behind_sql) : database.prepare(day_before_sql);
  if (!find)
    return find.failure();
  std::optional<utc_day> day;
  if (find->bind(1, from.number).step())
    if (const auto number = find->optional_integer(0))
      day = utc_day{static_cast<std::int32_t>(*number)};
  if (find->failed())
    return database.failure("cannot read");
  known.emplace(from.number, day);
  return day;
}

} // namespace gridtwin
