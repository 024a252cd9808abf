#include "src/ingest/zone_table.hpp"

#include "config/printable_text.hpp"
#include "twins/period.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <optional>
#include <string>

namespace gridtwin {

namespace {

constexpr std::int64_t table_begin_s = -60 * seconds_per_day;
constexpr std::int32_t last_year_known = 2037; // compiled tz files end there, and the library does not read their rule
constexpr std::int32_t last_year = 2200;
constexpr std::int64_t any_time = std::numeric_limits<std::int64_t>::max() / 4;

/// The offset of a zone changes.
struct change {
  std::int64_t at_s = 0; ///< UTC
  std::int32_t before_s = 0;
  std::int32_t after_s = 0;
};

std::int64_t new_year_s(std::int32_t year) noexcept {
  return std::int64_t{days_from_civil({year, 1, 1})} * seconds_per_day;
}

/// `+01:00`, `-0330`, `+01`
std::optional<std::int32_t> fixed_offset(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '+' && text[0] != '-'))
    return std::nullopt;
  std::array<int, 4> digits{};
  std::size_t count = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':' && i == 3)
      continue;
    if (text[i] < '0' || text[i] > '9' || count == digits.size())
      return std::nullopt;
    digits[count++] = text[i] - '0';
  }
  if (count != 2 && count != 4)
    return std::nullopt;
  const int hours = digits[0] * 10 + digits[1];
  const int minutes = digits[2] * 10 + digits[3];
  if (hours > 18 || minutes > 59)
    return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

std::vector<change> known_changes(const date::time_zone& zone, std::int32_t& first_offset) {
  std::vector<change> out;
  const auto at = [](std::int64_t s) { return date::sys_seconds(std::chrono::seconds(s)); };
  date::sys_info info = zone.get_info(at(table_begin_s));
  first_offset = static_cast<std::int32_t>(info.offset.count());
  while (info.end.time_since_epoch().count() < new_year_s(last_year_known + 1)) {
    const std::int64_t end = info.end.time_since_epoch().count();
    const auto before = static_cast<std::int32_t>(info.offset.count());
    info = zone.get_info(at(end));
    const auto after = static_cast<std::int32_t>(info.offset.count());
    if (before != after) // else only the name or the reason of the offset changed
      out.push_back({end, before, after});
    if (info.end.time_since_epoch().count() <= end)
      break;
  }
  return out;
}

/// Years with the same calendar have their changes at the same dates. All 14 calendars occur in the 28 years up to the
/// last known one, so what is beyond it is copied from the latest year of the same calendar.
void continue_rule(std::vector<change>& changes) {
  const auto in_year = [](const change& c, std::int32_t year) {
    return c.at_s >= new_year_s(year) && c.at_s < new_year_s(year + 1);
  };
  if (changes.empty() || !in_year(changes.back(), last_year_known))
    return; // the zone no longer changes its clocks
  const std::vector<change> known = changes;
  const auto weekday = [](std::int32_t year) { return days_from_civil({year, 1, 1}) % 7; };
  const auto length = [](std::int32_t year) { return new_year_s(year + 1) - new_year_s(year); };
  for (std::int32_t year = last_year_known + 1; year <= last_year; ++year) {
    std::int32_t like = last_year_known;
    while (weekday(like) != weekday(year) || length(like) != length(year))
      --like;
    for (const change& c : known)
      if (in_year(c, like))
        changes.push_back({c.at_s - new_year_s(like) + new_year_s(year), c.before_s, c.after_s});
  }
}

std::vector<local_span> spans_of(const std::vector<change>& changes, std::int32_t first_offset) {
  std::vector<local_span> out;
  std::int64_t begin = -any_time;
  std::int32_t offset = first_offset;
  for (const change& c : changes) {
    const std::int64_t first = c.at_s + std::min(c.before_s, c.after_s);
    const std::int64_t last = c.at_s + std::max(c.before_s, c.after_s);
    if (first < begin)
      continue; // two changes within hours of one another: history of some zones, not of their half hours
    if (first > begin)
      out.push_back({begin, first, offset, offset, local_kind::unique});
    out.push_back({first, last, c.before_s, c.after_s, c.after_s > c.before_s ? local_kind::never : local_kind::twice});
    begin = last;
    offset = c.after_s;
  }
  out.push_back({begin, any_time, offset, offset, local_kind::unique});
  return out;
}

} // namespace

result<zone_table> zone_table::make(std::string_view zone) {
  zone_table table;
  std::vector<change> changes;
  std::int32_t first_offset = 0;
  if (const auto offset = fixed_offset(zone)) {
    first_offset = *offset;
  } else if (!zone.empty() && zone != "UTC" && zone != "GMT" && zone != "Z") {
    const error unknown{errc::bad_profile, "unknown zone " + in_quotes(zone)
                                             + "; say \"UTC\", an offset as \"+01:00\", or a name of the tz database "
                                               "as \"Europe/London\""};
    if (zone.size() > 64 || zone.find('\0') != std::string_view::npos)
      return unknown;
    try {
      changes = known_changes(*date::locate_zone(std::string(zone)), first_offset);
    } catch (const std::exception&) {
      return unknown;
    }
    continue_rule(changes);
  }
  table.spans_ = spans_of(changes, first_offset);
  table.repeats_ = std::any_of(table.spans_.begin(), table.spans_.end(),
                               [](const local_span& s) { return s.kind == local_kind::twice; });
  return table;
}

const local_span& zone_table::search(std::int64_t local_s, std::size_t& hint) const noexcept {
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), local_s,
                                      [](std::int64_t s, const local_span& span) { return s < span.begin_s; });
  hint = after == spans_.begin() ? 0 : static_cast<std::size_t>(after - spans_.begin()) - 1;
  return spans_[hint];
}

} // namespace gridtwin
