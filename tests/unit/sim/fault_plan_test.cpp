#include "sim/fault_plan.hpp"

#include <doctest/doctest.h>

using namespace gridtwin;

TEST_CASE("fault rates are read exactly") {
  const auto rates = parse_fault_rates("gap=0.01, off-grid=1,null=0.000000001");
  REQUIRE(rates);
  CHECK(rates->of(fault::gap) == 10'000'000);
  CHECK(rates->of(fault::off_grid) == always_ppb);
  CHECK(rates->of(fault::null) == 1);
  CHECK(rates->of(fault::outage) == 0);
  CHECK(*parse_fault_rates("all") == usual_fault_rates());
  CHECK(*parse_fault_rates("") == fault_rates{});
  CHECK(*parse_fault_rates("all,none") == fault_rates{});
  const auto mixed = parse_fault_rates("all,gap=0.2");
  REQUIRE(mixed);
  CHECK(mixed->of(fault::gap) == 200'000'000);
  CHECK(mixed->of(fault::conflict) == usual_fault_rates().of(fault::conflict));
}

TEST_CASE("fault rates that make no sense are refused") {
  for (const char* text : {"gap", "gap=", "gap=2", "gap=-0.1", "gap=x", "gap=0.0000000001", "=1"}) {
    CAPTURE(text);
    CHECK(!parse_fault_rates(text));
  }
  const auto unknown = parse_fault_rates("gaps=0.1");
  REQUIRE(!unknown);
  CHECK(unknown.failure().code == errc::usage);
  CHECK(unknown.failure().message.find("unknown-meter") != std::string::npos);
}

TEST_CASE("faults come about as often as their rate says") {
  const auto rates = parse_fault_rates("gap=0.1,conflict=0.01,outage=0.05");
  REQUIRE(rates);
  const fault_plan plan(1, *rates);
  const std::uint64_t series = plan.series_key({1'200'000'000'000}, quantity::active_import);
  transformer_info at;
  at.id = "T1";
  const std::uint64_t feeder = plan.outage_key(at, "01");
  int gaps = 0;
  int conflicts = 0;
  int outages = 0;
  for (std::int32_t p = 1; p <= 100'000; ++p) {
    const fault_set found = plan.faults_of(fault_plan::cell_key(series, {p}));
    gaps += found.has(fault::gap) ? 1 : 0;
    conflicts += found.has(fault::conflict) ? 1 : 0;
    CHECK(!found.has(fault::duplicate));
    const int length = plan.outage_starting(feeder, {p});
    CHECK(length <= longest_outage);
    outages += length > 0 ? 1 : 0;
  }
  CHECK(gaps > 9'000);
  CHECK(gaps < 11'000);
  CHECK(conflicts > 800);
  CHECK(conflicts < 1'200);
  CHECK(outages > 4'500);
  CHECK(outages < 5'500);
}
