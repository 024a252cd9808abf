#include "src/settlement/known_days.hpp"

#include <algorithm>

namespace gridtwin {

known_day known_day_of(const meter_day& readings) noexcept {
  known_day out;
  const std::uint64_t occupied = readings.occupied_mask();
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const std::uint64_t here = std::uint64_t{1} << slot;
    if ((occupied & here) == 0)
      continue;
    const auto current = readings.current(slot);
    if (!current) {
      out.contradicted |= here;
      continue;
    }
    (is_actual(current->content.quality) ? out.actual : out.estimated) |= here;
    out.wh[static_cast<std::size_t>(slot)] = current->content.wh;
  }
  return out;
}

known_days::known_days(const store_cut& cut, transformer_index t) : reader_(cut, t) {}

void known_days::want(std::uint32_t place, quantity q) {
  const std::pair one(place, q);
  if (std::find(wanted_.begin(), wanted_.end(), one) != wanted_.end())
    return;
  wanted_.push_back(one);
  days_.clear();
}

const known_day* known_days::of(std::uint32_t place, quantity q, utc_day day) {
  const auto [at, fresh] = days_.try_emplace(day);
  if (fresh) {
    if (auto loaded = reader_.load(day); !loaded && outcome_)
      outcome_ = std::move(loaded);
    for (const auto& [wanted, of] : wanted_)
      if (const meter_day* const readings = reader_.twin(wanted).find(day, of))
        at->second.emplace(key_of(wanted, of), known_day_of(*readings));
  }
  const auto found = at->second.find(key_of(place, q));
  return found == at->second.end() ? nullptr : &found->second;
}

void known_days::write_to(byte_writer& out) const {
  for (const auto& [day, of_day] : days_) {
    out.signed_number(day.number);
    out.number(of_day.size());
    for (const auto& [place, q] : wanted_) {
      const auto found = of_day.find(key_of(place, q));
      if (found == of_day.end())
        continue;
      const known_day& known = found->second;
      out.number(found->first);
      out.number(known.actual);
      out.number(known.estimated);
      out.number(known.contradicted);
      for (std::size_t slot = 0; slot < known.wh.size(); ++slot)
        if (((known.actual | known.estimated) >> slot & 1U) != 0)
          out.signed_number(known.wh[slot]);
    }
  }
}

} // namespace gridtwin
