#include "src/messages/message_checks.hpp"

#include "tests/support/message_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using texts = std::vector<std::string>;

const std::string custom = "$.payload.CustomBlock.";
const std::string day = custom + "B900.settlementDayConsumptionPeriods[0].";
const std::string entry = day + "consumptionPeriods[20].";

template <class Bend>
texts found(Bend bend) {
  if021_message m = example_message();
  bend(m, m.consumption.days[0].entries[20]);
  texts out;
  for (const message_fault& f : faults_by_rule(m, "$", 100))
    out.push_back(f.path + ": " + f.what);
  return out;
}

} // namespace

TEST_CASE("message checks: what rules object to is told by its code and the path of the field") {
  CHECK(found([](if021_message&, consumption_entry&) {}).empty());
  CHECK(found([](if021_message&, consumption_entry& e) { e.content.wh = -1; })
        == texts{entry + "v: breaks the rule negative (ECS1010)"});
  CHECK(found([](if021_message&, consumption_entry& e) {
          e.content = {1, quality_named("ZE1"), {2, 0}};
        })
        == texts{entry + "v: breaks the rule zero-estimate-not-zero (ECS1011)"});
  CHECK(found([](if021_message&, consumption_entry& e) {
          e.content = {1, quality_named("E3"), {}};
        })
        == texts{entry + "e: breaks the rule reason-missing (ECS1015)"});
  CHECK(found([](if021_message&, consumption_entry& e) {
          e.content = {1, quality_named("E3"), {9, 0}};
        })
        == texts{entry + "arc: breaks the rule amendment-reason-missing (ECS1016)"});
  CHECK(found([](if021_message&, consumption_entry& e) { e.end_s += 60; })
        == texts{entry + "sp: breaks the rule off-grid (ECS1005)",
                 day + "consumptionPeriods[21].sp: breaks the rule overlap (ECS1007)"});
  CHECK(found([](if021_message&, consumption_entry& e) { e.end_s -= 1800; }).size() == 2); // both of them (ECS1006)
  CHECK(found([](if021_message& m, consumption_entry&) { m.consumption.quantity = quantity::reactive_import; })
        == texts{custom + "B900.MQID.measurementQuantityID: breaks the rule wrong-event (ECS1002)"});
  CHECK(found([](if021_message& m, consumption_entry&) { m.consumption.days[0].duration_minutes = 15; })
        == texts{day + "settlementDay.periodDuration: breaks the rule duration (ECS1004)"});
  CHECK(found([](if021_message& m, consumption_entry&) { m.consumption.days[0].day_s += 3600; }).front()
        == day + "settlementDay.settlementDayDate: breaks the rule day-not-midnight (ECS1014)");
}

TEST_CASE("message checks: ENV-09 half hours from before the connection") {
  CHECK(found([](if021_message& m, consumption_entry&) { m.consumption.connection_from_s = instant("2026-07-01"); })
        == texts{custom + "B067.connectionTypeEffectiveFromDate: breaks the rule before-connection (ECS1013)"});
}

TEST_CASE("message checks: rules that need the meter are not asked, and faults are bounded") {
  CHECK(found([](if021_message&, consumption_entry& e) { e.content.wh = 900'000'000'000; }).empty());
  CHECK(found([](if021_message& m, consumption_entry&) {
          for (consumption_entry& e : m.consumption.days[0].entries)
            e.content.wh = -1;
        }).size()
        == 48);
  if021_message m = example_message();
  for (consumption_entry& e : m.consumption.days[0].entries)
    e.content.wh = -1;
  CHECK(faults_by_rule(m, "$[3]", 10).size() == 11);
  CHECK(faults_by_rule(m, "$[3]", 10)[0].path.starts_with("$[3].payload."));
}
