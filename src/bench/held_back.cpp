#include "src/bench/held_back.hpp"

#include "sim/random_streams.hpp"
#include "twins/counter_random.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

/// Nothing that is held back may change what it is estimated from by much.
constexpr std::size_t least_share = 10;

error too_few(std::uint32_t wanted, std::size_t there) {
  return {errc::usage, std::to_string(wanted) + " half hours are more than a tenth of the " + std::to_string(there)
                         + " that could be held back: ask for fewer with --count"};
}

/// Runs through `of` in an order of the seed, until `f` says false.
template <class Value, class F>
void for_each_shuffled(std::vector<Value>& of, std::uint64_t seed, F&& f) {
  const std::uint64_t key = key_of(seed, random_stream::held_back);
  for (std::size_t i = 0; i < of.size(); ++i) {
    const auto rest = static_cast<std::uint32_t>(of.size() - i);
    std::swap(of[i], of[i + below(draw(key, i), rest)]);
    if (!f(of[i]))
      return;
  }
}

/// A local date of a meter.
struct whole_date {
  held_half_hour first;
  std::uint32_t half_hours = 0;
};

} // namespace

result<std::vector<held_half_hour>> hold_back_single(const half_hour_table& table, std::uint32_t count,
                                                     std::uint64_t seed) {
  std::vector<held_half_hour> all;
  for (std::uint32_t row = 0; row < table.rows.size(); ++row)
    for (std::uint32_t position = 0; position < table.half_hours; ++position)
      if (table.rows[row].wh[position] != half_hour_table::none)
        all.push_back({row, position});
  if (all.size() / least_share < count)
    return too_few(count, all.size());
  std::vector<held_half_hour> out;
  for_each_shuffled(all, seed, [&](const held_half_hour& h) {
    out.push_back(h);
    return out.size() < count;
  });
  std::sort(out.begin(), out.end());
  return out;
}

result<std::vector<held_half_hour>> hold_back_dates(const half_hour_table& table, std::uint32_t count,
                                                    std::uint64_t seed) {
  std::vector<whole_date> all;
  std::size_t half_hours = 0;
  for (std::uint32_t position = 0; position < table.half_hours;) {
    const civil_date date = to_settlement_period(table.at(position)).date;
    const auto periods = static_cast<std::uint32_t>(settlement_periods_of(date));
    for (std::uint32_t row = 0; row < table.rows.size(); ++row) {
      const auto begin = table.rows[row].wh.begin() + position;
      if (std::find(begin, begin + periods, half_hour_table::none) != begin + periods)
        continue;
      all.push_back({{row, position}, periods});
      half_hours += periods;
    }
    position += periods;
  }
  if (half_hours / least_share < count)
    return too_few(count, half_hours);
  std::vector<held_half_hour> out;
  for_each_shuffled(all, seed, [&](const whole_date& d) {
    for (std::uint32_t i = 0; i < d.half_hours; ++i)
      out.push_back({d.first.row, d.first.position + i});
    return out.size() < count;
  });
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace gridtwin
