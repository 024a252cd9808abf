#include "src/verify/reading_sum.hpp"

#include "twins/hash.hpp"

#include <array>
#include <cstring>
#include <span>

namespace gridtwin {

namespace {

/// Fixed-width fields, one behind another.
class field_writer {
public:
  template <class Number>
  void put(Number value) noexcept {
    std::memcpy(bytes_.data() + used_, &value, sizeof value);
    used_ += sizeof value;
  }
  std::span<const std::uint8_t> bytes() const noexcept { return {bytes_.data(), used_}; }

private:
  std::array<std::uint8_t, longest_in_one_block> bytes_{};
  std::size_t used_ = 0;
};

} // namespace

void reading_sum::add(transformer_number t, const stored_reading& r) noexcept {
  field_writer w;
  w.put(t.value);
  w.put(r.twin.value);
  w.put(r.day.number);
  w.put(r.slot);
  w.put(static_cast<std::uint8_t>(r.quantity));
  w.put(r.version);
  w.put(r.content.wh);
  w.put(r.content.quality.code);
  w.put(r.content.reasons.estimation);
  w.put(r.content.reasons.amendment);
  const digest hash = sha256(w.bytes());
  std::uint64_t parts[2];
  std::memcpy(parts, hash.data(), sizeof parts);
  ++count_;
  high_ += parts[0];
  low_ += parts[1];
}

} // namespace gridtwin
