#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace gridtwin {

/// Most columns of a file.
inline constexpr std::size_t columns_limit = 1024;

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Without the blanks and tabs around it.
inline std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

/// Takes the first line off `rest`, without its LF or CR LF.
inline std::string_view take_line(std::string_view& rest) noexcept {
  const void* end = std::memchr(rest.data(), '\n', rest.size());
  const std::size_t length =
    end == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(end) - rest.data());
  std::string_view line = rest.substr(0, length);
  rest.remove_prefix(end == nullptr ? length : length + 1);
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  return line;
}

/// Splits lines into fields with no allocation a line. A field may stand in quotes, with quotes inside doubled; blanks
/// around a field are stripped. A line is a row, also where a quote is left open: one bad quote must not swallow a
/// file. Not for two threads at once.
class csv_splitter {
public:
  explicit csv_splitter(char delimiter) : delimiter_(delimiter) { fields_.resize(columns_limit); }

  /// False where a quote is not closed, something other than blanks follows one, or the line has too many fields. The
  /// fields are views of the line, or of this splitter until its next line. At least one field.
  bool split(std::string_view line) {
    count_ = 0;
    start_ = 0;
    std::size_t at = 0;
#ifdef __SSE2__
    const __m128i delimiters = _mm_set1_epi8(delimiter_);
    const __m128i quotes = _mm_set1_epi8('"');
    while (at < line.size() && line.size() >= sizeof(__m128i)) {
      // The last bytes are read together with some that were seen before, whose marks are shifted out.
      const std::size_t from = std::min(at, line.size() - sizeof(__m128i));
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(line.data() + from));
      if (_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quotes)) != 0)
        return split_quoted(line);
      auto ends = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, delimiters))) >> (at - from);
      for (; ends != 0; ends &= ends - 1)
        if (!add(line, at + static_cast<std::size_t>(std::countr_zero(ends))))
          return false;
      at = from + sizeof(__m128i);
    }
#endif
    for (; at < line.size(); ++at) {
      if (line[at] == '"')
        return split_quoted(line);
      if (line[at] == delimiter_ && !add(line, at))
        return false;
    }
    return add(line, line.size());
  }

  std::size_t size() const noexcept { return count_; }
  /// Blanks around it stripped. `at` is below `size()`.
  std::string_view operator[](std::size_t at) const noexcept { return trimmed(fields_[at]); }

private:
  /// The field that ends before `end`.
  bool add(std::string_view line, std::size_t end) noexcept {
    if (count_ == columns_limit)
      return false;
    fields_[count_++] = line.substr(start_, end - start_);
    start_ = end + 1;
    return true;
  }
  bool split_quoted(std::string_view line);

  char delimiter_;
  std::size_t start_ = 0;
  std::size_t count_ = 0;
  std::vector<std::string_view> fields_;
  std::string unquoted_;
};

/// The next line of a CSV text with its number, blank lines skipped. False at the end.
class csv_lines {
public:
  explicit csv_lines(std::string_view text) noexcept : rest_(text) {
    if (rest_.substr(0, 3) == "\xEF\xBB\xBF")
      rest_.remove_prefix(3);
  }
  bool next(std::string_view& line) noexcept {
    while (!rest_.empty()) {
      line = take_line(rest_);
      ++number_;
      if (!trimmed(line).empty())
        return true;
    }
    return false;
  }
  /// Of the line last taken, from 1.
  std::uint32_t number() const noexcept { return number_; }

private:
  std::string_view rest_;
  std::uint32_t number_ = 0;
};

} // namespace gridtwin
