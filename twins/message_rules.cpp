#include "twins/message_rules.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t seconds_per_minute = 60;
constexpr std::int64_t minutes_per_day = 24 * 60;

/// An entry where it stands in its message, with the time that it covers.
struct placed_entry {
  std::int64_t start_s = 0;
  std::int64_t end_s = 0;
  const consumption_entry* entry = nullptr;
  std::uint32_t number = 0; ///< in the order of the message
};

bool is_storable(std::int64_t end_s) noexcept { return end_s > 0 && end_s <= last_storable_period.end_s(); }

/// An entry that lasts no time, or longer than a day, is refused for it and covers nothing.
std::vector<placed_entry> place(const consumption_message& message) {
  std::vector<placed_entry> out;
  for (const consumption_day& day : message.days)
    for (const consumption_entry& e : day.entries) {
      const bool lasts = day.duration_minutes > 0 && day.duration_minutes <= minutes_per_day && is_storable(e.end_s);
      out.push_back({lasts ? e.end_s - day.duration_minutes * seconds_per_minute : e.end_s, e.end_s, &e,
                     static_cast<std::uint32_t>(out.size())});
    }
  return out;
}

/// Verdicts that the entries of a message give each other.
struct mutual_faults {
  std::vector<bool> duplicate;
  std::vector<bool> overlap;
};

/// The row whose range holds the half hour, or the nearest before it, or the first.
std::uint32_t row_of(std::span<const connection> rows, period p) noexcept {
  std::uint32_t at = 0;
  while (at + 1 < rows.size() && rows[at + 1].effective.first <= p.number)
    ++at;
  return at;
}

bool is_appointed(const message_context& context, period p) noexcept {
  return !context.appointed
         || std::any_of(context.appointed->begin(), context.appointed->end(),
                        [p](const period_range& range) { return range.contains(p); });
}

/// What is the same for all entries of a day.
struct day_faults {
  bool duration = false;
  bool not_midnight = false;
  bool start_labelled = false;
};

/// Groups 1 to 5 of the contract: what an entry's times come to.
std::optional<verdict> time_fault(const consumption_day& day, const consumption_entry& e, const day_faults& of_day,
                                  const mutual_faults& faults, std::uint32_t number) noexcept {
  if (breaks_off_grid(e.end_s))
    return verdict::off_grid;
  // An end that is on the grid but of another day is no end of this day's half hours: we take ECS1005 to mean that,
  // too. The first of a start-labelled day is such a one; it goes with its day.
  const period p{static_cast<std::int32_t>(e.end_s / seconds_per_period)};
  const bool of_its_day = day.day_s < p.end_s() && p.end_s() <= day.day_s + periods_per_day * seconds_per_period;
  if (!of_its_day && !of_day.not_midnight && !of_day.start_labelled)
    return verdict::off_grid;
  if (of_day.duration)
    return verdict::duration;
  if (of_day.not_midnight)
    return verdict::day_not_midnight;
  if (faults.duplicate[number])
    return verdict::duplicate_in_message;
  if (faults.overlap[number])
    return verdict::overlap;
  if (of_day.start_labelled)
    return verdict::label_suspect;
  return std::nullopt;
}

/// Groups 6 to 9. The rules of the twin and those of the message take turns in the contract's order, which is that of
/// the verdicts: of the two that object first the earlier one counts.
std::optional<verdict> content_fault(const consumption_message& message, const consumption_entry& e,
                                     const message_context& context, const connection& row,
                                     const rule_limits& limits) noexcept {
  const reading r{message.quantity, {static_cast<std::int32_t>(e.end_s / seconds_per_period)}, 1, e.content};
  std::optional<verdict> of_message;
  if (breaks_wrong_event(message.event, message.quantity))
    of_message = verdict::wrong_event;
  else if (!is_appointed(context, r.period))
    of_message = verdict::not_appointed;
  else if (breaks_status(context.status, context.recordable))
    of_message = verdict::status;
  else if (breaks_before_connection(e.end_s, message.connection_from_s))
    of_message = verdict::before_connection;
  const auto of_twin = broken_rule(r, row, limits);
  return of_message && of_twin ? std::min(*of_message, *of_twin) : of_message ? of_message : of_twin;
}

} // namespace

bool are_starts_of_day(std::span<const int> minutes) noexcept {
  constexpr int minutes_per_period = 30;
  for (std::size_t i = 0; i < minutes.size(); ++i)
    if (minutes[i] != static_cast<int>(i) * minutes_per_period)
      return false;
  return minutes.size() == periods_per_day;
}

std::vector<bool> duplicates_in(const consumption_message& message) {
  std::vector<placed_entry> entries = place(message);
  std::vector<bool> out(entries.size());
  std::sort(entries.begin(), entries.end(), [](const placed_entry& a, const placed_entry& b) {
    return std::pair(a.end_s, a.number) < std::pair(b.end_s, b.number);
  });
  for (std::size_t first = 0, end = 0; first < entries.size(); first = end) {
    while (end < entries.size() && entries[end].end_s == entries[first].end_s)
      ++end;
    bool contradicted = false;
    for (std::size_t i = first + 1; i < end; ++i)
      contradicted = contradicted || entries[i].entry->content != entries[first].entry->content;
    for (std::size_t i = contradicted ? first : first + 1; i < end; ++i)
      out[entries[i].number] = true;
  }
  return out;
}

std::vector<bool> overlaps_in(const consumption_message& message) {
  std::vector<placed_entry> entries = place(message);
  std::vector<bool> out(entries.size());
  std::sort(entries.begin(), entries.end(), [](const placed_entry& a, const placed_entry& b) {
    return std::pair(a.start_s, a.end_s) < std::pair(b.start_s, b.end_s);
  });
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (std::size_t k = i + 1; k < entries.size() && entries[k].start_s < entries[i].end_s; ++k)
      if (entries[k].end_s != entries[i].end_s && entries[k].end_s > entries[k].start_s) {
        out[entries[i].number] = true;
        out[entries[k].number] = true;
      }
  return out;
}

bool is_start_labelled(const consumption_day& day) {
  if (day.entries.size() != periods_per_day)
    return false;
  std::vector<int> minutes;
  for (const consumption_entry& e : day.entries) {
    const std::int64_t since = is_storable(e.end_s) ? e.end_s - day.day_s : -1;
    if (since < 0 || since >= minutes_per_day * seconds_per_minute || since % seconds_per_minute != 0)
      return false;
    minutes.push_back(static_cast<int>(since / seconds_per_minute));
  }
  std::sort(minutes.begin(), minutes.end());
  return are_starts_of_day(minutes);
}

std::vector<period> missing_of(const consumption_day& day) {
  std::vector<period> out;
  if (breaks_day_not_midnight(day.day_s) || !is_storable(day.day_s + 1))
    return out;
  const utc_day which{static_cast<std::int32_t>(day.day_s / (periods_per_day * seconds_per_period))};
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const period p = period_at(which, slot);
    if (std::none_of(day.entries.begin(), day.entries.end(), [p](const auto& e) { return e.end_s == p.end_s(); }))
      out.push_back(p);
  }
  return out;
}

std::vector<entry_outcome> check_message(const consumption_message& message, const message_context& context,
                                         const rule_limits& limits) {
  std::vector<entry_outcome> out;
  const mutual_faults faults{duplicates_in(message), overlaps_in(message)};
  for (const consumption_day& day : message.days) {
    const day_faults of_day{breaks_duration(day.duration_minutes), breaks_day_not_midnight(day.day_s),
                            is_start_labelled(day)};
    for (const consumption_entry& e : day.entries) {
      const auto number = static_cast<std::uint32_t>(out.size());
      entry_outcome& outcome = out.emplace_back();
      if (!is_storable(e.end_s)) {
        outcome.verdict = verdict::unparseable;
        continue;
      }
      if (context.rows.empty()) {
        outcome.verdict = verdict::unknown_meter;
        continue;
      }
      outcome.row =
        row_of(context.rows, {static_cast<std::int32_t>((e.end_s + seconds_per_period - 1) / seconds_per_period)});
      const connection& row = context.rows[outcome.row];
      auto fault = (row.quantities & mask_of(message.quantity)) == 0 ? std::optional(verdict::unknown_quantity)
                                                                     : time_fault(day, e, of_day, faults, number);
      if (!fault)
        fault = content_fault(message, e, context, row, limits);
      outcome.verdict = fault.value_or(verdict::accepted);
    }
  }
  return out;
}

} // namespace gridtwin
