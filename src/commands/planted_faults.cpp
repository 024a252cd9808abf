#include "src/commands/planted_faults.hpp"

#ifndef GRIDTWIN_PLANT_FAULTS

namespace gridtwin {

run_context::assess_function planted_faults() { return nullptr; }

} // namespace gridtwin

#else

#include "twins/counter_random.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gridtwin {

namespace {

/// What GRIDTWIN_FAULTS says: `name=number`, separated by commas. A program that is asked for faults it does not know
/// ends.
struct fault_settings {
  std::uint64_t seed = 1;
  std::uint32_t throws_ppm = 0; ///< of readings; the first attempt at one throws, or the first two
  std::uint32_t sick_ppm = 0;   ///< of meters; every other attempt at a reading of theirs throws
  std::int64_t poison_wh = -1;  ///< a value on which a twin always throws
  std::int64_t abort_wh = -1;   ///< ... that ends the process
  std::int64_t loop_wh = -1;    ///< ... from which nobody comes back
};

fault_settings read_settings() {
  fault_settings out;
  const char* const given = std::getenv("GRIDTWIN_FAULTS");
  for (std::string_view rest = given == nullptr ? "" : given; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::string_view name = one.substr(0, one.find('='));
    const long long value = std::atoll(std::string(one.substr(std::min(one.size(), name.size() + 1))).c_str());
    if (name == "seed")
      out.seed = static_cast<std::uint64_t>(value);
    else if (name == "throws_ppm")
      out.throws_ppm = static_cast<std::uint32_t>(value);
    else if (name == "sick_ppm")
      out.sick_ppm = static_cast<std::uint32_t>(value);
    else if (name == "poison_wh")
      out.poison_wh = value;
    else if (name == "abort_wh")
      out.abort_wh = value;
    else if (name == "loop_wh")
      out.loop_wh = value;
    else {
      std::fprintf(stderr, "GRIDTWIN_FAULTS: what is %s?\n", std::string(one).c_str());
      std::abort();
    }
  }
  return out;
}

const fault_settings& settings() {
  static const fault_settings read = read_settings();
  return read;
}

constexpr std::uint32_t million = 1'000'000;

/// How often this thread was asked for a reading, one time behind the other.
std::uint64_t attempt_at(const reading& r, std::uint64_t meter) noexcept {
  thread_local std::uint64_t last_meter = 0;
  thread_local reading last;
  thread_local std::uint64_t attempts = 0;
  attempts = meter == last_meter && r == last ? attempts + 1 : 1;
  last_meter = meter;
  last = r;
  return attempts;
}

std::uint64_t key_of(const reading& r, std::uint64_t meter) noexcept {
  const std::uint64_t half_hour =
    static_cast<std::uint64_t>(r.period.number) << 20 | index_of(r.quantity) << 16 | r.version;
  return draw(mix64(settings().seed + 1) ^ meter, half_hour);
}

bool is_sick(std::uint64_t meter) noexcept {
  return below(draw(mix64(settings().seed), meter), million) < settings().sick_ppm;
}

assessment judge_with_faults(meter_twin& twin, const reading& r, const connection& meter, const rule_limits& limits) {
  const fault_settings& s = settings();
  if (r.content.wh == s.abort_wh)
    std::abort();
  for (volatile bool for_ever = true; r.content.wh == s.loop_wh && for_ever;)
    ;
  const std::uint64_t attempt = attempt_at(r, meter.mpan.number);
  const std::uint64_t key = key_of(r, meter.mpan.number);
  const std::uint64_t chance = draw(key, attempt);
  const bool throws = r.content.wh == s.poison_wh || (below(key, million) < s.throws_ppm && attempt <= 1 + (key & 1))
                      || (is_sick(meter.mpan.number) && (chance & 1) != 0);
  if (!throws)
    return twin.assess(r, meter, limits);
  if ((chance & 2) != 0)
    twin.assess(r, meter, limits); // leaves its state half done, too
  throw std::runtime_error("planted fault");
}

} // namespace

run_context::assess_function planted_faults() {
  return std::getenv("GRIDTWIN_FAULTS") == nullptr ? nullptr : judge_with_faults;
}

} // namespace gridtwin

#endif
