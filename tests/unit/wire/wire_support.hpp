#pragma once

#include "src/gate/submission.hpp"
#include "src/wire/submit_codec.hpp"
#include "tests/support/seeded_random.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gridtwin::testing {

inline mpan meter_number(std::uint64_t n) {
  const std::uint64_t twelve = 100'000'000'000 + n;
  return {twelve * 10 + static_cast<std::uint64_t>(check_digit(twelve))};
}

inline submitted_reading reading_of(std::uint64_t meter, std::int32_t period, std::int64_t wh) {
  return {meter_number(meter), quantity::active_import, {period}, 1, {wh, actual, {}}};
}

/// A meter's day.
inline std::vector<submitted_reading> day_of(std::uint64_t meter, std::int32_t first_period, std::int64_t wh) {
  std::vector<submitted_reading> out;
  for (int i = 0; i < periods_per_day; ++i)
    out.push_back(reading_of(meter, first_period + i, wh + i));
  return out;
}

inline std::string body_of(const std::vector<submitted_reading>& readings, std::uint64_t first_number,
                           std::uint64_t batch) {
  std::string out;
  encode_submit(readings, first_number, out);
  append_batch_name(batch, out);
  return out;
}

inline bool same(const submitted_reading& a, const submitted_reading& b) {
  return a.meter == b.meter && a.quantity == b.quantity && a.period == b.period && a.version == b.version
         && a.content == b.content;
}
inline bool same(const std::vector<submitted_reading>& a, const std::vector<submitted_reading>& b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same(a[i], b[i]))
      return false;
  return true;
}

/// Readings in stretches as files have them: days, half hours of many meters, single ones, with exceptions among them.
inline std::vector<submitted_reading> mixed_readings(seeded_random& random, std::size_t count) {
  std::vector<submitted_reading> out;
  while (out.size() < count) {
    const auto form = random.below(3);
    const auto length = random.between<std::int32_t>(1, 60);
    const auto meter = random.below(1000);
    const auto period = random.between<std::int32_t>(1, 4'000'000);
    const auto q = static_cast<quantity>(random.below(quantity_count));
    for (std::int32_t i = 0; i < length; ++i) {
      submitted_reading r = form == 0 ? reading_of(meter, period + i, 0) : reading_of(random.below(1000), period, 0);
      if (form == 2)
        r.period = {random.between<std::int32_t>(1, 4'000'000)};
      r.quantity = q;
      r.content.wh = random.chance(1, 10) ? random.between<std::int64_t>(-1'000'000'000'000'000, 1'000'000'000'000'000)
                                          : random.between<std::int64_t>(0, 2000);
      if (random.chance(1, 10)) {
        r.version = static_cast<std::uint16_t>(random.between<std::uint32_t>(1, version_limit));
        r.content.quality = {static_cast<std::uint8_t>(random.below(quality_count))};
        r.content.reasons = {static_cast<std::uint8_t>(random.below(last_estimation_reason + 1)),
                             random.chance(1, 2) ? 'A' : '\0'};
      }
      out.push_back(r);
    }
  }
  out.resize(count);
  return out;
}

} // namespace gridtwin::testing
