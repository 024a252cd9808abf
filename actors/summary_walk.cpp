#include "actors/summary_walk.hpp"

#include "actors/held_day.hpp"
#include "src/store/bytes.hpp"
#include "src/store/day_summary.hpp"
#include "twins/bounds.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

namespace gridtwin {

namespace {

std::span<const twin_slot> slots_of(const run_context& run, const connection_range& connections) {
  return std::span(run.topology->slot_of).subspan(connections.first, connections.count);
}

} // namespace

summary_walk::summary_walk(const run_context& run, transformer_index t, hosted_twins& twins, open_days& days)
  : run_(&run), number_(run.topology->number_of[t.value]), transformer_(t),
    connections_(connections_of(*run.estate, t)), twins_(&twins), days_(&days), at_(days.days().begin()),
    sorter_(*run.estate, t, slots_of(run, connections_)), basis_(sorter_.basis_of(run.topology->slots_in[t.value])),
    missing_(connections_.count) {
  report_.transformer = t;
  std::vector<connection_index> connections;
  for (std::uint32_t place = 0; place < connections_.count; ++place)
    connections.push_back({connections_.first + place});
  gaps_ = std::make_unique<gap_scan>(*run.estate, connections, [this](const meter_gap& g) {
    missing_[g.connection.value - connections_.first] += g.missing.periods();
    const mpan meter = run_->estate->connections[g.connection.value].mpan;
    if (std::binary_search(run_->meters_across.begin(), run_->meters_across.end(), meter))
      return; // counted for the whole estate, when the run ends
    ++counted_.gaps;
    counted_.periods += g.missing.periods();
  });
}

std::shared_ptr<summary_part::content> summary_walk::next() {
  auto out = std::make_shared<summary_part::content>();
  out->transformer = transformer_;
  out->summary.transformer = number_;
  std::size_t bytes = 0;
  for (; at_ != days_->days().end(); ++at_) {
    auto& [day, state] = *at_;
    // Only before a day that adds something: the counts must be durable with the last of the days that changed them.
    if (state.touched && bytes >= bounds::summary_bytes_in_part)
      return out;
    const auto masks = masks_of(day, state, *out);
    const bool good = masks && decode_masks(*masks, [&](twin_slot slot, quantity q, std::uint64_t mask) {
                        if (const auto place = days_->place_of(slot))
                          gaps_->add(*place, q, mask);
                      });
    if (!good) {
      out->failure = !masks ? masks.failure()
                            : error{errc::store_failed, "the store's summary of " + format_day(day) + " is damaged"};
      return out;
    }
    gaps_->end_day(day);
    bytes += masks->size() + (out->summary.days.empty() ? 0 : out->summary.days.back().merged.size());
    days_->release_day(day, *twins_);
  }
  finish(*out);
  return out;
}

void summary_walk::finish(summary_part::content& out) {
  for (std::uint32_t place = 0; place < connections_.count; ++place) {
    const twin_counters counts = twins_->counters(place);
    const std::uint64_t faults = std::uint64_t{counts.duplicates} + counts.conflicts + counts.refused + missing_[place];
    if (faults != 0)
      report_.faults.push_back({{connections_.first + place}, faults});
  }
  out.summary.counted = counted_;
  out.report = std::move(report_);
  out.finished = true;
}

/// The masks of a day: made now, with the rest of its summary, if the day has changed; else as they are stored.
result<std::string> summary_walk::masks_of(utc_day day, open_days::day_state& state, summary_part::content& out) {
  if (!state.touched)
    return state.stored() ? run_->days->masks(number_, day) : result<std::string>(std::string());
  auto summary = summarise(day, state);
  if (!summary)
    return summary.failure();
  std::string masks = summary->masks;
  summary->masks = pack(masks);
  out.summary.days.push_back(std::move(*summary));
  return masks;
}

result<day_summary> summary_walk::summarise(utc_day day, open_days::day_state& state) {
  if (auto opened = days_->open_all(day, *twins_); !opened)
    return opened.failure();
  const auto loads = days_->loads(day);
  if (!loads)
    return loads.failure();
  if (auto whole = check_loads(day, **loads); !whole)
    return whole.failure();
  note_peak(day, **loads);
  const std::span slots = slots_of(*run_, connections_);
  const std::vector<const meter_twin*> held = twins_->all();
  const transformer_twins twins{transformer_, twins_->meters(), held, slots};
  day_summary out;
  out.day = day;
  out.nodes = pack(encode_nodes(hash_day(*run_->estate, twins, day, run_->key)));
  out.masks = encode_masks(twins, day);
  out.shapes = shapes_of(day, state, twins);
  if (!state.other_known && state.fragments >= open_days::merge_at) {
    out.merged = pack(encode_held_day(*twins_, slots, day, held_part::all));
    state.fragments = 1;
  }
  state.touched = false;
  return out;
}

std::string summary_walk::shapes_of(utc_day day, const open_days::day_state& state,
                                    const transformer_twins& twins) const {
  kept_shapes out{basis_, state.known_by_s, sorter_.parts_of(twins, day)};
  // What the run has added need not have been read again.
  if (!state.added.empty())
    if (const auto last = known_by(twins.twins, day, run_->known))
      out.known_by_s = std::max(out.known_by_s, *last);
  return pack(encode_shapes(out, day));
}

/// The loads were kept up to date reading by reading; now that the whole day is here, they must be its sums.
result<void> summary_walk::check_loads(utc_day day, const std::vector<day_load>& kept) const {
  const feeder_range feeders = feeders_of(*run_->estate, transformer_);
  std::vector<day_load> sums(feeders.count, day_load{});
  for (std::size_t place = 0; place < twins_->size(); ++place)
    add_meter(sums[twins_->feeder_of(place).value - feeders.first], twins_->at(place), day);
  if (sums == kept)
    return {};
  return error{errc::store_failed, "the loads of " + format_day(day)
                                     + " are not the sums of their readings: a defect of "
                                       "gridtwin; no figure of the day is published, please report it"};
}

void summary_walk::note_peak(utc_day day, const std::vector<day_load>& loads) {
  day_load sum{};
  for (const day_load& feeder : loads)
    sum += feeder;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const half_hour_load& cell = sum[static_cast<std::size_t>(slot)];
    const std::int64_t net = cell.import_wh - cell.export_wh;
    if (cell.reported == 0 || (report_.peak && std::abs(net) <= std::abs(report_.peak_wh)))
      continue;
    report_.peak = period_at(day, slot);
    report_.peak_wh = net;
  }
}

} // namespace gridtwin
