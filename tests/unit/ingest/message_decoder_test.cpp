#include "src/ingest/message_decoder.hpp"

#include "src/ingest/source_list.hpp"
#include "tests/support/message_fixture.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::test;
using namespace gridtwin::testing;

namespace {

using texts = std::vector<std::string>;

constexpr std::string_view day = "2026-03-09";

/// A message of a meter of `good_texts`.
if021_message message_of(const std::string& meter, std::string_view date = day, int days = 1) {
  message_subject subject = example_subject();
  subject.mpan = parse_mpan(meter).value();
  return build_messages(example_market(), subject, ramp(date, days), {}).value().front();
}

message_decoder decoder(message_layout layout = message_layout::lines, message_decode_options options = {}) {
  return {good_index(), layout, std::move(options)};
}

decoded_block decode(const std::string& text, const message_decode_options& options = {}) {
  return decoder(message_layout::lines, options).decode(text, std::make_shared<const held_lines>(text));
}

std::map<std::string, int> verdicts_of(const decoded_block& block) {
  std::map<std::string, int> out;
  for (const early_reject& r : block.batch.rejects)
    ++out[std::string(name_of(r.verdict))];
  return out;
}

/// Of a message that a change was made to.
template <class Change>
decoded_block changed(Change change) {
  if021_message m = message_of(one);
  change(m.consumption);
  return decode(text_of(m) + "\n");
}

} // namespace

TEST_CASE("message decoder: half hours of known meters, with their lines and their own texts") {
  const std::string text = text_of(message_of(one)) + "\n\n[" + text_of(message_of(two)) + ","
                           + text_of(message_of(one, "2026-03-10")) + "]\r\n";
  message_decode_options options;
  options.version = 3;
  const decoded_block block = decode(text, options);
  CHECK(block.batch.lines == 3);
  CHECK(block.batch.rejects.empty());
  REQUIRE(block.batch.readings.size() == 3 * 48);
  REQUIRE(block.batch.slices.size() == 2);
  const auto index = good_index();
  std::map<std::string, int> seen;
  for (const sourced_reading& r : block.batch.readings) {
    const std::string meter = to_string(index->at(r.connection).mpan);
    CHECK(r.line == (r.period.day() == utc_day{20'521} && meter == one ? 0 : 2));
    CHECK(r.version == 3);
    CHECK(r.wh == 9901 + r.period.slot());
    CHECK(block.batch.raw->at(r.offset)
          == "{\"sp\":\"" + with(format_period(r.period), "Z", "+00:00") + "\",\"v\":\"9." + std::to_string(r.wh - 9000)
               + "\",\"q\":\"A\",\"e\":null,\"arc\":null}");
    ++seen[meter];
  }
  CHECK(seen == std::map<std::string, int>{{one, 96}, {two, 48}});
}

TEST_CASE("message decoder: a meter that moves has its half hours where it was") {
  const decoded_block block = decode(text_of(message_of(three, day, 2)));
  const auto index = good_index();
  std::map<std::string, int> feeders;
  for (const sourced_reading& r : block.batch.readings)
    ++feeders[index->topology().feeder_of(index->at(r.connection)).id];
  CHECK(feeders == std::map<std::string, int>{{"F2", 48}, {"F1", 48}});
}

TEST_CASE("message decoder: DL-04 a bad message is one reject with code and body, and the others are taken") {
  const std::string good = text_of(message_of(one));
  const std::string bad = with(good, "\"9.903\"", "\"9.9\"");
  std::string request = "[";
  for (int i = 0; i < 10; ++i)
    request += (i == 0 ? "" : ",") + (i == 4 ? bad : good);
  const decoded_block block = decode(request + "]\n{\"no\":\"message\"}\nno JSON\n" + good);
  CHECK(block.batch.readings.size() == 10 * 48);
  CHECK(block.batch.lines == 4);
  REQUIRE(block.batch.rejects.size() == 3);
  const early_reject& first = block.batch.rejects[0];
  CHECK(first.verdict == verdict::unparseable);
  CHECK(first.raw == bad);
  CHECK(first.line == 0);
  CHECK(
    first.detail
    == "$[4].payload.CustomBlock.B900.settlementDayConsumptionPeriods[0].consumptionPeriods[2].v: must be a decimal "
       "with 1 to 9 digits, a point and 3 digits, is '9.9'");
  CHECK(block.batch.rejects[1].detail == "$.no: is no key of the schema (and 1 more)");
  CHECK(block.batch.rejects[2].line == 2);
  CHECK(block.batch.rejects[2].raw == "no JSON");
}

TEST_CASE("message decoder: unknown meters, and MPANs with a wrong check digit, are set apart half hour by half hour") {
  const decoded_block unknown = decode(text_of(message_of(nobody)));
  CHECK(verdicts_of(unknown) == std::map<std::string, int>{{"unknown-meter", 48}});
  CHECK(unknown.batch.readings.empty());
  const early_reject& last = unknown.batch.rejects[47];
  CHECK(last.meter == nobody);
  CHECK(last.quantity == "AI");
  CHECK(last.period_end == "2026-03-10T00:00:00Z");
  CHECK(last.raw.starts_with("{\"sp\":\"2026-03-10T00:00:00+00:00\",\"v\":\"9.948\""));
  std::string wrong = one;
  wrong.back() = wrong.back() == '9' ? '0' : static_cast<char>(wrong.back() + 1);
  const decoded_block apart = decode(with(text_of(message_of(one)), one, wrong));
  CHECK(verdicts_of(apart) == std::map<std::string, int>{{"unknown-meter", 48}});
  CHECK(apart.batch.rejects[0].detail.find("check digit") != std::string::npos);
}

TEST_CASE("message decoder: rules on the message give their verdicts, those on a reading are left to its twin") {
  using counts = std::map<std::string, int>;
  const auto verdicts = [](auto change) { return verdicts_of(changed(change)); };
  CHECK(verdicts([](consumption_message&) {}).empty());
  CHECK(verdicts([](consumption_message& m) { m.days[0].entries[3].end_s += 60; })
        == counts{{"off-grid", 1}, {"overlap", 1}});
  CHECK(verdicts([](consumption_message& m) { m.days[0].duration_minutes = 15; }) == counts{{"duration", 48}});
  CHECK(verdicts([](consumption_message& m) { m.days[0].day_s += 3600; }) == counts{{"day-not-midnight", 48}});
  CHECK(verdicts([](consumption_message& m) { m.days[0].entries[3].end_s += 1800; })
        == counts{{"duplicate-in-message", 2}});
  CHECK(verdicts([](consumption_message& m) {
          for (consumption_entry& e : m.days[0].entries)
            e.end_s -= 1800;
        })
        == counts{{"label-suspect", 48}});
  CHECK(verdicts([](consumption_message& m) { m.event = event_code::reactive_power; }) == counts{{"wrong-event", 48}});
  CHECK(verdicts([](consumption_message& m) { m.quantity = quantity::active_export; })
        == counts{{"unknown-quantity", 48}});
  CHECK(verdicts([](consumption_message& m) { m.connection_from_s = m.days[0].entries[3].end_s; })
        == counts{{"before-connection", 3}});
  CHECK(verdicts([](consumption_message& m) { m.days[0].entries[3].end_s = -1800; }) == counts{{"unparseable", 1}});
  const decoded_block negative = changed([](consumption_message& m) { m.days[0].entries[3].content.wh = -1; });
  CHECK(negative.batch.rejects.empty());
  CHECK(negative.batch.readings.size() == 48);
  // Both object; the twin's rule comes first in the contract's order, so it is the twin's to say.
  const decoded_block both = changed([](consumption_message& m) {
    m.event = event_code::reactive_power;
    m.days[0].entries[3].content.wh = -1;
  });
  CHECK(verdicts_of(both) == counts{{"wrong-event", 47}});
  REQUIRE(both.batch.readings.size() == 1);
  CHECK(both.batch.readings[0].wh == -1);
}

TEST_CASE("message decoder: ENV-10 a message of production is refused where this is none, and the other way") {
  const std::string production = with(text_of(message_of(one)), "\"DEV\"", "\"PRD\"");
  CHECK(verdicts_of(decode(production)) == std::map<std::string, int>{{"unparseable", 1}});
  message_decode_options options;
  options.environment = environment_tag::production;
  CHECK(decode(production, options).batch.readings.size() == 48);
  CHECK(decode(text_of(message_of(one)), options).batch.readings.empty());
}

TEST_CASE("message decoder: how lines are cut into blocks does not matter") {
  std::string text;
  texts lines;
  for (int i = 0; i < 6; ++i) {
    if021_message m = message_of(i % 2 == 0 ? one : two, "2026-03-0" + std::to_string(1 + i));
    if (i == 3)
      m.consumption.days[0].entries[47].end_s += 1;
    lines.push_back(i == 4 ? "broken\n" : text_of(m) + "\n");
    text += lines.back();
  }
  const auto outcomes = [](const std::vector<decoded_block>& blocks) {
    std::vector<reading_batch> batches;
    clock_change_resolver resolver(good_index(), 1);
    for (decoded_block block : blocks)
      resolver.resolve(std::move(block), batches);
    resolver.finish(batches);
    texts out;
    const auto index = good_index();
    for (const reading_batch& b : batches) {
      for (const sourced_reading& r : b.readings)
        out.push_back(describe(b, r, *index) + " " + b.raw->at(r.offset));
      for (const early_reject& r : b.rejects)
        out.push_back(describe(b, r) + " " + r.raw);
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  std::vector<decoded_block> apart;
  for (const std::string& line : lines)
    apart.push_back(decode(line));
  std::vector<decoded_block> whole;
  whole.push_back(decode(text));
  CHECK(outcomes(whole).size() == 5 * 48 + 1);
  CHECK(outcomes(whole) == outcomes(apart));
}

TEST_CASE("message decoder: a line of more than a megabyte is refused, and the next one is read") {
  std::string text = text_of(message_of(one));
  text.insert(1, line_bytes_limit, ' ');
  const decoded_block block = decode(text.substr(0, line_bytes_limit) + "\n" + text_of(message_of(two)));
  REQUIRE(block.batch.rejects.size() == 1);
  CHECK(block.batch.rejects[0].detail == "$: is longer than 1 MiB");
  CHECK(block.batch.readings.size() == 48);
  CHECK(block.batch.readings[0].line == 1);
}

TEST_CASE("message source: a file of lines, or one text over many") {
  CHECK(layout_of("[{\"payload\":{") == message_layout::document);
  CHECK(layout_of("[ \r") == message_layout::document);
  CHECK(layout_of("") == message_layout::document);
  CHECK(layout_of("{\"payload\":{}}\r") == message_layout::lines);
  CHECK(layout_of("no JSON") == message_layout::lines);
  CHECK(layout_of(std::string(header_bytes_limit, ',')) == message_layout::lines);
  const temporary_folder folder;
  const auto path = folder.path() / "pretty.json";
  const std::string first = text_of(message_of(one));
  const std::string pretty =
    "[\n" + with(first, "\"CustomBlock\"", "\n\t\"CustomBlock\"") + "\n,\n\n" + text_of(message_of(two)) + "\n]\n";
  std::ofstream(path) << "\xEF\xBB\xBF" << pretty;
  auto opened = message_source::open({path, "pretty.json", 1});
  REQUIRE(opened);
  CHECK(opened->layout == message_layout::document);
  read_buffer buffer;
  const auto block = opened->reader->next(100).value();
  REQUIRE(block);
  const auto text = block->fetch(buffer).value();
  CHECK(text == pretty);
  CHECK(!opened->reader->next(100).value());
  const decoded_block decoded = decoder(opened->layout).decode(text, block->raw());
  CHECK(decoded.batch.readings.size() == 96);
  CHECK(decoded.batch.lines == 7);
  for (const sourced_reading& r : decoded.batch.readings) {
    CHECK((r.line == 1 || r.line == 5));
    CHECK(decoded.batch.raw->at(r.offset).starts_with("{\"sp\":\""));
  }
}

TEST_CASE("message source: lines are there as they are, the first one too") {
  const temporary_folder folder;
  const auto path = folder.path() / "messages.jsonl";
  const std::string text = text_of(message_of(one)) + "\n" + text_of(message_of(two)) + "\n";
  std::ofstream(path) << text;
  auto opened = message_source::open({path, "messages.jsonl", 1});
  REQUIRE(opened);
  CHECK(opened->layout == message_layout::lines);
  read_buffer buffer;
  const auto block = opened->reader->next(1 << 20).value();
  REQUIRE(block);
  CHECK(block->fetch(buffer).value() == text);
  CHECK(name_endings(message_file_endings) == "*.json, *.jsonl, *.ndjson or *.gz");
  CHECK(list_sources({folder.path()}, message_file_endings).value().sources.size() == 1);
  CHECK(!list_sources({folder.path()}));
}
