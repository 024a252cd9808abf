#include "twins/rule_table.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

TEST_CASE("rule_table: every rule of the contract, in its order, then the warnings") {
  // As the contract lists them.
  constexpr std::string_view contract =
    "unparseable unknown-meter unknown-quantity null-value nonexistent-local-time ambiguous-local-time off-grid "
    "duration "
    "day-not-midnight duplicate-in-message overlap label-suspect negative over-maximum wrong-event "
    "zero-estimate-not-zero reason-missing amendment-reason-missing not-appointed status deenergised-estimate "
    "before-connection future past-final-run over-alarm deenergised-consumption ";
  std::string found;
  for (const rule_row& row : rule_table())
    found += std::string(row.code) + " ";
  CHECK(found == contract);
}

TEST_CASE("rule_table: what is quarantined is what may become valid; each row is a verdict or a warning") {
  std::string quarantined;
  for (const rule_row& row : rule_table()) {
    CAPTURE(row.code);
    CHECK(row.verdict.has_value() != row.warning.has_value());
    CHECK(row.warning.has_value() == (row.severity == rule_severity::warn));
    if (row.severity == rule_severity::quarantine)
      quarantined += std::string(row.code) + " ";
    if (row.verdict) {
      CHECK(parse_verdict(row.code) == row.verdict);
      CHECK(row.ecs == ecs_code_of(*row.verdict));
    }
  }
  CHECK(quarantined == "unknown-meter label-suspect not-appointed future ");
}

TEST_CASE("rule_table: stages and severities have names") {
  CHECK(name_of(rule_stage::decode) == "decode");
  CHECK(name_of(rule_stage::timetable) == "timetable");
  CHECK(name_of(rule_severity::reject) == "reject");
  CHECK(name_of(rule_severity::warn) == "warn");
  CHECK(rule_table()[13].stage == rule_stage::twin);
  CHECK(rule_table()[13].ecs == "ECS1012");
  CHECK(rule_table()[7].stage == rule_stage::message);
}
