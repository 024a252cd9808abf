#include "src/messages/message_reader.hpp"

#include "src/messages/message_fields.hpp"
#include "tests/support/message_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using texts = std::vector<std::string>;

const std::string good = text_of(example_message());
const std::string custom = "$.payload.CustomBlock.";
const std::string days = custom + "B900.settlementDayConsumptionPeriods";

void refused(std::string_view part, std::string_view other, const std::string& fault) {
  CAPTURE(part);
  CAPTURE(other);
  CHECK(faults_of(with(good, part, other)) == texts{fault});
}

bool passes(const std::string& text) { return faults_of(text).empty(); }

} // namespace

TEST_CASE("message reader: a good message, alone, in a list, and pretty") {
  CHECK(passes(good));
  const read_request two = message_reader().read("[" + good + " ,\n" + good + "]\n");
  REQUIRE(two.messages.size() == 2);
  REQUIRE(two.messages[1].message);
  CHECK(same_message(*two.messages[1].message, example_message()));
  CHECK(two.messages[1].place.offset == good.size() + 4);
  CHECK(two.messages[1].place.size == good.size());
  CHECK(passes(with(good, "{\"payload\":{", "{\n  \"payload\" : \r\n\t{ ")));
}

TEST_CASE("message reader: the order of keys means nothing, and keys may be escaped") {
  const std::string turned =
    with(good, R"("sp":"2026-06-15T00:30:00+00:00","v":"9.901")", R"("v":"9.901","sp":"2026-06-15T00:30:00+00:00")");
  REQUIRE(turned != good);
  const read_request read = message_reader().read(with(turned, "\"subText\"", R"("sub\u0054ext")"));
  REQUIRE(read.messages.at(0).message);
  CHECK(same_message(*read.messages[0].message, example_message()));
}

TEST_CASE("message reader: each field that is wrong is told by its path") {
  const std::string common = "$.payload.CommonBlock.";
  const std::string s1 = common + "S1.";
  refused("IF-021\"", "IF-013\"", common + "S0.interfaceID: must be 'IF-021', is 'IF-013'");
  refused("\"011\"", "\"010\"", common + "S0.schemaVersion: must be '011', is '010'");
  refused("\"011\"", "11", common + "S0.schemaVersion: must be a text, is a number");
  refused("[ActivePower]", "ActivePower",
          common + "S0.eventCode: must be [ActivePower] or [ReactivePower], with the brackets, is 'ActivePower'");
  refused("\"DEV\"", "\"TEST\"", s1 + "environmentTag: must be one of PRD, SITB, SIT, UIT and DEV, is 'TEST'");
  refused("\"subText\":null", "\"subText\":\"\"", s1 + "subText: must be 1 to 500 characters, is ''");
  refused("\"SDS\"", "\"sds\"", s1 + "senderRoleID: must be 3 to 5 capital letters, is 'sds'");
  refused("\"senderDIPID\":\"1401234567\"", "\"senderDIPID\":\"140123456\"",
          s1 + "senderDIPID: must be a DIP id of 10 letters or digits, is '140123456'");
  refused("\"senderCorrelationID\":null", "\"senderCorrelationID\":7",
          s1 + "senderCorrelationID: must be a text, is a number");
  refused("[\"2300000001\"]", "[\"2300000001\",null]",
          common + "A0.primaryRecipients[1]: must be a DIP id of 10 letters or digits");
  refused("\"always\":[]", "\"always\":{}", common + "A0.always: must be a list, is an object");
  refused("2000056535971", "200005653597", common + "M0.MPANCore: must be 13 digits, is '200005653597'");
  refused("\"connectionTypeIndicator\":\"W\"", "\"connectionTypeIndicator\":\"X\"",
          custom + "B067.connectionTypeIndicator: must be one of W, L, H, E and U, is 'X'");
  refused("\"AI\"", "\"AX\"", custom + "B900.MQID.measurementQuantityID: must be one of AI, AE, RI and RE, is 'AX'");
  refused("\"periodDuration\":30", "\"periodDuration\":\"30\"",
          days + "[0].settlementDay.periodDuration: must be a whole number of minutes, 30");
  const std::string third = days + "[0].consumptionPeriods[2].";
  refused("\"9.903\"", "9.903", third + "v: must be a text, is a number");
  refused("\"9.903\"", "\"9.9\"", third + "v: must be a decimal with 1 to 9 digits, a point and 3 digits, is '9.9'");
  refused("\"9.903\",\"q\":\"A\"", "\"9.903\",\"q\":\"B\"",
          third + "q: must be a settlement period quality, as A or E3, is 'B'");
  refused("\"9.903\",\"q\":\"A\",\"e\":null", "\"9.903\",\"q\":\"A\",\"e\":\"11\"",
          third + "e: must be null or an estimation reason, \"1\" to \"10\"");
  refused("\"9.903\",\"q\":\"A\",\"e\":null,\"arc\":null", "\"9.903\",\"q\":\"A\",\"e\":null,\"arc\":\"B\"",
          third + "arc: must be null or one of A, E, M, R, S, T and X, is 'B'");
}

TEST_CASE("message reader: ENV-01 unknown keys, missing keys and keys that are there twice") {
  refused("\"S1\":{", "\"S1\":{\"more\":1,", "$.payload.CommonBlock.S1.more: is no key of the schema");
  refused("\"subText\":null,", "", "$.payload.CommonBlock.S1.subText: is missing");
  refused("\"subText\":null,", "\"subText\":null,\"subText\":null,",
          "$.payload.CommonBlock.S1.subText: is there twice");
  CHECK(faults_of(with(good, "\"subText\"", "\"subtext\""))
        == texts{"$.payload.CommonBlock.S1.subtext: is no key of the schema",
                 "$.payload.CommonBlock.S1.subText: is missing"});
  CHECK(faults_of("{}") == texts{"$.payload: is missing"});
  CHECK(faults_of("[{},7]") == texts{"$[0].payload: is missing", "$[1]: must be an object, is a number"});
  CHECK(faults_of(R"({"payload":{"CommonBlock":null,"CustomBlock":[]}})")
        == texts{"$.payload.CommonBlock: must be an object, is null",
                 "$.payload.CustomBlock: must be an object, is a list"});
}

TEST_CASE("message reader: ENV-07 keys that may be null must be there") {
  for (const std::string key : {"\"e\":null,", ",\"arc\":null"})
    CHECK(faults_of(with(good, key, "")).size() == 1);
  for (const std::string key : {"\"senderCorrelationID\":null,", ",\"DIPConnectionProviderID\":null"})
    CHECK(faults_of(with(good, key, "")).size() == 1);
}

TEST_CASE("message reader: all faults of a message are told, up to a bound") {
  std::string bad = good;
  for (std::size_t at = 0; (at = bad.find("\"q\":\"A\"", at)) != std::string::npos; ++at)
    bad.replace(at, 7, "\"q\":\"?\"");
  CHECK(faults_of(bad).size() == 48);
  const std::string day = bad.substr(bad.find("{\"settlementDay\""), bad.size() - 5 - bad.find("{\"settlementDay\""));
  std::string three = bad;
  three.insert(three.size() - 5, "," + day + "," + day);
  const texts faults = faults_of(three);
  REQUIRE(faults.size() == 101);
  CHECK(faults[99] == days + "[2].consumptionPeriods[3].q: must be a settlement period quality, as A or E3, is '?'");
  CHECK(faults[100] == "$: has more faults than these");
}

TEST_CASE("message reader: what is no JSON, too deep, too long, too many, or nothing") {
  CHECK(faults_of("") == texts{"$: is empty; must be a message or a list of messages"});
  CHECK(faults_of("[]") == texts{"$: has 0 messages; must have 1 to 2000"});
  CHECK(faults_of(std::string(20, '[') + std::string(20, ']')) == texts{"$: is nested deeper than any message"});
  for (const std::string text : {"{", "[{]", "nul", "{\"a\":1}}", "{'a':1}", "\xff", "\"\xff\"", "[1,]"}) {
    CAPTURE(text);
    const texts faults = faults_of(text);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].starts_with("$: is no JSON: "));
  }
  message_reader_options small;
  small.bytes = good.size() - 1;
  CHECK(faults_of(good, small).size() == 1);
  small.bytes = good.size();
  CHECK(faults_of(good, small).empty());
  small.messages = 1;
  small.bytes = 3 * good.size();
  CHECK(faults_of("[" + good + "," + good + "]", small) == texts{"$: has 2 messages; must have 1 to 1"});
  for (std::size_t size = 0; size < good.size();
       size += 7) // each ends in mid-air, and the memory behind it is another's
    CHECK(faults_of(std::string(good.data(), size)).size() == 1);
}

TEST_CASE("message reader: one reader reads on after what is bad, short or long") {
  message_reader reader;
  std::string long_one = "[" + good;
  for (int i = 0; i < 30; ++i)
    long_one += "," + good;
  for (const std::string& text : {good, std::string("{"), long_one + "]", std::string(), good}) {
    const read_request read = reader.read(text);
    CHECK(read.faults.empty() == (text.size() > 1));
    for (const read_message& m : read.messages)
      CHECK(m.message);
  }
}

TEST_CASE("message reader: DL-04 one bad message does not sink the rest of a request") {
  std::string request = "[";
  for (int i = 0; i < 10; ++i)
    request += (i == 0 ? "" : ",") + (i == 6 ? with(good, "\"9.901\"", "\"9,901\"") : good);
  const read_request read = message_reader().read(request + "]");
  REQUIRE(read.messages.size() == 10);
  std::size_t accepted = 0;
  for (const read_message& m : read.messages)
    accepted += m.message ? 1 : 0;
  CHECK(accepted == 9);
  REQUIRE(read.messages[6].faults.size() == 1);
  CHECK(read.messages[6].faults[0].path
        == "$[6].payload.CustomBlock.B900.settlementDayConsumptionPeriods[0]"
           ".consumptionPeriods[0].v");
}

TEST_CASE("message reader: ID-02 wrong check digits: quarantined by default, a fault if strict, counted in any") {
  const std::string wrong = with(good, "2000056535971", "2000056535972");
  message_reader by_default;
  const read_request set_apart = by_default.read(wrong);
  CHECK(set_apart.messages.at(0).message);
  CHECK(set_apart.messages[0].quarantined);
  CHECK(by_default.wrong_check_digits() == 1);
  message_reader_options options;
  options.check_digits = check_digit_mode::log;
  message_reader logging(options);
  const read_request logged = logging.read("[" + wrong + "," + good + "," + wrong + "]");
  for (const read_message& m : logged.messages) {
    CHECK(m.message);
    CHECK(!m.quarantined);
  }
  CHECK(logging.wrong_check_digits() == 2);
  options.check_digits = check_digit_mode::strict;
  CHECK(faults_of(wrong, options).size() == 1);
  CHECK(faults_of(good, options).empty());
}

TEST_CASE("message reader: ID-03 the GSP group is the message's, also of an independent network") {
  const std::string of_idno =
    with(with(good, "2000056535971",
              to_string(mpan{2'400'000'000'010 + static_cast<std::uint64_t>(check_digit(240'000'000'001))})),
         "\"_H\"", "\"_A\"");
  const read_request read = message_reader().read(of_idno);
  REQUIRE(read.messages.at(0).message);
  CHECK(!read.messages[0].quarantined);
  CHECK(read.messages[0].message->envelope.gsp_group == 'A');
  refused(",\"GSPGroupID\":\"_H\"", "", "$.payload.CommonBlock.M0.GSPGroupID: is missing");
}

TEST_CASE("message reader: ID-04 fourteen GSP groups and no other") {
  for (const char letter : std::string("ABCDEFGHJKLMNP"))
    CHECK(passes(with(good, "\"_H\"", std::string("\"_") + letter + "\"")));
  for (const std::string group : {"_I", "_O", "A", "_Q", "_a", "", "_", "_AA"})
    refused("\"_H\"", "\"" + group + "\"",
            "$.payload.CommonBlock.M0.GSPGroupID: must be one of _A to _P, without _I and _O, is '" + group + "'");
}

TEST_CASE("message reader: ID-06 DIP ids have ten characters, MPIDs four capital letters") {
  for (const std::string id : {"", "140123456", "14012345678", "14012345 7", "14012345é", "140123456\\n"})
    CHECK(
      faults_of(with(good, "\"issuingDataServiceDIPID\":\"1401234567\"", "\"issuingDataServiceDIPID\":\"" + id + "\""))
        .size()
      == 1);
  CHECK(is_mpid("SUPP"));
  for (const std::string_view id : {"SUP", "SUPPL", "supp", "SUP1", ""})
    CHECK(!is_mpid(id));
}

TEST_CASE("message reader: ENV-03 an instant has 25 characters, of half hours in UTC") {
  for (const std::string sp : {"2026-06-15T00:30:00Z", "2026-06-15T00:30:00.000+00:00", "2026-06-15T00:30+00:00",
                               "2026-06-15 00:30:00+00:00", "2026-02-30T00:30:00+00:00", "2026-06-15T24:30:00+00:00"})
    CHECK(faults_of(with(good, "2026-06-15T00:30:00+00:00", sp)).size() == 1);
  refused("\"sp\":\"2026-06-15T00:30:00+00:00\"", "\"sp\":\"2026-06-15T01:30:00+01:00\"",
          days
            + "[0].consumptionPeriods[0].sp: must be in UTC, with the offset +00:00, is '2026-06-15T01:30:00+01:00'");
  refused("\"settlementDayDate\":\"2026-06-15T00:00:00+00:00\"", "\"settlementDayDate\":\"2026-06-15T01:00:00+01:00\"",
          days
            + "[0].settlementDay.settlementDayDate: must be in UTC, with the offset +00:00, is "
              "'2026-06-15T01:00:00+01:00'");
  const read_request read = message_reader().read(
    with(good, "\"2020-01-01T00:00:00+00:00\"", "\"2020-06-01T00:00:00+01:00\"")); // instants are compared, not texts
  REQUIRE(read.messages.at(0).message);
  CHECK(read.messages[0].message->consumption.connection_from_s == instant("2020-05-31T23:00:00Z"));
}

TEST_CASE("message reader: ENV-06 an event in brackets, or in a list as once it was") {
  CHECK(passes(with(good, "\"[ActivePower]\"", "[\"[ActivePower]\"]")));
  CHECK(passes(with(good, "[ActivePower]", "[ReactivePower]"))); // that AI is none of it, a rule says
  for (const std::string event :
       {"[]", "[\"[ActivePower]\",\"[ActivePower]\"]", "[1]", "[[\"[ActivePower]\"]]", "null"})
    CHECK(faults_of(with(good, "\"[ActivePower]\"", event)).size() == 1);
}

TEST_CASE("message reader: ENV-08 at most 200 days and 48 half hours in a day, and one of each at least") {
  const std::size_t begin = good.find("{\"settlementDay\"");
  const std::string day = good.substr(begin, good.size() - 5 - begin);
  REQUIRE(day.ends_with("]}"));
  std::string most = good;
  for (int i = 1; i < 200; ++i)
    most.insert(most.size() - 5, "," + day);
  CHECK(passes(most));
  most.insert(most.size() - 5, "," + day);
  CHECK(faults_of(most) == texts{days + ": has 201 days; must have 1 to 200"});
  CHECK(faults_of(with(good, day, "")) == texts{days + ": has 0 days; must have 1 to 200"});
  const std::string entry = R"({"sp":"2026-06-15T00:30:00+00:00","v":"9.901","q":"A","e":null,"arc":null})";
  refused(entry, entry + "," + entry, days + "[0].consumptionPeriods: has 49 periods; must have 1 to 48");
  CHECK(passes(with(good, entry + ",", ""))); // a part of a day is allowed
}

TEST_CASE("message reader: ENV-10 production and everything else never mix") {
  const std::vector<std::tuple<environment_tag, std::string, bool>> cases{
    {environment_tag::production, "PRD", true},    {environment_tag::production, "DEV", false},
    {environment_tag::production, "SIT", false},   {environment_tag::development, "PRD", false},
    {environment_tag::development, "UIT", true},   {environment_tag::integration, "PRD", false},
    {environment_tag::integration_b, "DEV", true}, {environment_tag::user_integration, "SITB", true}};
  for (const auto& [here, tag, fits] : cases) {
    message_reader_options options;
    options.environment = here;
    CAPTURE(tag);
    CHECK(faults_of(with(good, "\"DEV\"", "\"" + tag + "\""), options).empty() == fits);
    CHECK(passes(with(good, "\"DEV\"", "\"" + tag + "\""))); // whoever only checks the form runs nowhere
  }
}

TEST_CASE("message reader: a published message has the platform's block, whole") {
  const std::string block = R"("D0":{"transactionID":"T","transactionTimestamp":"2026-06-16T02:16:00+00:00",)"
                            R"("publicationID":"PUB-021","initialCorrelationID":null,"replayIndicator":true,)"
                            R"("serviceTicketURL":null},)";
  const read_request read = message_reader().read(with(good, "\"M0\":", block + "\"M0\":"));
  REQUIRE(read.messages.at(0).message);
  REQUIRE(read.messages[0].message->envelope.published);
  CHECK(read.messages[0].message->envelope.published->replay);
  refused("\"M0\":", with(block, "true", "\"true\"") + "\"M0\":",
          "$.payload.CommonBlock.D0.replayIndicator: must be true or false, is a text");
  refused("\"M0\":", with(block, "PUB-021", "PUB-013") + "\"M0\":",
          "$.payload.CommonBlock.D0.publicationID: must be 'PUB-021', is 'PUB-013'");
}

TEST_CASE("message fields: references of the domain notes") {
  for (const std::string_view text :
       {"S-IF-021-1401234567-SDS-20260616-0000000001", "S-005-0123456789-ADS-20222313-12345687a1234567a",
        "S-REP-002A-0123456789-MDS-20260101-1"})
    CHECK(is_sender_reference(text));
  for (const std::string_view text :
       {"", "S-", "S-IF-041-22000000002-REGS-20250811-6985E", "S-IF-021-1401234567-SDS-20260616-EXAMPLE-01",
        "S-IF-021-1401234567-SDS-20260616-", "S-IF-021-1401234567-SD-20260616-1", "S-IF-021-140123456g-SDS-20260616-1",
        "S-IF-021C-1401234567-SDS-20260616-1", "s-IF-021-1401234567-SDS-20260616-1",
        "S-IF-021-1401234567-SDSXYZ-20260616-1"})
    CHECK(!is_sender_reference(text));
  CHECK(is_sender_reference("S-021-0123456789-SDS-20260616-" + std::string(170, 'x')));
  CHECK(!is_sender_reference("S-021-0123456789-SDS-20260616-" + std::string(171, 'x')));
}

TEST_CASE("message fields: values, and what is none") {
  for (const auto& [text, wh] :
       std::vector<std::pair<std::string_view, std::int64_t>>{{"0.000", 0},
                                                              {"-0.000", 0},
                                                              {"000000001.010", 1010},
                                                              {"999999999.999", largest_message_wh},
                                                              {"-1.000", -1000}})
    CHECK(parse_message_value(text) == wh);
  for (const std::string_view text : {"", "0", "1.2", "1.2345", "1e-3", "1,200", "+1.000", "--1.000", ".100", "-.100",
                                      "1234567890.000", " 1.000", "1.000 ", "1 .000", "a.000", "1.00a", "1.000.000"})
    CHECK(!parse_message_value(text));
}
