#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gridtwin {

/// Exit status of the contract: 2 for wrong usage and unreadable input, 1 for what failed while running.
int exit_status_of(errc code) noexcept;

/// Says on standard error what is wrong. Returns the exit status.
int report_failure(std::string_view command, const error& reason);

/// Prints a result on standard output. Returns 0, or 1 where standard output cannot take it.
int print_result(std::string_view command, const std::string& text);

/// `1,234,567`
std::string with_thousands(std::uint64_t number);
/// A word as a shell takes it: quoted where it needs to be.
std::string shell_word(std::string_view text);

/// Milliseconds of a clock that never goes back, from any start. Comes in, as all time does.
using millisecond_clock = std::function<std::int64_t()>;

/// How long a command runs, and a line of progress on standard error: only on a terminal, only after the first second.
class progress_line {
public:
  progress_line(std::string_view unit, millisecond_clock now);
  ~progress_line() { clear(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  void show(std::uint64_t done, std::uint64_t total);
  /// Takes the line off the terminal.
  void clear();
  std::int64_t elapsed_ms() const { return now_() - start_ms_; }

private:
  std::string unit_;
  millisecond_clock now_;
  std::int64_t start_ms_;
  std::int64_t next_ms_; ///< when the line is shown again, at the earliest
  bool terminal_ = false;
  bool shown_ = false;
};

/// Seconds, `1.234`
std::string format_seconds(std::int64_t milliseconds);

} // namespace gridtwin
