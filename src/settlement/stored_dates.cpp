#include "src/settlement/stored_dates.hpp"

#include <set>
#include <utility>

namespace gridtwin {

namespace {

/// Which half hours of a day a transformer has any current value of, as bits.
result<std::uint64_t> slots_of(const store_cut& cut, transformer_index t, utc_day day, bool summarised) {
  std::string masks;
  if (summarised) {
    auto summary = cut.reader->day_summary(cut.topology->number_of[t.value], day);
    if (!summary)
      return summary.failure();
    if (*summary)
      masks = std::move((*summary)->masks);
  } else {
    transformer_day_reader readings(cut, t);
    if (auto loaded = readings.load(day); !loaded)
      return loaded.failure();
    masks = encode_masks(readings.twins(), day);
  }
  std::uint64_t out = 0;
  if (!decode_masks(masks, [&](twin_slot, quantity, std::uint64_t mask) { out |= mask; }))
    return error{errc::store_failed, "the store's summary of " + format_day(day) + " is damaged"};
  return out;
}

/// The half hours of a UTC day that belong to the local date of the same name; the others are of the date after it.
std::uint64_t slots_of_same_date(utc_day day) noexcept {
  std::uint64_t out = 0;
  for (int slot = 0; slot < periods_per_day; ++slot)
    if (days_from_civil(to_settlement_period(period_at(day, slot)).date) == day.number)
      out |= std::uint64_t{1} << slot;
  return out;
}

} // namespace

result<std::vector<civil_date>> stored_dates(const store_cut& cut, std::span<const utc_day> days) {
  const auto unfinished_days = cut.reader->days_to_summarise();
  if (!unfinished_days)
    return unfinished_days.failure();
  const std::set<std::pair<transformer_number, utc_day>> unfinished(unfinished_days->begin(), unfinished_days->end());
  store_cut whole = cut;
  whole.as_known_at.reset();
  constexpr std::uint64_t all_slots = (std::uint64_t{1} << periods_per_day) - 1;
  std::set<civil_date> out;
  for (const utc_day day : days) {
    const civil_date same = civil_from_days(day.number);
    const civil_date next = civil_from_days(day.number + 1);
    const std::uint64_t of_same = slots_of_same_date(day);
    bool next_found = of_same == all_slots; // the next date has nothing of this day
    bool same_found = out.contains(same);
    for (std::uint32_t t = 0; t < cut.topology->number_of.size() && !(same_found && next_found); ++t) {
      const auto slots = slots_of(whole, {t}, day, !unfinished.contains({cut.topology->number_of[t], day}));
      if (!slots)
        return slots.failure();
      same_found = same_found || (*slots & of_same) != 0;
      if (!next_found && (*slots & ~of_same) != 0) {
        next_found = true;
        out.insert(next);
      }
    }
    if (same_found)
      out.insert(same);
  }
  return std::vector<civil_date>(out.begin(), out.end());
}

} // namespace gridtwin
