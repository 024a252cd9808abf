#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gridtwin {

/// Where generated text goes: a file, standard output, a string of a test.
class byte_sink {
public:
  byte_sink() = default;
  byte_sink(const byte_sink&) = delete;
  byte_sink& operator=(const byte_sink&) = delete;
  virtual ~byte_sink() = default;
  /// Writes all of it. Error: `errc::store_failed`, with how far it came.
  virtual result<void> write(std::string_view bytes) = 0;
};

/// Collects in memory.
class string_sink final : public byte_sink {
public:
  result<void> write(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }
  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
};

/// Told now and then how much of a run is done, in units of the run (meters, half hours of a meter).
using progress_callback = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// A buffer in which rows are formatted in place, in front of a sink. A failed write is kept until `flush` or
/// `failed` is asked, so that formatting has no error branch for each field.
class row_buffer {
public:
  static constexpr std::size_t capacity = std::size_t{1} << 20;
  /// Most bytes that one `room` may ask for.
  static constexpr std::size_t row_limit = 4096;

  explicit row_buffer(byte_sink& sink) : sink_(sink), bytes_(capacity, '\0') {}

  /// A place with at least `row_limit` writable bytes; give its end to `advance`.
  char* room() {
    if (used_ + row_limit > capacity)
      drain();
    return bytes_.data() + used_;
  }
  void advance(const char* end) noexcept { used_ = static_cast<std::size_t>(end - bytes_.data()); }

  bool failed() const noexcept { return !status_; }
  /// Writes what is held. Error: the first that the sink gave.
  result<void> flush() {
    drain();
    return status_;
  }

private:
  void drain() {
    if (status_ && used_ > 0)
      status_ = sink_.write({bytes_.data(), used_});
    used_ = 0;
  }

  byte_sink& sink_;
  std::string bytes_;
  std::size_t used_ = 0;
  result<void> status_;
};

} // namespace gridtwin
