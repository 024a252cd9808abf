#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// Appends integers to a byte string: seven bits a byte, low ones first; signed ones folded so that small stay small.
class byte_writer {
public:
  explicit byte_writer(std::string& out) noexcept : out_(&out) {}

  void byte(std::uint8_t value) { out_->push_back(static_cast<char>(value)); }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void signed_number(std::int64_t value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    number(value.size());
    out_->append(value);
  }
  void raw(std::string_view value) { out_->append(value); }
  /// A bit for each half hour of a day: six bytes, low ones first.
  void day_mask(std::uint64_t value) {
    for (int bit = 0; bit < 48; bit += 8)
      byte(static_cast<std::uint8_t>(value >> bit));
  }

private:
  std::string* out_;
};

/// Reads what `byte_writer` wrote. Reading past the end or a number that is too long makes it bad and yields zeros: the
/// caller asks `ok()` once at the end of a record.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) noexcept : rest_(bytes) {}

  bool ok() const noexcept { return ok_; }
  /// What was read makes no sense to the caller.
  void fail() noexcept { ok_ = false; }
  bool at_end() const noexcept { return rest_.empty() || !ok_; }
  std::size_t left() const noexcept { return rest_.size(); }

  std::uint8_t byte() noexcept {
    if (rest_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() noexcept {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = byte();
      value |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if (b < 0x80)
        return value;
    }
    ok_ = false;
    return 0;
  }
  /// A number of 32 bits; bad where it has more.
  std::uint32_t number32() noexcept {
    const std::uint64_t value = number();
    if (value > 0xFFFF'FFFF)
      ok_ = false;
    return static_cast<std::uint32_t>(value);
  }
  std::int64_t signed_number() noexcept {
    const std::uint64_t folded = number();
    return static_cast<std::int64_t>(folded >> 1) ^ -static_cast<std::int64_t>(folded & 1);
  }
  std::uint64_t day_mask() noexcept {
    std::uint64_t value = 0;
    for (int bit = 0; bit < 48; bit += 8)
      value |= std::uint64_t{byte()} << bit;
    return value;
  }
  std::string_view raw(std::size_t size) noexcept {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  std::string_view text() noexcept { return raw(static_cast<std::size_t>(number())); }

private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Packs a byte string with zstd where that makes it smaller. `unpack`: nothing where the bytes are damaged.
std::string pack(std::string_view raw);
std::optional<std::string> unpack(std::string_view packed);

} // namespace gridtwin
