#include "src/load/load_plan.hpp"

#include "twins/counter_random.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

/// Below what any meter's rules refuse.
constexpr std::uint32_t usual_most_wh = 1500;
constexpr double microseconds_a_second = 1e6;

} // namespace

load_plan::load_plan(std::vector<mpan> meters, utc_day first, load_form form, std::uint64_t seed, double messages_per_s,
                     std::uint64_t messages)
  : meters_(std::move(meters)), first_(first), form_(form), seed_(seed),
    messages_per_us_(messages_per_s / microseconds_a_second), messages_(messages) {
  places_.reserve(meters_.size());
  for (std::uint32_t i = 0; i < meters_.size(); ++i)
    places_.emplace(meters_[i].number, i);
}

std::uint32_t load_plan::readings_a_message() const noexcept { return form_ == load_form::day ? periods_per_day : 1; }

submitted_reading load_plan::reading(std::uint64_t number) const noexcept {
  const std::uint64_t message = number / readings_a_message();
  const auto turn = static_cast<std::int32_t>(message / meters_.size());
  submitted_reading out;
  out.meter = meters_[message % meters_.size()];
  if (form_ == load_form::day)
    out.period = period_at({first_.number + turn}, static_cast<int>(number % periods_per_day));
  else
    out.period = {period_at(first_, 0).number + turn};
  out.content.wh =
    below(draw(seed_, out.meter.number ^ static_cast<std::uint64_t>(out.period.number) << 44), usual_most_wh);
  return out;
}

std::optional<std::uint64_t> load_plan::number_of(mpan meter, period at) const {
  const auto place = places_.find(meter.number);
  const std::int64_t since = std::int64_t{at.number} - period_at(first_, 0).number;
  if (place == places_.end() || since < 0)
    return std::nullopt;
  const auto half_hours = static_cast<std::uint64_t>(since);
  const std::uint64_t turn = form_ == load_form::day ? half_hours / periods_per_day : half_hours;
  const std::uint64_t message = turn * meters_.size() + place->second;
  const std::uint64_t number =
    message * readings_a_message() + (form_ == load_form::day ? half_hours % periods_per_day : 0);
  return message < messages_ ? std::optional(number) : std::nullopt;
}

std::int64_t load_plan::due_us(std::uint64_t number) const noexcept {
  return static_cast<std::int64_t>(static_cast<double>(number / readings_a_message()) / messages_per_us_);
}

std::uint64_t load_plan::due_by(std::int64_t since_us) const noexcept {
  if (since_us < 0)
    return 0;
  const auto due = static_cast<std::uint64_t>(static_cast<double>(since_us) * messages_per_us_) + 1; // the first at 0
  return std::min(due, messages_) * readings_a_message();
}

} // namespace gridtwin
