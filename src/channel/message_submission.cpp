#include "src/channel/message_submission.hpp"

#include "src/messages/json_places.hpp"
#include "src/messages/message_checks.hpp"
#include "twins/hash.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::size_t most_entries = message_days_limit * periods_in_message_day_limit;
constexpr int entry_bits = 14;
static_assert(most_entries < std::size_t{1} << entry_bits);

std::uint64_t first_number_of(std::string_view text) noexcept {
  constexpr std::size_t hash_bytes = 5;
  const digest hash = sha256(text);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < hash_bytes; ++i)
    bits = bits << 8 | hash[i];
  return (bits >> 1 << entry_bits) + 1;
}

/// The half hour that an instant ends or lies in; the first one where none could be stored.
period period_of(std::int64_t end_s) noexcept {
  const std::int64_t number = (end_s + seconds_per_period - 1) / seconds_per_period;
  const bool storable = number >= first_storable_period.number && number <= last_storable_period.number;
  return storable ? period{static_cast<std::int32_t>(number)} : first_storable_period;
}

} // namespace

submission submission_of(const if021_message& m, std::string_view text, std::string sender, std::uint16_t version) {
  submission out{std::move(sender), first_number_of(text), {}};
  const auto objections = objections_to(m);
  std::vector<text_place> places; // found when the first is refused
  out.readings.reserve(objections.size());
  for (const consumption_day& day : m.consumption.days)
    for (const consumption_entry& e : day.entries) {
      const auto number = static_cast<std::uint32_t>(out.readings.size());
      out.readings.push_back({m.consumption.mpan, m.consumption.quantity, period_of(e.end_s), version, e.content});
      const verdict v = objections[number];
      if (!is_of_message(v))
        continue;
      if (places.empty())
        places = objects_within(text, half_hour_depth, 0, most_entries);
      refused_reading& refused = out.refusals.emplace_back();
      refused.index = number;
      refused.verdict = v;
      if (v != verdict::unparseable && !breaks_off_grid(e.end_s))
        refused.period_end = format_instant(e.end_s);
      refused.detail = objection_text(v, m);
      if (number < places.size())
        refused.raw = text.substr(places[number].offset, places[number].size);
    }
  return out;
}

} // namespace gridtwin
