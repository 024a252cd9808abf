#include "src/messages/message_writer.hpp"

#include "src/messages/message_fields.hpp"
#include "src/messages/request_packer.hpp"
#include "tests/support/message_fixture.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <regex>
#include <set>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::vector<std::string> all_of(const std::string& text, const char* pattern) {
  std::vector<std::string> out;
  const std::regex of(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), of), end; at != end; ++at)
    out.push_back((*at)[1]);
  return out;
}

/// Messages that have of everything that a field may hold.
std::vector<if021_message> corpus() {
  std::vector<if021_message> out = built(ramp("2026-03-28", 3));
  if021_message m = example_message();
  m.consumption.event = event_code::reactive_power;
  m.consumption.quantity = quantity::reactive_export;
  std::vector<consumption_entry>& entries = m.consumption.days.front().entries;
  for (std::size_t i = 0; i < entries.size(); ++i)
    entries[i].content = {static_cast<std::int64_t>(i * i * i),
                          {static_cast<std::uint8_t>(i % quality_count)},
                          {static_cast<std::uint8_t>(i % 11), i % 3 == 0 ? 'A' : '\0'}};
  entries[1].content.wh = largest_message_wh;
  entries[2].content.wh = -largest_message_wh;
  entries[3].content.wh = -1;
  m.envelope.sub_text = "a \"quoted\" text\nwith é";
  m.envelope.correlation_id = "CI-20220401-1";
  m.envelope.connection_provider_dip_id = "9900000001";
  m.envelope.always = {"1800000001", "1800000002"};
  m.envelope.published = publication_block{"T1", 1'780'000'000, "PUB-021", "C1", true, "https://tickets/1"};
  out.push_back(m);
  return out;
}

} // namespace

TEST_CASE("message writer: ENV-01 the example of the domain notes, key by key") {
  std::string expected =
    R"([{"payload":{"CommonBlock":{"S0":{"interfaceID":"IF-021","schemaVersion":"011","eventCode":"[ActivePower]"},)"
    R"("S1":{"environmentTag":"DEV","subText":null,)"
    R"("senderUniqueReference":"S-IF-021-1401234567-SDS-20260616-0000000001",)"
    R"("senderTimestamp":"2026-06-16T02:15:00+00:00","senderDIPID":"1401234567","senderRoleID":"SDS",)"
    R"("senderCorrelationID":null,"DIPConnectionProviderID":null},)"
    R"("A0":{"primaryRecipients":["2300000001"],"secondaryRecipients":[],"always":[]},)"
    R"("M0":{"MPANCore":"2000056535971","distributorDIPID":"2500000001","GSPGroupID":"_H"}},)"
    R"("CustomBlock":{"B044":{"issuingDataServiceDIPID":"1401234567"},)"
    R"("B067":{"connectionTypeIndicator":"W","connectionTypeEffectiveFromDate":"2020-01-01T00:00:00+00:00"},)"
    R"("B900":{"MQID":{"measurementQuantityID":"AI"},"settlementDayConsumptionPeriods":[{)"
    R"("settlementDay":{"settlementDayDate":"2026-06-15T00:00:00+00:00","periodDuration":30},)"
    R"("consumptionPeriods":[)";
  for (int slot = 1; slot <= 48; ++slot) {
    char entry[100];
    std::snprintf(entry, sizeof entry,
                  R"(%s{"sp":"2026-06-%sT%02d:%02d:00+00:00","v":"9.%d","q":"A","e":null,"arc":null})",
                  slot == 1 ? "" : ",", slot == 48 ? "16" : "15", slot / 2 % 24, slot % 2 * 30, 900 + slot);
    expected += entry;
  }
  expected += "]}]}}}}]";
  if021_message m = example_message();
  m.envelope.sender_reference = "S-IF-021-1401234567-SDS-20260616-0000000001";
  m.envelope.sender_s = instant("2026-06-16T02:15:00Z");
  request_packer packer;
  CHECK(!packer.add(text_of(m)));
  CHECK(packer.finish() == expected);
  CHECK(expected.size() == 4500); // as the notes have it
}

TEST_CASE("message writer: ENV-01 what is written passes the reader and comes back as it was") {
  for (const if021_message& m : corpus()) {
    const std::string text = text_of(m);
    CHECK(size_of(m) == text.size());
    const read_request read = message_reader().read(text);
    REQUIRE_MESSAGE(read.messages.size() == 1, text);
    REQUIRE_MESSAGE(read.messages[0].message, read.messages[0].faults.front().path);
    CHECK(same_message(*read.messages[0].message, m));
    CHECK(text_of(*read.messages[0].message) == text);
  }
}

TEST_CASE("message writer: ENV-03 each instant has 25 characters and the offset +00:00") {
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00)");
  std::size_t seen = 0;
  for (const if021_message& m : corpus()) {
    const std::string text = text_of(m);
    for (const std::string& one :
         all_of(text, R"re("(?:sp|settlementDayDate|\w+Timestamp|connectionTypeEffectiveFromDate)":"([^"]*)")re")) {
      CHECK(std::regex_match(one, form));
      ++seen;
    }
    CHECK(!std::regex_search(text, std::regex("\\dZ\"")));
  }
  CHECK(seen == (3 * 49 + 2) + (49 + 3)); // a message of three days, and one of a day that was published
}

TEST_CASE("message writer: ENV-04 values are texts with three decimals") {
  const std::regex form(R"(-?(?:0|[1-9]\d{0,8})\.\d{3})");
  std::size_t seen = 0;
  for (const if021_message& m : corpus())
    for (const std::string& one : all_of(text_of(m), R"re("v":("[^"]*"|[^,]*))re")) {
      REQUIRE(one.front() == '"');
      CHECK(std::regex_match(one.substr(1, one.size() - 2), form));
      ++seen;
    }
  CHECK(seen == 4 * 48);
  const auto value = [](std::int64_t wh) {
    char text[longest_message_value];
    return std::string(text, put_message_value(text, wh));
  };
  CHECK(value(0) == "0.000");
  CHECK(value(1) == "0.001");
  CHECK(value(1200) == "1.200");
  CHECK(value(-20) == "-0.020");
  CHECK(value(largest_message_wh) == "999999999.999");
  CHECK(value(-largest_message_wh) == "-999999999.999");
}

TEST_CASE("message writer: ENV-06 of events only the bracketed text is written") {
  std::set<std::string> events;
  for (const if021_message& m : corpus())
    for (const std::string& one : all_of(text_of(m), R"re("eventCode":("[^"]*"|[^,}]*))re"))
      events.insert(one);
  CHECK(events == std::set<std::string>{"\"[ActivePower]\"", "\"[ReactivePower]\""});
}

TEST_CASE("message writer: ENV-07 each half hour has its reasons, if they are null") {
  for (const if021_message& m : corpus()) {
    const std::string text = text_of(m);
    const std::size_t half_hours = half_hours_of(m);
    CHECK(all_of(text, R"re("e":(null|"\d+"),"arc":(?:null|"[A-Z]")\})re").size() == half_hours);
    CHECK(all_of(text, R"re("(sp)":)re").size() == half_hours);
  }
}

TEST_CASE("message writer: ENV-05 the energies of a million meters add up exactly, to the watt-hour") {
  std::vector<standing_half_hour> day = ramp("2026-06-15", 1);
  for (standing_half_hour& one : day)
    one.content.wh = 1;
  const std::string text = text_of(built(day).front());
  const read_request read = message_reader().read(text);
  REQUIRE(read.messages.at(0).message);
  std::int64_t sum = 0;
  for (int meter = 0; meter < 1'000'000; ++meter)
    for (const consumption_entry& e : read.messages[0].message->consumption.days[0].entries)
      sum += e.content.wh;
  CHECK(sum == 48'000'000); // 0.001 has no exact binary fraction; check_includes.py keeps those out of the room
}

TEST_CASE("request packer: DL-07 a batch of a hundred messages is split below the limit") {
  const std::vector<if021_message> messages = built(ramp("2026-01-01", 100), {1, request_bytes_limit});
  REQUIRE(messages.size() == 100);
  std::vector<std::string> requests;
  request_packer packer;
  std::string joined;
  for (const if021_message& m : messages) {
    joined += text_of(m);
    if (auto full = packer.add(text_of(m)))
      requests.push_back(std::move(*full));
  }
  requests.push_back(packer.finish().value());
  CHECK(!packer.finish());
  std::string back;
  std::size_t count = 0;
  for (const std::string& request : requests) {
    CHECK(request.size() <= request_bytes_limit);
    const read_request read = message_reader().read(request);
    CHECK(read.faults.empty());
    for (const read_message& m : read.messages) {
      REQUIRE(m.message);
      back += request.substr(m.place.offset, m.place.size);
      ++count;
    }
  }
  CHECK(count == 100);
  CHECK(back == joined);       // all of them, in their order
  CHECK(requests.size() == 5); // of 21 messages and the rest
}

TEST_CASE("request packer: by count as well as by bytes, and a message that fits into none goes alone") {
  request_packer packer({20, 2});
  CHECK(!packer.add("1"));
  CHECK(!packer.add("2"));
  CHECK(packer.add("3") == "[1,2]");
  CHECK(packer.add("4567890123456789012345") == "[3]");
  CHECK(packer.add("5") == "[4567890123456789012345]");
  CHECK(!packer.add("6789012345678901")); // 20 bytes with brackets and comma
  CHECK(packer.finish() == "[5,6789012345678901]");
  CHECK(!packer.add("5"));
  CHECK(packer.add("67890123456789012") == "[5]"); // one byte more
}
