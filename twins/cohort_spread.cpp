#include "twins/cohort_spread.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>
#include <vector>

namespace gridtwin {

namespace {

constexpr int log_fraction_bits = 16;
constexpr int mantissa_bits = 31;

/// 0.6745, by which the deviation of a normal distribution becomes its standard deviation.
constexpr std::int64_t z_numerator = 6745;
constexpr std::int64_t z_denominator = 10'000;

/// Twice the median; reorders.
std::int64_t doubled_median(std::span<std::int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 != 0 ? 2 * *middle : *middle + *std::max_element(values.begin(), middle);
}

} // namespace

std::int64_t log_of(std::int64_t wh) noexcept {
  const std::uint64_t n = static_cast<std::uint64_t>(wh) + 1;
  const int whole = static_cast<int>(std::bit_width(n)) - 1;
  std::uint64_t mantissa = whole >= mantissa_bits ? n >> (whole - mantissa_bits) : n << (mantissa_bits - whole);
  std::int64_t out = whole;
  for (int bit = 0; bit < log_fraction_bits; ++bit) {
    mantissa = mantissa * mantissa >> mantissa_bits; // below 4, with 31 bits behind the point
    out *= 2;
    if (mantissa >> (mantissa_bits + 1) != 0) {
      mantissa >>= 1;
      ++out;
    }
  }
  return out;
}

std::int64_t exact_score::milli() const noexcept {
  uint128 whole = numerator * 1000 / denominator;
  const uint128 twice_rest = numerator * 1000 % denominator * 2;
  if (twice_rest > denominator || (twice_rest == denominator && whole % 2 != 0))
    ++whole;
  const auto out = static_cast<std::int64_t>(whole);
  return below ? -out : out;
}

std::string format_milli(std::int64_t milli) {
  return (milli < 0 ? "-" : "") + format_ratio(static_cast<uint128>(std::abs(milli)), 1000, 3);
}

cohort_spread::cohort_spread(std::span<std::int64_t> wh, cohort_scale scale, std::int64_t floor_wh)
  : size_(wh.size()), scale_(scale), doubled_median_wh_(doubled_median(wh)) {
  std::vector<std::int64_t> values;
  values.reserve(wh.size());
  for (const std::int64_t one : wh)
    values.push_back(scaled(one));
  doubled_median_ = doubled_median(values);
  for (std::int64_t& value : values)
    value = std::abs(2 * value - doubled_median_);
  const std::int64_t median_wh = doubled_median_wh_ / 2;
  const std::int64_t floor = std::max<std::int64_t>(scaled(median_wh + floor_wh) - scaled(median_wh), 1);
  fourfold_deviation_ = std::max(doubled_median(values), 4 * floor);
}

exact_score cohort_spread::z_of(std::int64_t wh) const noexcept {
  const std::int64_t fourfold = 4 * scaled(wh) - 2 * doubled_median_;
  return {fourfold < 0, static_cast<uint128>(std::abs(fourfold)) * z_numerator,
          static_cast<uint128>(fourfold_deviation_) * z_denominator};
}

} // namespace gridtwin
