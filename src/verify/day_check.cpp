#include "src/verify/day_check.hpp"

#include "src/store/day_summary.hpp"
#include "twins/load.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

namespace gridtwin {

namespace {

const estate_key public_key{};

std::int64_t total(const std::array<std::int64_t, periods_per_day>& wh) noexcept {
  return std::accumulate(wh.begin(), wh.end(), std::int64_t{0});
}

bool same_node(const std::optional<day_node>& a, const std::optional<day_node>& b) noexcept {
  if (!a || !b)
    return a.has_value() == b.has_value();
  return a->hash == b->hash && a->wh == b->wh && a->meters == b->meters && a->periods == b->periods;
}

} // namespace

void day_check::fault(utc_day day, std::string what) {
  faults_->add("transformer " + cut_.estate->transformers[transformer_.value].id + " on " + format_day(day),
               std::move(what));
}

result<reading_sum> day_check::check(const kept_day& kept) {
  reading_sum sum;
  const transformer_number number = cut_.topology->number_of[transformer_.value];
  const auto loaded =
    reader_.load(kept.day, [&](std::uint32_t, const stored_reading& r, std::int64_t) { sum.add(number, r); });
  if (!loaded)
    return loaded.failure();
  bool contradicted = false;
  const wh_by_quantity meters = sum_meters(kept.day, contradicted);
  if (contradicted != kept.contradicted)
    fault(kept.day,
          contradicted ? "has contradicting readings and is not marked so" : "is marked as contradicted and is not");
  for (const quantity q : quantities_by_name)
    if (const std::int64_t wh = total(meters[index_of(q)]); wh != 0)
      energy_[{kept.day.number, q}] += wh;
  if (auto checked = check_loads(kept.day, meters); !checked)
    return checked.failure();
  if (kept.summarised)
    if (auto checked = check_summary(kept.day, meters); !checked)
      return checked.failure();
  return sum;
}

/// Reading by reading, on a way that the roll-up does not take.
day_check::wh_by_quantity day_check::sum_meters(utc_day day, bool& contradicted) {
  wh_by_quantity out{};
  for (std::size_t place = 0; place < reader_.size(); ++place)
    reader_.twin(place).days().for_each_of(day, [&](const open_day& held) {
      auto& wh = out[index_of(held.quantity)];
      for (int slot = 0; slot < periods_per_day; ++slot)
        if (const auto now = held.readings.current(slot))
          wh[static_cast<std::size_t>(slot)] += now->content.wh;
      held.readings.for_each_conflict([&](int, std::uint16_t, const content&) { contradicted = true; });
    });
  return out;
}

result<void> day_check::check_loads(utc_day day, const wh_by_quantity& meters) {
  const estate& e = *cut_.estate;
  const feeder_range feeders = feeders_of(e, transformer_);
  std::vector<day_load> anew(feeders.count);
  for (std::size_t place = 0; place < reader_.size(); ++place)
    add_meter(anew[reader_.meter(place).feeder.value - feeders.first], reader_.twin(place), day);
  const auto kept = cut_.reader->loads(cut_.topology->number_of[transformer_.value], day);
  if (!kept)
    return kept.failure();
  day_load all{};
  for (const feeder_day_load& one : *kept)
    all += one.load;
  for (std::uint32_t f = 0; f < feeders.count; ++f) {
    const std::string& id = e.feeders[feeders.first + f].id;
    const auto at = std::find_if(kept->begin(), kept->end(), [&](const auto& one) { return one.feeder == id; });
    if (anew[f] != (at == kept->end() ? day_load{} : at->load))
      fault(day, "what feeder " + id + " carried is not the sum of its meters");
  }
  for (std::size_t slot = 0; slot < all.size(); ++slot)
    if (all[slot].import_wh != meters[index_of(quantity::active_import)][slot]
        || all[slot].export_wh != meters[index_of(quantity::active_export)][slot]) {
      fault(day, "its feeders do not carry what its meters do in the half hour that ends at "
                   + format_period(period_at(day, static_cast<int>(slot))));
      break;
    }
  return {};
}

result<void> day_check::check_summary(utc_day day, const wh_by_quantity& meters) {
  const auto summary = cut_.reader->day_summary(cut_.topology->number_of[transformer_.value], day);
  if (!summary)
    return summary.failure();
  transformer_nodes kept{};
  if (!*summary || !decode_nodes((*summary)->nodes, kept)) {
    fault(day, *summary ? "its summary is damaged" : "its summary is missing");
    return {};
  }
  const transformer_nodes anew = hash_day(*cut_.estate, reader_.twins(), day, public_key);
  for (const quantity q : quantities_by_name) {
    if (!same_node(kept[index_of(q)], anew[index_of(q)]))
      fault(day, "its node in the hash tree of " + std::string(name_of(q)) + " is not that of its readings");
    if (anew[index_of(q)] && anew[index_of(q)]->wh != meters[index_of(q)])
      fault(day, "its node in the hash tree of " + std::string(name_of(q)) + " does not sum up its meters");
  }
  if ((*summary)->masks != encode_masks(reader_.twins(), day))
    fault(day, "the half hours that it is said to have are not those of its readings");
  return {};
}

} // namespace gridtwin
