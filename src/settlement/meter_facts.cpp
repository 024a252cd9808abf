#include "src/settlement/meter_facts.hpp"

#include <string>
#include <utility>

namespace gridtwin {

estimation_sources::place_in estimation_sources::place_of(connection_index c) const {
  const estate& e = *job_->estate;
  const transformer_index t = e.transformer_of(e.connections[c.value]);
  return {t, c.value - connections_of(e, t).first};
}

known_days& estimation_sources::days_of(transformer_index t) {
  auto& days = days_[t];
  if (!days)
    days = std::make_unique<known_days>(cut_, t);
  return *days;
}

void estimation_sources::want(connection_index c, quantity q) {
  const place_in at = place_of(c);
  days_of(at.transformer).want(at.place, q);
}

const known_day* estimation_sources::day_of(connection_index c, quantity q, utc_day day) {
  const place_in at = place_of(c);
  return days_of(at.transformer).of(at.place, q, day);
}

const shape_totals& estimation_sources::annual_totals(const shape_category& category, utc_day last) {
  const auto [at, fresh] = annual_.try_emplace({category, last});
  if (fresh)
    at->second = job_->shapes->annual_totals(category, last);
  return at->second;
}

const shape_totals& estimation_sources::seven_day_totals(const shape_category& category, utc_day last) {
  const auto [at, fresh] = seven_days_.try_emplace({category, last});
  if (fresh)
    at->second = job_->shapes->seven_day_totals(category, last);
  return at->second;
}

digest estimation_sources::days() const {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& [t, days] : days_) {
    out.number(t.value);
    days->write_to(out);
  }
  return sha256(bytes);
}

result<void> estimation_sources::outcome() const {
  for (const auto& [t, days] : days_)
    if (!days->outcome())
      return days->outcome();
  return {};
}

meter_facts::meter_facts(estimation_sources& sources, connection_index one, quantity q)
  : sources_(&sources), one_(one), quantity_(q), rows_(sources.job().rows_of(one)) {
  const settlement_job& job = sources.job();
  const mpan meter = row(one).mpan;
  for (const auto& read : settlement_inputs::of(job.inputs->registers, meter, q))
    if (read.value.at_s <= job.known_at_s) // a read is known when it is taken
      reads_.push_back(read.value);
  for (const auto& figure : settlement_inputs::of(job.inputs->annual, meter, q))
    annual_.push_back(figure.value);
}

std::optional<connection_index> meter_facts::row_at(period p) const noexcept {
  for (const connection_index c : rows_)
    if (row(c).effective.contains(p))
      return c;
  return std::nullopt;
}

const known_day* meter_facts::day_at(period p) const {
  const auto c = row_at(p);
  if (!c)
    return nullptr;
  const utc_day day = p.day();
  recent_day& recent = recent_[static_cast<std::uint32_t>(day.number) % recent_.size()];
  if (recent.day != day || recent.row != *c)
    recent = {day, *c, sources_->day_of(*c, quantity_, day)};
  return recent.known;
}

std::optional<std::int64_t> meter_facts::actual_at(period p) const {
  const known_day* const day = day_at(p);
  if (day == nullptr || (day->actual >> p.slot() & 1U) == 0)
    return std::nullopt;
  return day->wh[static_cast<std::size_t>(p.slot())];
}

std::optional<std::int64_t> meter_facts::received_estimate_at(period p) const {
  const known_day* const day = day_at(p);
  if (day == nullptr || (day->estimated >> p.slot() & 1U) == 0)
    return std::nullopt;
  return day->wh[static_cast<std::size_t>(p.slot())];
}

bool meter_facts::contradicted_at(period p) const {
  const known_day* const day = day_at(p);
  return day != nullptr && (day->contradicted >> p.slot() & 1U) != 0;
}

bool meter_facts::refused_at(period p) const {
  return contradicted_at(p) || sources_->job().refusal_of(row(one_).mpan, quantity_, p);
}

bool meter_facts::energised_at(period p) const {
  const auto c = row_at(p);
  return c && row(*c).energised;
}

shape_category meter_facts::category_of(connection_index c) const {
  const estate& e = *sources_->job().estate;
  const connection& meter = row(c);
  return {e.transformers[e.transformer_of(meter).value].gsp_group, meter.type, meter.segment, meter.domestic,
          quantity_};
}

shape_value meter_facts::shape_at(period p) const {
  const published_shape& day = sources_->job().shapes->shape(category_of(row_at(p).value_or(one_)), p.day());
  return day[static_cast<std::size_t>(p.slot())];
}

shape_totals meter_facts::annual_shape_totals(utc_day last) const {
  return sources_->annual_totals(category_of(one_), last);
}

shape_totals meter_facts::seven_day_shape_totals(utc_day last) const {
  return sources_->seven_day_totals(category_of(one_), last);
}

/// A bank holiday: a day from Monday to Friday on which nobody works.
bool meter_facts::is_holiday(const civil_date& local_date) const {
  return day_kind_of(local_date, false) == day_kind::monday_to_friday && sources_->job().holidays->known(local_date)
         && !sources_->job().holidays->is_working(local_date);
}

} // namespace gridtwin
