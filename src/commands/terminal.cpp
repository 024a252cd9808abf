#include "src/commands/terminal.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>
#include <utility>

namespace gridtwin {

int exit_status_of(errc code) noexcept {
  switch (code) {
  case errc::usage:
  case errc::unreadable_input:
  case errc::bad_profile:
  case errc::bad_estate:
  case errc::store_unusable:
    return 2;
  default:
    return 1;
  }
}

int report_failure(std::string_view command, const error& reason) {
  const std::string line = "gridtwin " + std::string(command) + ": " + reason.message + "\n";
  std::fputs(line.c_str(), stderr);
  return exit_status_of(reason.code);
}

int print_result(std::string_view command, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return 0;
  return report_failure(
    command, {errc::store_failed, std::string("writing to standard output failed: ") + std::strerror(errno)});
}

std::string with_thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string shell_word(std::string_view text) {
  const std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
    return std::string(text);
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

progress_line::progress_line(std::string_view unit, millisecond_clock now)
  : unit_(unit), now_(std::move(now)), start_ms_(now_()), next_ms_(start_ms_ + 1000),
    terminal_(isatty(STDERR_FILENO) == 1) {}

void progress_line::show(std::uint64_t done, std::uint64_t total) {
  if (!terminal_ || total == 0 || now_() < next_ms_)
    return;
  next_ms_ = now_() + 250;
  const std::string line = "\r" + with_thousands(done) + " of " + with_thousands(total) + " " + unit_ + ", "
                           + std::to_string(done * 100 / total) + " %\x1b[K";
  std::fputs(line.c_str(), stderr);
  shown_ = true;
}

void progress_line::clear() {
  if (shown_)
    std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

std::string format_seconds(std::int64_t milliseconds) {
  const std::string rest = std::to_string(1000 + milliseconds % 1000);
  return std::to_string(milliseconds / 1000) + "." + rest.substr(1);
}

} // namespace gridtwin
