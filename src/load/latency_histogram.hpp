#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace gridtwin {

/// The steps of a histogram of microseconds.
namespace latency_steps {

inline constexpr unsigned fine_bits = 7;
inline constexpr std::uint64_t fine = std::uint64_t{1} << fine_bits;

constexpr std::size_t of(std::uint64_t value) noexcept {
  if (value < 2 * fine)
    return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - (fine_bits + 1);
  return (shift + 1) * fine + ((value >> shift) - fine);
}
/// The largest value of a step.
constexpr std::uint64_t top_of(std::size_t step) noexcept {
  if (step < 2 * fine)
    return step;
  const std::size_t shift = step / fine - 1;
  return ((step % fine + fine + 1) << shift) - 1;
}
inline constexpr std::size_t count = of(std::uint64_t{1} << 62) + 1;
static_assert(of(2 * fine - 1) + 1 == of(2 * fine) && top_of(of(2 * fine)) == 2 * fine + 1);

} // namespace latency_steps

/// How long things took, in microseconds: exact below 256, then 128 steps to each doubling, so that what is read off is
/// at most 0.8 % above what was put in. Of one size, whatever is put in. In the manner of HdrHistogram.
class latency_histogram {
public:
  /// `took_us` below zero counts as zero.
  void add(std::int64_t took_us, std::uint64_t times = 1) noexcept {
    const auto value = static_cast<std::uint64_t>(took_us < 0 ? 0 : took_us);
    steps_[latency_steps::of(value)] += times;
    count_ += times;
    if (times > 0 && value > most_)
      most_ = value;
  }
  void add(const latency_histogram& other) noexcept {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      steps_[i] += other.steps_[i];
    count_ += other.count_;
    most_ = other.most_ > most_ ? other.most_ : most_;
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t most_us() const noexcept { return most_; }

  /// The least value at or below which so many thousandths lie, 1 to 1000; 0 where nothing was put in.
  std::uint64_t at_thousandth_us(std::uint32_t thousandth) const noexcept {
    const std::uint64_t wanted = (count_ * thousandth + 999) / 1000;
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      passed += steps_[i];
      if (passed >= wanted && passed > 0) {
        const std::uint64_t top = latency_steps::top_of(i);
        return top < most_ ? top : most_;
      }
    }
    return 0;
  }

private:
  std::array<std::uint64_t, latency_steps::count> steps_{};
  std::uint64_t count_ = 0;
  std::uint64_t most_ = 0;
};

} // namespace gridtwin
