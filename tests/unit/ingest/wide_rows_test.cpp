#include "src/ingest/row_decoder.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

namespace gridtwin {
namespace {

using namespace gridtwin::test;

/// 48 names, the first of the minute `first`.
std::vector<std::string> columns_from(int first) {
  std::vector<std::string> out;
  for (int i = 0; i < 48; ++i) {
    const int minute = (first + i * 30) % 1440;
    out.push_back("H" + std::to_string(100 + minute / 60).substr(1) + std::to_string(100 + minute % 60).substr(1));
  }
  return out;
}

format_profile wide(period_label label, std::string zone, int first_column) {
  format_profile p;
  p.layout = row_layout::by_day;
  p.meter.names = {"mpan"};
  p.time.names = {"d"};
  p.time_format = "%Y-%m-%d";
  p.zone = std::move(zone);
  p.label = label;
  p.columns = columns_from(first_column);
  p.unit = energy_unit::watt_hour;
  return p;
}

decoded_file decode(const format_profile& p, const std::vector<std::string>& rows) {
  std::string header = "mpan,d";
  for (const std::string& name : p.columns)
    header += "," + name;
  std::string text;
  for (const std::string& row : rows)
    text += row + "\n";
  return decode_file(decoder_of(p, header), text);
}

/// A row with the cells 1 to 48, those of `empty` empty.
std::string row(std::string_view date, const std::vector<int>& empty = {}, std::string_view meter = one) {
  std::string out = std::string(meter) + "," + std::string(date);
  for (int i = 1; i <= 48; ++i)
    out += "," + (std::find(empty.begin(), empty.end(), i) == empty.end() ? std::to_string(i) : std::string());
  return out;
}

std::map<std::string, int> count(const decoded_file& file) {
  std::map<std::string, int> out;
  for (const reading_batch& batch : file.batches)
    for (const early_reject& r : batch.rejects)
      ++out[std::string(name_of(r.verdict))];
  return out;
}

std::map<std::string, std::int64_t> values(const decoded_file& file) {
  std::map<std::string, std::int64_t> out;
  for (const reading_batch& batch : file.batches)
    for (const sourced_reading& r : batch.readings)
      out[format_period(r.period)] = r.wh;
  return out;
}

TEST_CASE("wide rows: a day in UTC") {
  for (const auto& p : {wide(period_label::period_end, "UTC", 30), wide(period_label::period_start, "UTC", 0)}) {
    const auto file = decode(p, {row("2026-06-01", {5})});
    const auto found = values(file);
    CHECK(found.size() == 47);
    CHECK(found.at("2026-06-01T00:30:00Z") == 1);
    CHECK(found.at("2026-06-02T00:00:00Z") == 48);
    CHECK(found.count("2026-06-01T02:30:00Z") == 0);
    CHECK(file.rejects.empty());
    CHECK(file.readings.back() == "2 " + one + " AI 2026-06-02T00:00:00Z 48 A v1 #47");
  }
}

TEST_CASE("wide rows: summer, March and October in London") {
  for (const auto label : {period_label::period_end, period_label::period_start}) {
    const bool ends = label == period_label::period_end;
    const auto p = wide(label, "Europe/London", ends ? 30 : 0);
    CHECK(values(decode(p, {row("2024-06-01")})).at("2024-05-31T23:30:00Z") == 1);

    // Ends: 01:30 does not exist, and 01:00 and 02:00 are one instant. Starts: 01:00 and 01:30 do not exist.
    const auto empty = ends ? std::vector<int>{2, 3} : std::vector<int>{3, 4};
    const auto march = decode(p, {row("2024-03-31", empty)});
    CHECK(march.rejects.empty());
    CHECK(values(march).size() == 46);
    CHECK(values(march).at("2024-03-31T01:00:00Z") == (ends ? 4 : 2));
    CHECK(values(march).at("2024-03-31T23:00:00Z") == 48);
    CHECK(count(decode(p, {row("2024-03-31")}))
          == std::map<std::string, int>{{"nonexistent-local-time", ends ? 1 : 2}});

    const auto october = decode(p, {row("2024-10-27")});
    CHECK(count(october) == std::map<std::string, int>{{"ambiguous-local-time", 2}});
    CHECK(values(october).size() == 46);
    CHECK(values(october).at("2024-10-26T23:30:00Z") == 1);
    CHECK(values(october).at("2024-10-28T00:00:00Z") == 48);
    CHECK(decode(p, {row("2024-10-27", ends ? std::vector<int>{2, 3} : std::vector<int>{3, 4})}).rejects.empty());
  }
  const auto p = wide(period_label::period_end, "Europe/London", 30);
  const auto march = decode(p, {row("2024-03-31", {3, 4})}); // the change written 01:00
  CHECK(values(march).at("2024-03-31T01:00:00Z") == 2);
}

TEST_CASE("wide rows: what is one reading and what is none") {
  const auto p = wide(period_label::period_end, "UTC", 30);
  CHECK(count(decode(p, {row("2024-13-45")})) == std::map<std::string, int>{{"unparseable", 1}});
  CHECK(count(decode(p, {one + ",2024-01-01,1,2"})) == std::map<std::string, int>{{"unparseable", 1}});
  CHECK(count(decode(p, {row("1969-12-31")})) == std::map<std::string, int>{{"unparseable", 1}});
  CHECK(count(decode(p, {row("2200-01-01")})) == std::map<std::string, int>{{"unparseable", 1}});
  CHECK(count(decode(p, {row("2024-01-01", {1, 2}, nobody)})) == std::map<std::string, int>{{"unknown-meter", 46}});
  std::string nulls = row("2024-01-01");
  nulls.replace(nulls.find(",1,2,"), 5, ",Null,x,");
  CHECK(count(decode(p, {nulls})) == std::map<std::string, int>{{"null-value", 1}, {"unparseable", 1}});
  const auto nothing = decode(p, {one + ",2024-01-01" + std::string(48, ',')});
  CHECK(nothing.readings.size() + nothing.rejects.size() == 0);
  CHECK(nothing.lines == 1);
}

TEST_CASE("wide rows: dates with a time of day") {
  auto p = wide(period_label::period_end, "UTC", 30);
  p.time_format = "%Y-%m-%d %H:%M";
  CHECK(decode(p, {row("2024-01-01 00:00")}).readings.size() == 48);
  CHECK(count(decode(p, {row("2024-01-01 12:00")})) == std::map<std::string, int>{{"day-not-midnight", 48}});
  CHECK(count(decode(p, {row("2024-01-01 12:01", {1})})) == std::map<std::string, int>{{"off-grid", 47}});
  p.time_format = "iso8601";
  CHECK(values(decode(p, {row("2024-06-01T00:00:00+01:00")})).at("2024-05-31T23:30:00Z") == 1);
  CHECK(values(decode(p, {row("2024-06-01")})).at("2024-06-01T00:30:00Z") == 1);
}

TEST_CASE("wide rows: columns named by starts and labelled as ends") {
  const auto p = wide(period_label::period_end, "UTC", 0);
  CHECK(count(decode(p, {row("2024-01-01")})) == std::map<std::string, int>{{"label-suspect", 48}});
  CHECK(decode(p, {row("2024-01-01", {7})}).readings.size() == 47); // not a whole day: nothing to suspect
  const auto march = decode(wide(period_label::period_end, "Europe/London", 0), {row("2024-03-31", {3, 4})});
  CHECK(count(march) == std::map<std::string, int>{{"label-suspect", 46}});
}

} // namespace
} // namespace gridtwin
