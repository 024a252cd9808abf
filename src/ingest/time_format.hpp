#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gridtwin {

/// A time as it was written.
struct written_time {
  std::int64_t local_s = 0;  ///< the civil time as seconds since 1970 as if it were UTC
  std::int32_t offset_s = 0; ///< what to take off for UTC, if the text had an offset
  bool has_offset = false;
  bool has_fraction = false; ///< a fraction of a second that is not zero
};

/// The date that was read last: rows that follow one another mostly share it. One a thread.
struct date_memory {
  char text[10] = {};
  std::int64_t midnight_s = 0;
  bool filled = false;
};

/// A time format, compiled once and then read with no allocation and no locale. Immutable.
class time_format {
public:
  /// `format`: "iso8601", or as strptime with %Y %y %m %b %B %h %d %e %H %I %M %S %p %z %Ez %s %F %T %R %D %f %n %t %%.
  /// `with_clock`: a row is a reading, so its time needs hours; otherwise a bare date does.
  /// Error: `errc::bad_profile`, without the profile's name.
  static result<time_format> compile(std::string_view format, bool with_clock);

  /// False where the text is no such time. Years 0000 to 9999; 24:00 is the midnight that ends the day.
  bool read(std::string_view text, date_memory& memory, written_time& out) const noexcept;

  /// Texts that begin with `YYYY-MM-DD`, one other character and `HH:MM` have hour and minute there; what follows does
  /// not depend on them.
  bool begins_with_iso_clock() const noexcept { return iso_ || separator_ != 0; }

private:
  enum class op : std::uint8_t {
    literal,
    blanks,
    year,
    short_year,
    month,
    month_name,
    day,
    hour,
    half_day_hour,
    half_day,
    minute,
    second,
    second_fraction, ///< a second, and a fraction if there is one
    offset,
    epoch,
  };
  struct step {
    op what = op::literal;
    char character = 0;
  };
  struct fields;

  bool add_directive(std::string_view& format);
  void choose_shape() noexcept;
  bool has(op what) const noexcept;
  bool run(std::string_view text, written_time& out) const noexcept;
  static bool run_step(step s, std::string_view& text, fields& f) noexcept;
  bool read_iso(std::string_view text, date_memory& memory, written_time& out) const noexcept;

  std::vector<step> steps_;
  bool iso_ = false;
  bool with_clock_ = true;
  char separator_ = 0; ///< of the quick shape `YYYY-MM-DD?HH:MM:SS`; 0: the format has another
  char end_ = 0;       ///< a literal that ends the quick shape
};

} // namespace gridtwin
