#include "src/ingest/row_decoder.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using texts = std::vector<std::string>;

const format_profile generic = *built_in_profile("generic");

std::string line(std::string_view meter, std::string_view time, std::string_view value) {
  return std::string(meter) + "," + std::string(time) + "," + std::string(value) + "\n";
}

/// Verdict of one row of `mpan,quantity,period_end,kwh`.
std::string verdict_of(std::string_view row) {
  const auto file = decode_file(decoder_of(generic, "mpan,quantity,period_end,kwh"), row);
  REQUIRE(file.readings.size() + file.rejects.size() == 1);
  return file.rejects.empty() ? "reading" : std::string(name_of(file.batches[0].rejects[0].verdict));
}

TEST_CASE("row decoder: a generic file") {
  const auto file =
    decode_file(decoder_of(generic, "mpan,quantity,period_end,kwh"),
                one + ",AI,2026-03-01T00:30:00Z,0.25\n\n" + two + ",AE,2026-03-01T01:00:00+01:00,1\r\n" + "\"" + two
                  + "\" , \"AI\",  2026-03-01 01:30:00.000Z , .0005\n" + one + ",AI,2026-03-02T00:00Z,0.2515");
  CHECK(file.readings
        == texts{"2 " + one + " AI 2026-03-01T00:30:00Z 250 A v1", "4 " + two + " AE 2026-03-01T00:00:00Z 1000 A v1",
                 "5 " + two + " AI 2026-03-01T01:30:00Z 0 A v1 ~", "6 " + one + " AI 2026-03-02T00:00:00Z 252 A v1 ~"});
  CHECK(file.rejects.empty());
  CHECK(file.lines == 5);
}

TEST_CASE("row decoder: verdicts in the order of the contract") {
  const std::string good = "2026-03-01T00:30:00Z";
  CHECK(verdict_of(one + ",AI," + good + ",1") == "reading");
  CHECK(verdict_of(one + ",AI," + good + ",-1") == "reading"); // the twin says negative
  CHECK(verdict_of(one + ",AI," + good) == "unparseable");
  CHECK(verdict_of(one + ",AI," + good + ",1,2") == "unparseable");
  CHECK(verdict_of(one + ",AI," + good + ",\"1") == "unparseable");
  CHECK(verdict_of(one + ",AI," + good + ",\"1\"x") == "unparseable");
  CHECK(verdict_of(one + ",AI," + good + ",one") == "unparseable");
  CHECK(verdict_of(one + ",AI,2026-02-29T00:30:00Z,1") == "unparseable");
  CHECK(verdict_of(one + ",AI,2026-03-01T00:30:00,1") == "unparseable"); // no offset
  CHECK(verdict_of(one + ",AI,2026-03-01,1") == "unparseable");          // no time of day
  CHECK(verdict_of(one + ",AI,1970-01-01T00:00:00Z,1") == "unparseable");
  CHECK(verdict_of(one + ",AI,1970-01-01T00:30:00Z,1") == "reading");
  CHECK(verdict_of(one + ",AI,2200-01-01T00:00:00Z,1") == "reading");
  CHECK(verdict_of(one + ",AI,2200-01-01T00:30:00Z,1") == "unparseable");
  CHECK(verdict_of(nobody + ",XX,later,Null") == "unparseable");
  CHECK(verdict_of(nobody + ",XX," + good + ",Null") == "unknown-meter");
  CHECK(verdict_of("," + std::string("AI,") + good + ",1") == "unknown-meter");
  CHECK(verdict_of(one + ",XX,2026-03-01T00:31:00Z,Null") == "unknown-quantity");
  CHECK(verdict_of(one + ",,2026-03-01T00:31:00Z,1") == "unknown-quantity");
  CHECK(verdict_of(one + ",AE," + good + ",1") == "unknown-quantity"); // not among the meter's
  CHECK(verdict_of(one + ",AI,2026-03-01T00:31:00Z,Null") == "null-value");
  CHECK(verdict_of(one + ",AI," + good + ",") == "null-value");
  CHECK(verdict_of(one + ",AI,2026-03-01T00:31:00Z,1") == "off-grid");
  CHECK(verdict_of(one + ",AI,2026-03-01T00:30:01Z,1") == "off-grid");
  CHECK(verdict_of(one + ",AI,2026-03-01T00:30:00.5Z,1") == "off-grid");
}

TEST_CASE("row decoder: TM-09 a time some seconds off its half hour is put on it where the rules tolerate it") {
  const auto decoded = [](std::int32_t tolerance_s, const std::string& time) {
    decode_options options;
    options.drift_tolerance_s = tolerance_s;
    const auto file = decode_file(decoder_of(generic, "mpan,period_end,kwh", options), one + "," + time + ",0.25\n");
    REQUIRE(file.readings.size() + file.rejects.size() == 1);
    std::uint64_t drifted = 0;
    for (const reading_batch& batch : file.batches)
      drifted += batch.drifted;
    return file.readings.empty() ? file.rejects[0].substr(0, 10) + " " + std::to_string(drifted)
                                 : file.readings[0] + " " + std::to_string(drifted);
  };
  const std::string half_past = "2 " + one + " AI 2026-03-01T00:30:00Z 250 A v1 ";
  CHECK(decoded(30, "2026-03-01T00:30:25Z") == half_past + "1"); // 25 s late
  CHECK(decoded(30, "2026-03-01T00:29:35Z") == half_past + "1"); // 25 s early
  CHECK(decoded(30, "2026-03-01T01:30:25+01:00") == half_past + "1");
  CHECK(decoded(30, "2026-03-01T00:30:00Z") == half_past + "0");
  CHECK(decoded(25, "2026-03-01T00:30:25Z") == half_past + "1");
  CHECK(decoded(25, "2026-03-01T00:29:35Z") == half_past + "1");
  CHECK(decoded(24, "2026-03-01T00:30:25Z") == "2 off-grid 0");
  CHECK(decoded(24, "2026-03-01T00:29:35Z") == "2 off-grid 0");
  CHECK(decoded(0, "2026-03-01T00:30:25Z") == "2 off-grid 0");
  CHECK(decoded(1, "2026-03-01T00:30:00.5Z") == half_past + "1");
  CHECK(decoded(0, "2026-03-01T00:30:00.5Z") == "2 off-grid 0");
  CHECK(decoded(25, "2026-03-01T00:30:25.5Z") == "2 off-grid 0");
}

TEST_CASE("row decoder: what a reject says") {
  const auto file =
    decode_file(decoder_of(generic, "mpan,quantity,period_end,kwh"),
                nobody + ",AI,2026-03-01T00:30:00Z,1\n" + one + ",AI,2026-03-01T00:31:00Z,1\n\x01\xFF,AI\n");
  CHECK(file.rejects
        == texts{"2 unknown-meter " + nobody + " AI 2026-03-01T00:30:00Z", "3 off-grid " + one + " AI ",
                 "4 unparseable   "});
  const auto& rejects = file.batches[0].rejects;
  CHECK(rejects[0].detail == "no meter of the estate is called '" + nobody + "'");
  CHECK(rejects[1].detail == "'2026-03-01T00:31:00Z' is not on the half hour");
  CHECK(rejects[2].detail == "the header has 4 fields, this line 2");
  CHECK(rejects[1].raw.substr(0, 13) == one);
}

TEST_CASE("row decoder: optional columns of the generic format") {
  const auto decoder = decoder_of(generic, "kwh,period_end,mpan,version,quality,reason,amendment,site", {{}, 7});
  const std::string key = "1,2026-03-01T00:30:00Z," + one + ",";
  const auto file =
    decode_file(decoder, key + ",,,,x\n" + key + "2,A,,,x\n" + key + "65535,E1,9,A,x\n" + key + "3,E1,,,\n" + key
                           + "0,,,,\n" + key + "65536,,,,\n" + key + "x,,,,\n" + key + ",B,,,\n" + key + ",E1,11,,\n"
                           + key + ",E1,9,Z,\n" + key + "000000001,,,,\n");
  const std::string reading = " " + one + " AI 2026-03-01T00:30:00Z 1000 ";
  CHECK(
    file.readings
    == texts{"2" + reading + "A v7", "3" + reading + "A v2", "4" + reading + "E1/9/A v65535", "5" + reading + "E1 v3"});
  CHECK(file.rejects.size() == 7);
  for (const std::string& r : file.rejects)
    CHECK_MESSAGE(r.find(" unparseable ") != std::string::npos, r);
}

TEST_CASE("row decoder: reason of estimates, words of qualities and quantities") {
  format_profile p = generic;
  p.quality_column.names = {"Type"};
  p.quality_map = {{"Actual", quality{0}}, {"Estimated", *parse_quality("E1")}};
  p.quantity_map = {{"Import (kW)", quantity::active_import}};
  p.unit = energy_unit::kilowatt;
  const auto decoder = decoder_of(p, "mpan,quantity,period_end,kwh,Type");
  const std::string key = one + ",Import (kW),2026-03-01T00:30:00Z,";
  const auto file = decode_file(decoder, key + "1.5,Actual\n" + key + "0.003,Estimated\n" + key + "1,\n" + key + "1,A\n"
                                           + one + ",AI,2026-03-01T00:30:00Z,1,Actual\n");
  const std::string reading = " " + one + " AI 2026-03-01T00:30:00Z ";
  CHECK(file.readings == texts{"2" + reading + "750 A v1", "3" + reading + "2 E1/2 v1 ~", "4" + reading + "500 A v1"});
  CHECK(file.rejects
        == texts{"5 unparseable " + one + " AI 2026-03-01T00:30:00Z",
                 "6 unknown-quantity " + one + " AI 2026-03-01T00:30:00Z"});
}

TEST_CASE("row decoder: a meter that moves, and one that is called otherwise") {
  const auto decoder = decoder_of(generic, "mpan,period_end,kwh");
  const auto file =
    decode_file(decoder, line("MAC000002", "2026-03-10T00:00:00Z", "1") + line(three, "2026-03-10T00:30:00Z", "2"));
  REQUIRE(file.batches.size() == 1);
  const reading_batch& batch = file.batches[0];
  REQUIRE(batch.slices.size() == 2);
  CHECK(decoder.meters().topology().transformers[batch.slices[0].transformer.value].id == "T1");
  CHECK(batch.readings[batch.slices[0].first].wh == 1000);
  CHECK(decoder.meters().topology().transformers[batch.slices[1].transformer.value].id == "T2");
  CHECK(batch.readings[batch.slices[1].first].wh == 2000);
}

TEST_CASE("row decoder: readings are grouped by transformer in the order of the source") {
  const auto decoder = decoder_of(generic, "mpan,period_end,kwh");
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += line(i % 3 == 0 ? one : two, "2026-03-01T00:30:00Z", std::to_string(i));
  const reading_batch batch = decoder.decode(text).batch;
  REQUIRE(batch.slices.size() == 2);
  CHECK(batch.slices[0].first == 0);
  CHECK(batch.slices[1].first == 33);
  for (std::size_t i = 1; i < batch.readings.size(); ++i)
    CHECK((i == 33 || batch.readings[i - 1].line < batch.readings[i].line));
  for (const sourced_reading& r : batch.readings)
    CHECK(text.substr(r.offset).substr(0, 13) == (r.line % 3 == 0 ? one : two));
}

TEST_CASE("row decoder: one meter a file") {
  format_profile p = generic;
  p.meter.names.clear();
  const auto without = row_decoder::make(p, "period_end,kwh", good_index(), {});
  REQUIRE(!without);
  CHECK(without.failure().code == errc::unreadable_input);
  CHECK(without.failure().message.find("--meter") != std::string::npos);
  const auto file = decode_file(decoder_of(p, "period_end,kwh", {one, 1}), "2026-03-01T00:30:00Z,1\n");
  CHECK(file.readings == texts{"2 " + one + " AI 2026-03-01T00:30:00Z 1000 A v1"});
  const auto other = decode_file(decoder_of(p, "period_end,kwh", {"who", 1}), "2026-03-01T00:30:00Z,1\n");
  CHECK(other.rejects == texts{"2 unknown-meter who AI 2026-03-01T00:30:00Z"});
}

TEST_CASE("row decoder: headers that do not fit") {
  const auto message = [](const format_profile& p, std::string_view header) {
    const auto made = row_decoder::make(p, header, good_index(), {});
    REQUIRE(!made);
    CHECK(made.failure().code == errc::unreadable_input);
    return made.failure().message;
  };
  const std::string missing = message(generic, "LCLid,DateTime,KWH/hh (per half hour) ");
  CHECK(missing.find("'mpan'") != std::string::npos);
  CHECK(missing.find("'DateTime'") != std::string::npos);
  CHECK(missing.find("--format lcl") != std::string::npos);
  CHECK(message(generic, "").find("--format") != std::string::npos);
  CHECK(message(generic, "mpan,period_end,kwh,kwh").find("twice") != std::string::npos);
  CHECK(message(generic, "mpan,\"period_end,kwh").find("quote") != std::string::npos);
  CHECK(message(generic, std::string(2000, ',')).find("1024") != std::string::npos);
  format_profile p = generic;
  p.zone = "Europe/Atlantis";
  CHECK(row_decoder::make(p, "mpan,period_end,kwh", good_index(), {}).failure().code == errc::bad_profile);
  p = generic;
  p.time_format = "%Q";
  CHECK(row_decoder::make(p, "mpan,period_end,kwh", good_index(), {}).failure().code == errc::bad_profile);
  CHECK(row_decoder::make(generic, "mpan,period_end,kwh", good_index(), {{}, 65'536}).failure().code == errc::usage);
}

TEST_CASE("row decoder: the London formats") {
  const auto lcl = *built_in_profile("lcl");
  for (const char* header :
       {"LCLid,DateTime,KWH/hh (per half hour) ", "LCLid,stdorToU,DateTime,KWH/hh (per half hour) ,Acorn",
        "LCLid,DateTime,KWH", "LCLid,DateTime,KW"}) {
    const bool wide = std::string_view(header).find("Acorn") != std::string_view::npos;
    const std::string before = wide ? "MAC000002,Std," : "MAC000002,";
    const std::string after = wide ? ",ACORN-A\n" : "\n";
    const auto file = decode_file(decoder_of(lcl, header), before + "2012-10-12 00:30:00.0000000, 0.291 " + after
                                                             + before + "2012-12-18 15:13:41.0000000,Null" + after
                                                             + before + "2012-10-28 01:30:00,0.5" + after);
    CHECK(
      file.readings
      == texts{"2 " + three + " AI 2012-10-12T00:30:00Z 291 A v1", "4 " + three + " AI 2012-10-28T01:30:00Z 500 A v1"});
    CHECK(file.rejects == texts{"3 null-value MAC000002 AI "});
  }
  const auto file = decode_file(decoder_of(*built_in_profile("lcl-kaggle"), "LCLid,tstp,energy(kWh/hh)"),
                                "MAC000002,2013-01-01 00:00:00, 0.2370001 \n");
  CHECK(file.readings == texts{"2 " + three + " AI 2013-01-01T00:00:00Z 237 A v1 ~"});
}

TEST_CASE("row decoder: blocks do not matter") {
  const auto decoder = decoder_of(generic, "mpan,period_end,kwh");
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += line(i % 7 == 0   ? one
                 : i % 5 == 0 ? "x"
                              : two,
                 i % 11 == 0 ? "never" : format_instant(1'772'323'200 + 1800 * i), "0.5");
  const auto whole = decode_file(decoder, text);
  for (const std::size_t lines : {std::size_t{1}, std::size_t{7}, std::size_t{64}}) {
    const auto cut = decode_file(decoder, text, lines);
    CHECK(cut.readings == whole.readings);
    CHECK(cut.rejects == whole.rejects);
    CHECK(cut.lines == whole.lines);
  }
}

TEST_CASE("row decoder: lines that are too long") {
  const auto decoder = decoder_of(generic, "mpan,period_end,kwh");
  const auto file = decode_file(decoder, one + ",2026-03-01T00:30:00Z,0.5" + std::string(std::size_t{1} << 20, ' ')
                                           + "\n" + line(one, "2026-03-01T00:30:00Z", "1"));
  CHECK(file.readings.size() == 1);
  REQUIRE(file.rejects.size() == 1);
  CHECK(file.batches[0].rejects[0].detail == "the line is longer than 1 MiB");
}

} // namespace
} // namespace gridtwin
