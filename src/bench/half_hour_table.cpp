#include "src/bench/half_hour_table.hpp"

#include "src/store/transformer_day_reader.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace gridtwin {

namespace {

/// Whole local dates around all that is stored.
void span_dates(half_hour_table& table, utc_day first, utc_day last) {
  const civil_date first_date = to_settlement_period(period_at(first, 0)).date;
  const civil_date end_date =
    civil_from_days(days_from_civil(to_settlement_period(period_at(last, periods_per_day - 1)).date) + 1);
  table.first = *from_settlement_period({first_date, 1});
  table.half_hours = static_cast<std::size_t>(from_settlement_period({end_date, 1})->number - table.first.number);
}

void take_day(const meter_day& readings, utc_day day, const half_hour_table& table, half_hour_table::row& into) {
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const auto now = readings.current(slot);
    const auto position = table.position_of(period_at(day, slot));
    if (now && position && is_actual(now->content.quality) && now->content.wh >= 0)
      into.wh[*position] = now->content.wh;
  }
}

} // namespace

std::uint64_t half_hour_table::actuals() const noexcept {
  std::uint64_t out = 0;
  for (const row& r : rows)
    out += r.wh.size() - static_cast<std::size_t>(std::count(r.wh.begin(), r.wh.end(), none));
  return out;
}

result<half_hour_table> read_half_hours(store_view& view) {
  const estate& e = view.estate();
  if (view.days().empty())
    return error{errc::usage, "the store holds no readings: replay some into it first"};
  half_hour_table out;
  span_dates(out, view.days().front(), view.days().back());
  std::map<std::uint64_t, const connection*> last_of;
  for (const connection& c : e.connections) {
    const connection*& last = last_of[c.mpan.number];
    if ((c.quantities & mask_of(quantity::active_import)) != 0
        && (last == nullptr || last->effective.first <= c.effective.first))
      last = &c;
  }
  std::erase_if(last_of, [](const auto& entry) { return entry.second == nullptr; });
  if (last_of.size() > largest_half_hour_table / out.half_hours)
    return error{errc::usage, std::to_string(last_of.size()) + " meters with " + std::to_string(out.half_hours)
                                + " half hours each are more than the " + std::to_string(largest_half_hour_table)
                                + " that this command holds: replay a sample of the meters into a store of their own"};
  std::map<std::uint64_t, std::size_t> row_of;
  for (const auto& [number, c] : last_of) {
    row_of.emplace(number, out.rows.size());
    out.rows.push_back({c->mpan,
                        {e.transformers[e.transformer_of(*c).value].gsp_group, c->type, c->segment, c->domestic,
                         quantity::active_import},
                        std::vector<std::int64_t>(out.half_hours, half_hour_table::none)});
  }
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    transformer_day_reader reader(view.cut(), {t});
    for (const utc_day day : view.days_of({t})) {
      if (auto loaded = reader.load(day); !loaded)
        return loaded.failure();
      for (std::size_t place = 0; place < reader.size(); ++place)
        if (const meter_day* const readings = reader.twin(place).find(day, quantity::active_import))
          take_day(*readings, day, out, out.rows[row_of.at(reader.meter(place).mpan.number)]);
    }
  }
  return out;
}

} // namespace gridtwin
