#include "twins/codes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;

namespace {

const std::vector<std::string_view> published_qualities{
  "A",   "E",   "E0",   "E1",   "E2",   "E3",   "E4",   "E5",   "E6",   "E7",   "E8",   "E9",  "ZE",
  "ZE1", "ZE2", "ZE3",  "A1",   "A2",   "A3",   "EA1",  "EA2",  "EA3",  "EA4",  "EA5",  "EA6", "EA7",
  "EA8", "EA9", "EA10", "EA11", "EA12", "EA13", "AAE1", "AAE2", "AAE3", "EAE1", "EAE2", "EAE3"};

struct contract_code {
  std::string_view name;
  std::string_view ecs;
};

/// The contract's order of checks.
const std::vector<contract_code> contract_codes{{"unparseable", ""},
                                                {"unknown-meter", ""},
                                                {"unknown-quantity", ""},
                                                {"null-value", ""},
                                                {"nonexistent-local-time", ""},
                                                {"ambiguous-local-time", ""},
                                                {"off-grid", "ECS1005"},
                                                {"duration", "ECS1004"},
                                                {"day-not-midnight", "ECS1014"},
                                                {"duplicate-in-message", "ECS1006"},
                                                {"overlap", "ECS1007"},
                                                {"label-suspect", ""},
                                                {"negative", "ECS1010"},
                                                {"over-maximum", "ECS1012"},
                                                {"wrong-event", "ECS1002"},
                                                {"zero-estimate-not-zero", "ECS1011"},
                                                {"reason-missing", "ECS1015"},
                                                {"amendment-reason-missing", "ECS1016"},
                                                {"not-appointed", "ECS1001"},
                                                {"status", "ECS1009"},
                                                {"deenergised-estimate", "ECS1008"},
                                                {"before-connection", "ECS1013"},
                                                {"future", ""},
                                                {"past-final-run", "ECS1003"},
                                                {"duplicate", ""},
                                                {"conflict", ""},
                                                {"accepted", ""}};

} // namespace

TEST_CASE("codes: the 38 published qualities and no other") {
  CHECK(published_qualities.size() == quality_count);
  std::set<std::uint8_t> seen;
  for (const std::string_view name : published_qualities) {
    CAPTURE(name);
    const auto q = parse_quality(name);
    REQUIRE(q);
    CHECK(name_of(*q) == name);
    CHECK(q->code < quality_count);
    CHECK(name.size() <= 4); // as much as a leaf of the hash tree has room for
    seen.insert(q->code);
  }
  CHECK(seen.size() == quality_count);
  for (const std::string_view name :
       {"", "a", "A4", "A0", "E10", "ZE0", "ZE4", "EA0", "EA14", "AAE0", "AAE4", "EAE4", " A", "A ", "AE", "AI"})
    CHECK(!parse_quality(name));
}

TEST_CASE("codes: actual values and estimates and zero estimates") {
  CHECK(name_of(actual) == "A");
  const std::set<std::string_view> actuals{"A", "A1", "A2", "A3", "AAE1", "AAE2", "AAE3"};
  const std::set<std::string_view> zeros{"ZE", "ZE1", "ZE2", "ZE3"};
  for (const std::string_view name : published_qualities) {
    CAPTURE(name);
    CHECK(is_actual(*parse_quality(name)) == actuals.contains(name));
    CHECK(is_zero_estimate(*parse_quality(name)) == zeros.contains(name));
  }
}

TEST_CASE("codes: quantities") {
  CHECK(parse_quantity("AI") == quantity::active_import);
  CHECK(parse_quantity("AE") == quantity::active_export);
  CHECK(parse_quantity("RI") == quantity::reactive_import);
  CHECK(parse_quantity("RE") == quantity::reactive_export);
  for (const std::string_view name : {"", "ai", "A", "AI ", "XX"})
    CHECK(!parse_quantity(name));
  std::uint8_t all = 0;
  for (const quantity q : quantities_by_name) {
    CHECK(parse_quantity(name_of(q)) == q);
    all |= mask_of(q);
  }
  CHECK(all == 0x0F);
  CHECK(std::is_sorted(quantities_by_name.begin(), quantities_by_name.end(),
                       [](quantity a, quantity b) { return name_of(a) < name_of(b); }));
}

TEST_CASE("codes: reasons for amendment") {
  const std::string letters = "AEMRSTX";
  for (int c = 0; c < 128; ++c)
    CHECK(is_amendment_reason(static_cast<char>(c))
          == (c != 0 && letters.find(static_cast<char>(c)) != std::string::npos));
}

TEST_CASE("codes: verdicts stand in the order of the contract with the codes of central settlement") {
  std::size_t previous = 0;
  for (std::size_t i = 0; i < contract_codes.size(); ++i) {
    const auto& [name, ecs] = contract_codes[i];
    CAPTURE(name);
    const auto v = parse_verdict(name);
    REQUIRE(v);
    CHECK(name_of(*v) == name);
    CHECK(ecs_code_of(*v) == ecs);
    CHECK((i == 0 || index_of(*v) > previous));
    previous = index_of(*v);
  }
  CHECK(index_of(verdict::accepted) + 1 == verdict_count);
  CHECK(!parse_verdict(""));
  CHECK(!parse_verdict("Accepted"));
  CHECK(!parse_verdict("over_maximum"));
}

TEST_CASE("codes: every verdict has its own name and is counted in one way") {
  const std::set<std::string_view> quarantined{"unknown-meter", "not-appointed", "label-suspect", "future",
                                               "twin-failed"};
  const std::set<std::string_view> neither{"duplicate", "conflict", "accepted"};
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < verdict_count; ++i) {
    const auto v = static_cast<verdict>(i);
    const std::string_view name = name_of(v);
    CAPTURE(name);
    CHECK(parse_verdict(name) == v);
    CHECK(is_quarantined(v) == quarantined.contains(name));
    CHECK(is_rejected(v) == (!quarantined.contains(name) && !neither.contains(name)));
    names.insert(name);
  }
  CHECK(names.size() == verdict_count);
}
