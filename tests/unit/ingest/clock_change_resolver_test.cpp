#include "src/ingest/clock_change_resolver.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <optional>
#include <random>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using texts = std::vector<std::string>;

format_profile local(period_label label = period_label::period_start) {
  format_profile p = *built_in_profile("generic");
  p.time.names = {"t"};
  p.value.names = {"v"};
  p.time_format = "%Y-%m-%d %H:%M";
  p.zone = "Europe/London";
  p.label = label;
  p.unit = energy_unit::watt_hour;
  return p;
}

std::string rows(const texts& times, std::string_view meter = one) {
  std::string out;
  int value = 0;
  for (const std::string& time : times)
    out +=
      std::string(meter) + ",2024-10-" + (time.size() > 5 ? "" : "27 ") + time + "," + std::to_string(value++) + "\n";
  return out;
}

/// Starts of the readings' periods in UTC, in the order of the file; `-` for a reject.
texts starts(const std::string& text, std::size_t lines_a_block, std::string_view header = "mpan,t,v") {
  const auto file = decode_file(decoder_of(local(), header), text, lines_a_block);
  std::map<std::uint64_t, std::string> found;
  for (const reading_batch& batch : file.batches) {
    for (const sourced_reading& r : batch.readings)
      found[batch.first_line + r.line] = format_instant(r.period.start_s()).substr(8, 8);
    for (const early_reject& r : batch.rejects)
      found[batch.first_line + r.line] = "-";
  }
  texts out;
  for (auto& entry : found)
    out.push_back(entry.second);
  return out;
}

/// Whatever the blocks, the same instants.
void check(const texts& times, const texts& expected) {
  for (const std::size_t lines : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}})
    CHECK(starts(rows(times), lines) == expected);
}

TEST_CASE("clock change: a file that ascends, and one that descends") {
  check({"00:30", "01:00", "01:30", "01:00", "01:30", "02:00"},
        {"26T23:30", "27T00:00", "27T00:30", "27T01:00", "27T01:30", "27T02:00"});
  check({"02:00", "01:30", "01:00", "01:30", "01:00", "00:30"},
        {"27T02:00", "27T01:30", "27T01:00", "27T00:30", "27T00:00", "26T23:30"});
}

TEST_CASE("clock change: a gap in either hour") {
  check({"00:30", "01:30", "01:00", "01:30", "02:00"}, {"26T23:30", "27T00:30", "27T01:00", "27T01:30", "27T02:00"});
  check({"00:30", "01:00", "01:30", "02:00"}, {"26T23:30", "27T00:00", "27T00:30", "27T02:00"});
}

TEST_CASE("clock change: the file begins in the hour") {
  check({"01:00", "01:30", "01:00", "01:30", "02:00"}, {"27T00:00", "27T00:30", "27T01:00", "27T01:30", "27T02:00"});
  check({"01:00", "01:30", "01:00", "00:30"}, {"27T01:00", "27T00:30", "27T00:00", "26T23:30"});
  check({"01:30", "01:00", "01:30", "02:00"}, {"27T00:30", "27T01:00", "27T01:30", "27T02:00"});
}

TEST_CASE("clock change: the file holds nothing but the hour") {
  check({"01:00"}, {"27T00:00"});
  check({"01:00", "01:00"}, {"27T00:00", "27T01:00"});
  check({"01:00", "01:30"}, {"27T00:00", "27T00:30"});
  check({"01:30", "01:00"}, {"27T01:30", "27T01:00"});
}

TEST_CASE("clock change: third and fourth occurrences") {
  check({"00:30", "01:00", "01:00", "01:00", "01:00"}, {"26T23:30", "27T00:00", "27T01:00", "27T00:00", "27T01:00"});
  check({"02:00", "01:00", "01:00", "01:00", "01:00"}, {"27T02:00", "27T01:00", "27T00:00", "27T01:00", "27T00:00"});
  const auto file = decode_file(decoder_of(local(), "mpan,t,v"), rows({"00:30", "01:00", "01:00", "01:00"}));
  CHECK(file.ambiguous == 3);
}

TEST_CASE("clock change: meters, quantities and versions are apart") {
  const std::string t = ",2024-10-27 01:00,";
  const std::string before = ",2024-10-27 00:30,";
  const std::string after = ",2024-10-27 02:00,";
  const std::string text = one + ",AI" + before + "1,\n" + two + ",AI" + after + "1,\n" + two + ",AE" + before + "1,\n"
                           + one + ",AI" + t + "1,\n" + two + ",AI" + t + "1,\n" + two + ",AE" + t + "1,\n" + one
                           + ",AI" + t + "1,2\n" + one + ",AI" + after + "1,2\n";
  for (const std::size_t lines : {std::size_t{1}, std::size_t{3}, std::size_t{100}})
    CHECK(starts(text, lines, "mpan,quantity,t,v,version")
          == texts{"26T23:30", "27T02:00", "26T23:30", "27T00:00", "27T01:00", "27T00:00", "27T00:00", "27T02:00"});
}

TEST_CASE("clock change: rows that are refused count, whatever the values") {
  for (const std::string refused : {"Null", "", "abc"})
    for (const std::size_t lines : {std::size_t{1}, std::size_t{100}}) {
      const std::string text =
        one + ",2024-10-27 01:00," + refused + "\n" + one + ",2024-10-27 01:00,5\n" + one + ",2024-10-27 02:00,6\n";
      const auto file = decode_file(decoder_of(local(), "mpan,t,v"), text, lines);
      CHECK(file.readings
            == texts{"3 " + one + " AI 2024-10-27T01:30:00Z 5 A v1", "4 " + one + " AI 2024-10-27T02:30:00Z 6 A v1"});
      CHECK(file.rejects
            == texts{"2 " + std::string(refused == "abc" ? "unparseable " : "null-value ") + one
                     + " AI 2024-10-27T00:30:00Z"});
      CHECK(file.ambiguous == 2);
      CHECK(file.lines == 3);
    }
  // Of no series: an unknown meter, an unreadable time.
  CHECK(starts(rows({"01:00"}, nobody) + rows({"02:00", "01:00"}) + rows({"never"}), 100)
        == texts{"-", "27T02:00", "27T01:00", "-"});
}

TEST_CASE("clock change: held rows keep their lines") {
  const std::string text = rows({"01:00"}, one) + rows({"01:30"}, two) + rows({"02:00"}, one);
  const auto file = decode_file(decoder_of(local(), "mpan,t,v"), text, 1);
  REQUIRE(file.batches.size() == 5);
  CHECK(file.batches[0].first_line == 2);
  CHECK(file.batches[0].lines == 1);
  CHECK(file.batches[0].readings.empty());
  CHECK(file.batches[3].first_line == 2); // decided by the third line
  CHECK(file.batches[3].lines == 0);
  CHECK(file.batches[3].raw->at(0) == one + ",2024-10-27 01:00,0");
  CHECK(file.batches[4].first_line == 3);
  CHECK(file.batches[4].raw->at(0) == two + ",2024-10-27 01:30,0");
  REQUIRE(file.batches[4].slices.size() == 1);
}

TEST_CASE("clock change: readings decided in a block join their transformers") {
  const std::string text = rows({"00:30", "01:00"}, one) + rows({"00:30", "01:00"}, two) + rows({"02:00"}, one);
  const auto file = decode_file(decoder_of(local(), "mpan,t,v"), text);
  REQUIRE(file.batches.size() == 1);
  const reading_batch& batch = file.batches[0];
  REQUIRE(batch.slices.size() == 2);
  CHECK(batch.slices[1].first == 2);
  texts lines;
  for (const sourced_reading& r : batch.readings)
    lines.push_back(std::to_string(r.line));
  CHECK(lines == texts{"2", "3", "0", "1", "4"});
}

TEST_CASE("clock change: rows that give their offset stand among those that do not") {
  format_profile p = local();
  p.time_format = "iso8601";
  const std::string text =
    one + ",2024-10-27 01:00,0\n" + one + ",2024-10-27 01:30Z,1\n" + one + ",2024-10-26 01:00,2\n";
  for (const std::size_t lines : {std::size_t{1}, std::size_t{100}}) {
    const auto file = decode_file(decoder_of(p, "mpan,t,v"), text, lines);
    REQUIRE(file.readings.size() == 3);
    CHECK(file.readings[0]
          == "2 " + one + " AI 2024-10-27T01:30:00Z 0 A v1"); // what follows outside the hour is earlier
    CHECK(file.ambiguous == 1);
  }
}

TEST_CASE("clock change: March") {
  const auto found = [](period_label label, std::string_view time) {
    const auto file =
      decode_file(decoder_of(local(label), "mpan,t,v"), one + ",2024-03-31 " + std::string(time) + ",1\n");
    return file.readings.empty() ? file.rejects.at(0).substr(2, 22) : file.readings.at(0).substr(19, 20);
  };
  CHECK(found(period_label::period_end, "01:00") == "2024-03-31T01:00:00Z");
  CHECK(found(period_label::period_end, "02:00") == "2024-03-31T01:00:00Z");
  CHECK(found(period_label::period_end, "01:30") == "nonexistent-local-time");
  CHECK(found(period_label::period_start, "01:00") == "nonexistent-local-time");
  CHECK(found(period_label::period_start, "01:30") == "nonexistent-local-time");
  CHECK(found(period_label::period_start, "02:00") == "2024-03-31T01:30:00Z");
}

TEST_CASE("clock change: a meter that moves at the change") {
  estate_texts t = good_texts();
  std::string& meters = t.meters;
  for (std::size_t at = meters.find("2026-03-10"); at != std::string::npos; at = meters.find("2026-03-10"))
    meters.replace(at, 10, "2024-10-27T01:00:00Z");
  auto made = row_decoder::make(local(), "mpan,t,v", index_of_texts(t), {});
  REQUIRE(made);
  const auto file = decode_file(*made, rows({"00:30", "01:00", "01:00"}, three));
  REQUIRE(file.batches.size() == 1);
  REQUIRE(file.batches[0].slices.size() == 2);
  CHECK(file.batches[0].slices[1].first == 2);
}

/// The rule said once more: over the whole list, with no memory but the list.
texts model(const texts& times) {
  const auto ambiguous = [](const std::string& t) { return t >= "01:00" && t < "02:00"; };
  texts out;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::string& t = times[i];
    if (!ambiguous(t)) {
      out.push_back(t < "01:00" ? "26T23:30" : "27T" + t);
      continue;
    }
    const std::size_t first = static_cast<std::size_t>(std::find(times.begin(), times.end(), t) - times.begin());
    bool later = false;
    if (first > 0) {
      later = times[first - 1] > t;
    } else {
      std::optional<std::string> other;
      for (std::size_t k = 1; k < times.size() && !(other && !ambiguous(*other)); ++k)
        if (!ambiguous(times[k]) || (times[k] != t && !other))
          other = times[k];
      later = other && *other < t;
    }
    if (std::count(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(i), t) % 2 != 0)
      later = !later;
    out.push_back("27T0" + std::to_string(later ? 1 : 0) + t.substr(2));
  }
  return out;
}

TEST_CASE("clock change: the same as the rule said plainly, for any rows in any blocks") {
  std::mt19937 random(20241027);
  const texts faces{"00:30", "01:00", "01:30", "02:00", "02:30"};
  const auto pick = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (int round = 0; round < 400; ++round) {
    std::array<texts, 2> times; // two meters, their rows mixed
    std::string text;
    std::vector<std::size_t> owner;
    const std::size_t count = 1 + pick(9);
    for (std::size_t i = 0; i < count; ++i) {
      owner.push_back(pick(2));
      times[owner.back()].push_back(faces[pick(faces.size())]);
      text += rows({times[owner.back()].back()}, owner.back() == 0 ? one : two);
    }
    std::array<texts, 2> expected{model(times[0]), model(times[1])};
    std::array<std::size_t, 2> next{};
    texts merged;
    for (const std::size_t o : owner)
      merged.push_back(expected[o][next[o]++]);
    CHECK_MESSAGE(starts(text, 1 + pick(4)) == merged, text);
  }
}

} // namespace
} // namespace gridtwin
