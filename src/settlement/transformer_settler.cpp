#include "src/settlement/transformer_settler.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gridtwin {

std::string_view name_of(missing_cause c) noexcept {
  constexpr std::array<std::string_view, 5> names{"not-received", "contradicted", "refused", "received-estimate",
                                                  "de-energised"};
  return names[static_cast<std::size_t>(c)];
}

std::string_view name_of(change_cause c) noexcept {
  constexpr std::array<std::string_view, change_cause_count> names{
    "actual-for-estimate", "actual-corrected",  "estimate-for-actual",  "estimate-changed",
    "new-half-hour",       "no-longer-settled", "correction-back-dated"};
  return names[index_of(c)];
}

namespace {

estimation_subject subject_of(const connection& meter, quantity q, const rule_limits& limits) {
  return {q, meter.segment, meter.type, limits.of(meter.type, meter.segment).maximum_wh};
}

/// `back_dated`: the run before would have settled `after`, had it been told.
std::optional<change_cause> cause_of(const content& before, const content& after, bool back_dated) noexcept {
  const bool was = is_actual(before.quality);
  const bool is = is_actual(after.quality);
  if (was != is)
    return is ? change_cause::actual_for_estimate : change_cause::estimate_for_actual;
  if (before.wh == after.wh)
    return std::nullopt;
  if (back_dated)
    return change_cause::correction_back_dated;
  return is ? change_cause::actual_corrected : change_cause::estimate_changed;
}

} // namespace

transformer_settler::transformer_settler(const settlement_job& job, store_reader& reader)
  : job_(&job), reader_(&reader), periods_(job.periods()), calendar_(history_span_of(*job.estimation)) {}

store_cut transformer_settler::cut_at(std::int64_t known_at_s, const earlier_days* as_stood) const {
  return {reader_, job_->estate, job_->topology, known_at_s, as_stood};
}

void transformer_settler::begin_series(transformer_index t) {
  series_.clear();
  const connection_range range = connections_of(*job_->estate, t);
  for (std::uint32_t i = 0; i < range.count; ++i) {
    const connection& meter = job_->estate->connections[range.first + i];
    for (const quantity q : quantities_by_name) {
      if ((meter.quantities & mask_of(q)) == 0)
        continue;
      settled_series series{{range.first + i}, q, {}, {}, {}};
      for (std::size_t place = 0; place < periods_.size(); ++place)
        if (meter.effective.contains(periods_[place]))
          series.half_hours.push_back({static_cast<std::uint8_t>(place), {}, 0});
      if (!series.half_hours.empty())
        series_.push_back(std::move(series));
    }
  }
}

result<transformer_settler::current_values> transformer_settler::read_currents(transformer_index t,
                                                                               const store_cut& cut) {
  current_values out(series_.size() * periods_.size());
  const std::uint32_t first = connections_of(*job_->estate, t).first;
  transformer_day_reader days(cut, t);
  for (std::size_t from = 0; from < periods_.size();) {
    const utc_day day = periods_[from].day();
    std::size_t end = from;
    while (end < periods_.size() && periods_[end].day() == day)
      ++end;
    if (auto loaded = days.load(day); !loaded)
      return loaded.failure();
    for (std::size_t i = 0; i < series_.size(); ++i)
      if (const meter_day* const held = days.twin(series_[i].connection.value - first).find(day, series_[i].quantity))
        for (std::size_t place = from; place < end; ++place)
          out[i * periods_.size() + place] = held->current(periods_[place].slot());
    from = end;
  }
  return out;
}

void transformer_settler::estimate_rest(settled_series& series, const std::vector<period>& missing,
                                        estimation_sources& sources) {
  const connection& meter = job_->estate->connections[series.connection.value];
  const meter_facts facts(sources, series.connection, series.quantity);
  std::vector<estimate> made =
    estimate_missing(subject_of(meter, series.quantity, job_->limits), missing, facts, *job_->estimation, calendar_);
  std::size_t at = 0; // of the half hours and of what was made, both ascending
  for (settled_estimate& e : series.estimates) {
    if (e.cause == missing_cause::received_estimate)
      continue;
    const period p = periods_[e.place];
    estimate& mine = made[at++];
    if (mine.method == estimation_method::de_energised)
      e.cause = missing_cause::de_energised;
    else if (facts.contradicted_at(p))
      e.cause = missing_cause::contradicted;
    else if ((e.refusal = job_->refusal_of(meter.mpan, series.quantity, p)))
      e.cause = missing_cause::refused;
    series.half_hours[e.place - series.half_hours.front().place].content = mine.content;
    e.made = std::move(mine);
  }
}

void transformer_settler::fill(const current_values& now, settled_transformer& out) {
  for (std::size_t i = 0; i < out.series.size(); ++i) {
    settled_series& series = out.series[i];
    for (settled_half_hour& h : series.half_hours) {
      const auto& current = now[i * periods_.size() + h.place];
      if (current) {
        h.content = current->content;
        h.version = current->version;
      }
      if (!current)
        series.estimates.push_back({h.place, missing_cause::not_received, {}, {}});
      else if (!is_actual(current->content.quality))
        series.estimates.push_back({h.place, missing_cause::received_estimate, {}, {}});
    }
  }
}

result<void> transformer_settler::compare_with_previous(settled_transformer& out) {
  const std::int64_t gate_s = job_->previous->known_at_s;
  const auto told_since = read_currents(out.transformer, cut_at(gate_s));
  if (!told_since)
    return told_since.failure();
  if (!job_->previous_days) {
    compare(*told_since, *told_since, out);
    return {};
  }
  const auto before = read_currents(out.transformer, cut_at(gate_s, &*job_->previous_days));
  if (!before)
    return before.failure();
  compare(*before, *told_since, out);
  return {};
}

/// What the run before settled: its estimate where it recorded one; else what was current at its gate, of what had been
/// added by then. `told_since`: what is said today to have been current at its gate.
void transformer_settler::compare(const current_values& before, const current_values& told_since,
                                  settled_transformer& out) const {
  const auto& estimates = job_->previous->estimates;
  for (std::size_t i = 0; i < out.series.size(); ++i) {
    settled_series& series = out.series[i];
    const mpan meter = job_->estate->connections[series.connection.value].mpan;
    const auto key_at = [&](const settled_half_hour& h) {
      return std::tuple(meter, series.quantity, periods_[h.place]);
    };
    auto at = std::lower_bound(estimates.begin(), estimates.end(), key_at(series.half_hours.front()),
                               [](const recorded_estimate& e, const auto& key) { return e.key() < key; });
    for (const settled_half_hour& h : series.half_hours) {
      while (at != estimates.end() && at->key() < key_at(h))
        ++at;
      const auto& current = before[i * periods_.size() + h.place];
      const auto& told = told_since[i * periods_.size() + h.place];
      const bool estimated = at != estimates.end() && at->key() == key_at(h);
      if (!estimated && !current) {
        series.changes.push_back({h.place, change_cause::new_half_hour, 0, h.content.wh});
        continue;
      }
      const content& settled = estimated ? at->content : current->content;
      const bool back_dated = !estimated && told && told->content == h.content;
      if (const auto cause = cause_of(settled, h.content, back_dated))
        series.changes.push_back({h.place, *cause, settled.wh, h.content.wh});
    }
  }
}

result<settled_transformer> transformer_settler::settle(transformer_index t) {
  begin_series(t);
  const auto now = read_currents(t, cut_at(job_->known_at_s));
  if (!now)
    return now.failure();
  settled_transformer out{t, series_, {}};
  fill(*now, out);
  estimation_sources sources(*job_, cut_at(job_->known_at_s));
  std::vector<std::vector<period>> missing(out.series.size());
  for (std::size_t i = 0; i < out.series.size(); ++i) {
    for (const settled_estimate& e : out.series[i].estimates)
      if (e.cause != missing_cause::received_estimate)
        missing[i].push_back(periods_[e.place]);
    if (!missing[i].empty()) // all of them before the first is asked for, so that each day is read once
      for (const connection_index row : job_->rows_of(out.series[i].connection))
        sources.want(row, out.series[i].quantity);
  }
  for (std::size_t i = 0; i < out.series.size(); ++i)
    if (!missing[i].empty())
      estimate_rest(out.series[i], missing[i], sources);
  if (auto read = sources.outcome(); !read)
    return read.failure();
  out.estimated_from = sources.days();
  if (job_->previous)
    if (auto compared = compare_with_previous(out); !compared)
      return compared.failure();
  return out;
}

} // namespace gridtwin
