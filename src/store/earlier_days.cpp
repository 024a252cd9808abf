#include "src/store/earlier_days.hpp"

#include <algorithm>
#include <vector>

namespace gridtwin {

result<std::optional<earlier_days>> earlier_days::after_run(store_reader& reader, std::uint32_t last_run,
                                                            std::int64_t known_at_s) {
  auto known = reader.known_by_run();
  if (!known)
    return known.failure();
  earlier_days out(last_run, known_at_s, std::move(*known));
  const bool any = std::any_of(out.known_by_run_.begin(), out.known_by_run_.end(),
                               [&](const auto& run) { return out.counts(run.first, run.second); });
  return any ? std::optional(std::move(out)) : std::optional<earlier_days>();
}

result<std::size_t> earlier_days::load(store_reader& reader, transformer_number t, utc_day day,
                                       const day_source::take& f) const {
  const auto records = reader.records_of(t, day);
  if (!records)
    return records.failure();
  std::vector<std::pair<record_id, fragment_origin>> before;
  bool changed = false;
  for (const record_id record : *records) {
    const auto run = reader.run_of(record);
    if (!run)
      return run.failure();
    const auto known = known_by_run_.find(*run);
    const fragment_origin from{*run, known == known_by_run_.end() ? known_time{} : known->second};
    if (*run <= last_run_)
      before.emplace_back(record, from);
    changed = changed || counts(*run, from.known);
  }
  if (!changed) // fragments are read much sooner
    return reader.load(t, day, f);
  for (const auto& [record, from] : before) {
    const auto held = reader.journal_readings(record, t);
    if (!held)
      return held.failure();
    for (const stored_reading& r : held->readings)
      if (r.day == day)
        f(r, from);
  }
  return before.size();
}

} // namespace gridtwin
