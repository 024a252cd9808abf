#include "src/ingest/time_format.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/csv_line.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

namespace gridtwin {

namespace {

constexpr std::size_t steps_limit = 200;
constexpr std::size_t epoch_digits_limit = 12;

/// Two digits as a number, or at least 100 where they are none.
constexpr unsigned two(const char* at) noexcept {
  const unsigned tens = static_cast<unsigned char>(at[0]) - unsigned{'0'};
  const unsigned ones = static_cast<unsigned char>(at[1]) - unsigned{'0'};
  return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/// Takes `least` to `most` digits.
bool take_number(std::string_view& text, std::size_t least, std::size_t most, std::int64_t& value) noexcept {
  std::size_t count = 0;
  value = 0;
  while (count < most && count < text.size() && is_digit(text[count]))
    value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count >= least;
}

/// A fraction of a second, if there is one; whether it is zero is what counts.
bool take_fraction(std::string_view& text, bool& nonzero) noexcept {
  if (text.empty() || (text[0] != '.' && text[0] != ','))
    return true;
  std::size_t count = 1;
  for (; count < text.size() && is_digit(text[count]); ++count)
    nonzero |= text[count] != '0';
  text.remove_prefix(count);
  return count > 1;
}

/// `Z`, `+01:00`, `+0100`, `+01`
bool take_offset(std::string_view& text, std::int32_t& offset) noexcept {
  if (text.empty())
    return false;
  const char sign = text[0];
  text.remove_prefix(1);
  offset = 0;
  if (sign == 'Z')
    return true;
  if ((sign != '+' && sign != '-') || text.size() < 2)
    return false;
  const unsigned hours = two(text.data());
  text.remove_prefix(2);
  unsigned minutes = 0;
  const bool colon = !text.empty() && text[0] == ':';
  if (colon)
    text.remove_prefix(1);
  if (text.size() >= 2 && is_digit(text[0])) {
    minutes = two(text.data());
    text.remove_prefix(2);
  } else if (colon) {
    return false;
  }
  if (hours > 23 || minutes > 59)
    return false;
  const auto size = static_cast<std::int32_t>(hours * 3600 + minutes * 60);
  offset = sign == '-' ? -size : size;
  return true;
}

/// `Jan` or `January`, in any case. English, whatever the locale.
int take_month_name(std::string_view& text) noexcept {
  constexpr std::array<std::string_view, 12> names{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
  const auto matches = [text](std::string_view name) {
    return text.size() >= name.size() && std::equal(name.begin(), name.end(), text.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + ('a' - 'A')) : b);
           });
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!matches(names[i].substr(0, 3)))
      continue;
    text.remove_prefix(matches(names[i]) ? names[i].size() : 3);
    return static_cast<int>(i) + 1;
  }
  return 0;
}

/// `YYYY-MM-DD`; the memory holds the last one.
bool read_date(const char* at, date_memory& memory, std::int64_t& midnight_s) noexcept {
  if (memory.filled && std::memcmp(memory.text, at, sizeof memory.text) == 0) {
    midnight_s = memory.midnight_s;
    return true;
  }
  const unsigned century = two(at);
  const unsigned year = two(at + 2);
  const unsigned month = two(at + 5);
  const unsigned day = two(at + 8);
  const civil_date date{static_cast<std::int32_t>(century * 100 + year), static_cast<int>(month),
                        static_cast<int>(day)};
  if (century > 99 || year > 99 || at[4] != '-' || at[7] != '-' || !valid(date))
    return false;
  midnight_s = std::int64_t{days_from_civil(date)} * seconds_per_day;
  std::memcpy(memory.text, at, sizeof memory.text);
  memory.midnight_s = midnight_s;
  memory.filled = true;
  return true;
}

/// Seconds since midnight; negative where it is no time of day.
constexpr std::int64_t clock_s(std::int64_t hour, std::int64_t minute, std::int64_t second) noexcept {
  const std::int64_t seconds = hour * 3600 + minute * 60 + second;
  return minute > 59 || second > 59 || seconds > seconds_per_day ? -1 : seconds;
}

} // namespace

struct time_format::fields {
  std::int64_t year = 1970;
  std::int64_t month = 1;
  std::int64_t day = 1;
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t epoch_s = 0;
  std::int32_t offset_s = 0;
  int half_day = -1; ///< 0: am, 1: pm
  bool fraction = false;
};

bool time_format::add_directive(std::string_view& format) {
  const auto take = [&format](char& c) {
    c = format.empty() ? '\0' : format.front();
    format.remove_prefix(format.empty() ? 0 : 1);
  };
  const auto all = [this](std::initializer_list<step> steps) {
    steps_.insert(steps_.end(), steps);
    return true;
  };
  const auto second = [&format] {
    // A point that the format itself spells out is the format's, but for Python's `%S.%f`.
    if (format.substr(0, 3) == ".%f" || format.substr(0, 3) == ",%f")
      format.remove_prefix(3);
    else if (!format.empty() && (format[0] == '.' || format[0] == ','))
      return op::second;
    return op::second_fraction;
  };
  char c = 0;
  take(c);
  if (c == 'E' && format.substr(0, 1) == "z")
    take(c);
  switch (c) {
  case 'Y':
    return all({{op::year}});
  case 'y':
    return all({{op::short_year}});
  case 'm':
    return all({{op::month}});
  case 'b':
  case 'B':
  case 'h':
    return all({{op::month_name}});
  case 'd':
  case 'e':
    return all({{op::day}});
  case 'H':
    return all({{op::hour}});
  case 'I':
    return all({{op::half_day_hour}});
  case 'p':
    return all({{op::half_day}});
  case 'M':
    return all({{op::minute}});
  case 'S':
    return all({{second()}});
  case 'z':
    return all({{op::offset}});
  case 's':
    return all({{op::epoch}});
  case 'F':
    return all({{op::year}, {op::literal, '-'}, {op::month}, {op::literal, '-'}, {op::day}});
  case 'D':
    return all({{op::month}, {op::literal, '/'}, {op::day}, {op::literal, '/'}, {op::short_year}});
  case 'R':
    return all({{op::hour}, {op::literal, ':'}, {op::minute}});
  case 'T':
    return all({{op::hour}, {op::literal, ':'}, {op::minute}, {op::literal, ':'}, {second()}});
  case 'n':
  case 't':
    return all({{op::blanks}});
  case '%':
    return all({{op::literal, '%'}});
  default:
    return false;
  }
}

bool time_format::has(op what) const noexcept {
  return std::any_of(steps_.begin(), steps_.end(), [what](step s) { return s.what == what; });
}

void time_format::choose_shape() noexcept {
  constexpr std::array<step, 11> quick{{{op::year},
                                        {op::literal, '-'},
                                        {op::month},
                                        {op::literal, '-'},
                                        {op::day},
                                        {op::literal, 'T'},
                                        {op::hour},
                                        {op::literal, ':'},
                                        {op::minute},
                                        {op::literal, ':'},
                                        {op::second_fraction}}};
  const auto same = [this, &quick](std::size_t i) {
    if (i == 5)
      return steps_[i].what == op::blanks || (steps_[i].what == op::literal && !is_digit(steps_[i].character));
    return steps_[i].what == quick[i].what && steps_[i].character == quick[i].character;
  };
  if (steps_.size() != quick.size() && (steps_.size() != quick.size() + 1 || steps_.back().what != op::literal))
    return;
  for (std::size_t i = 0; i < quick.size(); ++i)
    if (!same(i))
      return;
  separator_ = steps_[5].what == op::blanks ? ' ' : steps_[5].character;
  end_ = steps_.size() > quick.size() ? steps_.back().character : '\0';
}

result<time_format> time_format::compile(std::string_view format, bool with_clock) {
  time_format out;
  out.with_clock_ = with_clock;
  if (format == "iso8601") {
    out.iso_ = true;
    return out;
  }
  const std::string name = "time_format " + in_quotes(format);
  for (std::string_view rest = format; !rest.empty();) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '%') {
      const std::string_view directive = rest.substr(0, 1);
      if (!out.add_directive(rest))
        return error{errc::bad_profile,
                     name + " has %" + printable(directive)
                       + ", which is not known; use %Y %m %d %H %M %S %y %b %e %I %p %z %Ez %s %F %T "
                         "%R %D, or \"iso8601\""};
    } else {
      out.steps_.push_back(is_blank(c) ? step{op::blanks, 0} : step{op::literal, c});
    }
    if (out.steps_.size() > steps_limit)
      return error{errc::bad_profile, name + " is too long"};
  }
  const bool date = out.has(op::day) && (out.has(op::month) || out.has(op::month_name))
                    && (out.has(op::year) || out.has(op::short_year));
  const bool clock = out.has(op::hour) || (out.has(op::half_day_hour) && out.has(op::half_day));
  if (!out.has(op::epoch) && (!date || (with_clock && !clock)))
    return error{errc::bad_profile,
                 name + " lacks a part of the " + (date ? "time, as %H:%M" : "date, as %Y-%m-%d") + "; add it"};
  out.choose_shape();
  return out;
}

bool time_format::run_step(step s, std::string_view& text, fields& f) noexcept {
  switch (s.what) {
  case op::literal:
    if (text.empty() || text.front() != s.character)
      return false;
    text.remove_prefix(1);
    return true;
  case op::blanks:
    while (!text.empty() && is_blank(text.front()))
      text.remove_prefix(1);
    return true;
  case op::year:
    return take_number(text, 4, 4, f.year);
  case op::short_year:
    if (!take_number(text, 2, 2, f.year))
      return false;
    f.year += f.year < 69 ? 2000 : 1900; // as POSIX has it
    return true;
  case op::month:
    return take_number(text, 1, 2, f.month);
  case op::month_name:
    return (f.month = take_month_name(text)) != 0;
  case op::day:
    if (!text.empty() && text.front() == ' ') // %e pads with a blank
      text.remove_prefix(1);
    return take_number(text, 1, 2, f.day);
  case op::hour:
    return take_number(text, 1, 2, f.hour);
  case op::half_day_hour:
    return take_number(text, 1, 2, f.hour) && f.hour >= 1 && f.hour <= 12;
  case op::half_day: {
    const char c = text.size() < 2 || (text[1] != 'M' && text[1] != 'm') ? '\0' : text[0];
    f.half_day = c == 'A' || c == 'a' ? 0 : c == 'P' || c == 'p' ? 1 : -1;
    text.remove_prefix(f.half_day < 0 ? 0 : 2);
    return f.half_day >= 0;
  }
  case op::minute:
    return take_number(text, 1, 2, f.minute);
  case op::second:
    return take_number(text, 1, 2, f.second);
  case op::second_fraction:
    return take_number(text, 1, 2, f.second) && take_fraction(text, f.fraction);
  case op::offset:
    return take_offset(text, f.offset_s);
  case op::epoch:
    return take_number(text, 1, epoch_digits_limit, f.epoch_s);
  }
  return false;
}

bool time_format::run(std::string_view text, written_time& out) const noexcept {
  fields f;
  bool has_offset = false;
  bool is_epoch = false;
  bool half_days = false;
  for (const step s : steps_) {
    if (!run_step(s, text, f))
      return false;
    has_offset |= s.what == op::offset || s.what == op::epoch;
    is_epoch |= s.what == op::epoch;
    half_days |= s.what == op::half_day_hour;
  }
  if (!text.empty())
    return false;
  if (half_days && f.half_day >= 0)
    f.hour = f.hour % 12 + 12 * f.half_day;
  const civil_date date{static_cast<std::int32_t>(f.year), static_cast<int>(f.month), static_cast<int>(f.day)};
  const std::int64_t clock = clock_s(f.hour, f.minute, f.second);
  if (!valid(date) || clock < 0)
    return false;
  out.local_s = is_epoch ? f.epoch_s : std::int64_t{days_from_civil(date)} * seconds_per_day + clock;
  out.offset_s = is_epoch ? 0 : f.offset_s;
  out.has_offset = has_offset;
  out.has_fraction = f.fraction;
  return true;
}

bool time_format::read_iso(std::string_view text, date_memory& memory, written_time& out) const noexcept {
  std::int64_t midnight_s = 0;
  if (text.size() < 10 || !read_date(text.data(), memory, midnight_s))
    return false;
  out = {midnight_s, 0, false, false};
  if (text.size() == 10)
    return !with_clock_;
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':')
    return false;
  const unsigned hour = two(text.data() + 11);
  const unsigned minute = two(text.data() + 14);
  unsigned second = 0;
  text.remove_prefix(16);
  if (text.size() >= 3 && text[0] == ':') {
    second = two(text.data() + 1);
    text.remove_prefix(3);
    if (!take_fraction(text, out.has_fraction))
      return false;
  }
  const std::int64_t clock = clock_s(hour, minute, second);
  out.local_s += clock;
  if (clock < 0 || hour > 24 || text.empty())
    return clock >= 0 && hour <= 24;
  out.has_offset = true;
  return take_offset(text, out.offset_s) && text.empty();
}

bool time_format::read(std::string_view text, date_memory& memory, written_time& out) const noexcept {
  if (iso_)
    return read_iso(text, memory, out);
  if (separator_ == 0)
    return run(text, out);
  constexpr std::size_t length = 19; // of `YYYY-MM-DD?HH:MM:SS`
  std::int64_t midnight_s = 0;
  if (text.size() < length || text[10] != separator_ || text[13] != ':' || text[16] != ':'
      || !read_date(text.data(), memory, midnight_s))
    return run(text, out);
  const std::int64_t clock = clock_s(two(text.data() + 11), two(text.data() + 14), two(text.data() + 17));
  std::string_view rest = text.substr(length);
  out = {midnight_s + clock, 0, false, false};
  if (clock < 0 || !take_fraction(rest, out.has_fraction))
    return run(text, out);
  if (end_ != 0 && !rest.empty() && rest.front() == end_)
    rest.remove_prefix(1);
  else if (end_ != 0)
    return false;
  return rest.empty();
}

} // namespace gridtwin
