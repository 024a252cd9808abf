#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

/// The lines of a batch as they stand in its source, for what must be kept raw. Any thread may ask.
class raw_lines {
public:
  virtual ~raw_lines() = default;

  /// The line that begins at an offset from the first one's first byte, without its end.
  virtual std::string at(std::uint32_t offset) const = 0;

  /// The line that a text begins with, without its end.
  static std::string_view first_of(std::string_view text) noexcept {
    text = text.substr(0, text.find('\n'));
    if (!text.empty() && text.back() == '\r')
      text.remove_suffix(1);
    return text;
  }
};

/// Lines that stand in memory.
class held_lines final : public raw_lines {
public:
  explicit held_lines(std::string text) noexcept : text_(std::move(text)) {}

  std::string_view text() const noexcept { return text_; }
  std::string at(std::uint32_t offset) const override { return std::string(first_of(text().substr(offset))); }

private:
  std::string text_;
};

} // namespace gridtwin
