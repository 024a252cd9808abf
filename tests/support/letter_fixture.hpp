#pragma once

#include "src/store/commit.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/test_readings.hpp"
#include "twins/mpan.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <string>
#include <tuple>

namespace gridtwin::testing {

/// A dead letter of the tests' n-th meter, as its transformer's actor makes it: `line` of the run's first source.
inline dead_letter letter_of(std::uint64_t n, std::uint64_t line, std::uint32_t attempts = 3,
                             letter_cause cause = letter_cause::threw, const std::string& reason = "it threw") {
  dead_letter out;
  out.reading.period = {983'137};
  out.reading.content = actual_of(250);
  out.input = {1,
               line,
               0,
               verdict::twin_failed,
               to_string(test_mpan(n)),
               "AI",
               format_period(out.reading.period),
               reason,
               "raw line " + std::to_string(line)};
  out.twin = {static_cast<std::uint32_t>(n)};
  out.cause = cause;
  out.attempts = attempts;
  return out;
}

/// One whose every field is at random, its bounds among them.
inline dead_letter random_letter(seeded_random& random) {
  dead_letter out;
  reading& r = out.reading;
  r.quantity = static_cast<quantity>(random.below(quantity_count));
  r.period.number = random.chance(1, 8) ? last_storable_period.number
                                        : random.between(first_storable_period.number, last_storable_period.number);
  r.version = random.chance(1, 8) ? version_limit : random.between<std::uint32_t>(1, 5);
  r.content.wh = random.chance(1, 4) ? static_cast<std::int64_t>(random.bits()) : random.between(-10, 70'000);
  r.content.quality.code = static_cast<std::uint8_t>(random.below(quality_count));
  r.content.reasons.estimation = static_cast<std::uint8_t>(random.below(256));
  r.content.reasons.amendment = static_cast<char>(random.below(256));
  out.input.source = random.chance(1, 8) ? 0xFFFF'FFFF : random.between<std::uint32_t>(1, 3);
  out.input.line = random.chance(1, 8) ? random.bits() >> 1 : random.between<std::uint64_t>(1, 1'000'000);
  out.input.item = static_cast<std::uint8_t>(random.below(256));
  out.input.verdict = verdict::twin_failed;
  out.input.meter = to_string(test_mpan(random.below(1'000)));
  out.input.quantity = name_of(r.quantity);
  out.input.period_end = format_period(r.period);
  out.input.detail = random.bytes(static_cast<std::size_t>(random.below(20)));
  out.input.raw = random.bytes(static_cast<std::size_t>(random.below(80)));
  out.twin.value = static_cast<std::uint32_t>(random.bits() >> random.between(32, 63));
  out.cause = static_cast<letter_cause>(random.below(letter_cause_count));
  out.attempts = static_cast<std::uint32_t>(random.bits() >> random.between(32, 63));
  return out;
}

/// All that a letter says, to compare.
inline auto fields_of(const dead_letter& l) {
  return std::tuple(std::tuple(l.input.source, l.input.line, l.input.item, l.input.verdict, l.input.meter,
                               l.input.quantity, l.input.period_end, l.input.detail, l.input.raw),
                    std::tuple(l.reading.quantity, l.reading.period, l.reading.version, key_of(l.reading.content)),
                    std::tuple(l.twin, l.cause, l.attempts));
}

} // namespace gridtwin::testing
