// The fast path against the general one: the same block for any text, reading by reading and word by word.

#include "src/ingest/plain_values.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <optional>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using testing::seeded_random;
using texts = std::vector<std::string>;

bool same(const sourced_reading& a, const sourced_reading& b) {
  return a.wh == b.wh && a.connection == b.connection && a.period == b.period && a.line == b.line
         && a.offset == b.offset && a.version == b.version && a.item == b.item && a.quantity == b.quantity
         && a.quality == b.quality && a.reasons == b.reasons && a.rounded == b.rounded;
}
bool same(const early_reject& a, const early_reject& b) {
  return a.line == b.line && a.raw == b.raw && a.item == b.item && a.verdict == b.verdict && a.meter == b.meter
         && a.quantity == b.quantity && a.period_end == b.period_end && a.detail == b.detail;
}
bool same(const reading_batch::slice& a, const reading_batch::slice& b) {
  return a.transformer == b.transformer && a.first == b.first;
}
bool same(const series_run& a, const series_run& b) {
  return a.series == b.series && a.first_local_s == b.first_local_s && a.last_local_s == b.last_local_s
         && a.twofold == b.twofold;
}
bool same(const twofold_row& a, const twofold_row& b) {
  return same(a.reading, b.reading) && a.meter == b.meter && a.local_s == b.local_s && a.hour_begin_s == b.hour_begin_s
         && a.hour_end_s == b.hour_end_s && a.earlier_end_s == b.earlier_end_s && a.later_end_s == b.later_end_s
         && a.reject == b.reject && a.whole_seconds == b.whole_seconds;
}

template <class T>
bool same_all(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) { return same(x, y); });
}

bool same(const decoded_block& a, const decoded_block& b) {
  return a.batch.lines == b.batch.lines && same_all(a.batch.readings, b.batch.readings)
         && same_all(a.batch.slices, b.batch.slices) && same_all(a.batch.rejects, b.batch.rejects)
         && same_all(a.runs, b.runs) && same_all(a.twofold, b.twofold);
}

/// A kind of file: its profile, header, and the words that its fields are made of.
struct file_kind {
  format_profile profile;
  std::string header;
  texts usual_times;
  texts odd_times;
  char delimiter = ',';
};

const texts usual_values{"0.822", "1.25", "12.5", "7", "1234.567", "0.000", "0.1", "99999.99", "12345678", "0.2500000"};
const texts odd_values{
  "",         "Null",         "-1.5",      "1E-2",      "0.1234",         ".5",    "5.",    "1..2",  "1.2.3",
  "0.x",      "1,5",          " 0.822 ",   "\t1.25",    "\"0.5\"",        "\"0.5", "12 3",  "+1",    "1e400",
  "0.12\r5",  "00000.12",     "1234.5678", "999999999", "123456789012.5", "1.23a", "/.123", ":.123", "1.2;3",
  "\xFF.123", "0.1230000001", "0.5\x01"};
const texts odd_meters{nobody,    "1000000000010", "MAC000002",     "mac000002",       "",
                       "x",       " " + one,       one + " ",       "\"" + one + "\"", "100000000000",
                       one + "0", "100000000001x", "0000000000000", "'" + one};

const texts utc_times{"2026-03-01T00:00:00Z",      "2026-03-01T00:30:00Z", "2026-03-01T01:00:00Z",
                      "2026-03-01T23:30:00Z",      "2026-03-09T23:30:00Z", "2026-03-10T00:00:00Z",
                      "2026-03-10T00:30:00Z",      "2024-02-29T12:00:00Z", "2026-03-01T01:00:00+01:00",
                      "2026-03-01T01:30:00+01:00", "2026-03-01 02:30:00"};
const texts odd_utc_times{"2026-03-01T24:00:00Z",
                          "2026-03-01T24:30:00Z",
                          "2026-03-01T00:29:00Z",
                          "2026-03-01T00:30:01Z",
                          "2026-03-01T00:60:00Z",
                          "2026-03-01T25:00:00Z",
                          "2026-03-01T0a:30:00Z",
                          "2026-03-01T00:3/:00Z",
                          "2026-03-01T00:30:00.000Z",
                          "2026-03-01T00:30:00.5Z",
                          "2026-03-01T00:00:00+00:17",
                          "2026-03-01T00:17:00+00:17",
                          "2026-02-30T00:00:00Z",
                          "1970-01-01T00:00:00Z",
                          "1970-01-01T00:30:00Z",
                          "2199-12-31T23:30:00Z",
                          "2200-01-01T00:00:00Z",
                          "2200-01-01T00:30:00Z",
                          "2026-03-01",
                          "later",
                          "",
                          " 2026-03-01T00:30:00Z",
                          "2026-03-01T00:30:00Z ",
                          "\"2026-03-01T00:30:00Z\"",
                          "2026-03-01T00:30Z",
                          "2026-03-01t00:30:00Z",
                          "2026-03-01T00:30:00z",
                          "2026-03-01T00:30:00ZZ",
                          "2026-3-1T00:30:00Z",
                          "9999-01-01T00:00:00Z"};
const texts local_times{"2026-03-01 00:00:00", "2026-03-01 00:30:00", "2026-03-29 00:30:00", "2026-03-29 01:00:00",
                        "2026-03-29 02:00:00", "2026-03-29 02:30:00", "2026-10-25 00:30:00", "2026-10-25 01:00:00",
                        "2026-10-25 01:30:00", "2026-10-25 02:00:00", "2026-10-25 02:30:00", "2026-07-01 00:00:00"};
const texts odd_local_times{
  "2026-03-29 01:30:00", "2026-10-25 01:15:00", "2026-10-25 01:30:00Z", "2026-10-25 01:30:00+01:00",
  "2026-07-01 24:00:00", "2026-07-01",          "2026-07-01 00:30",     "2026-7-1 5:12:34",
  "2026-7-1 05:30:00",   "2026-07-1  05:30:00", "2026-07-01\t05:30:00", "01/07/2026 05:30",
  "1/7/2026 5:30",       "25/10/2026 01:30",    "29/03/2026 01:00"};

std::vector<file_kind> file_kinds() {
  std::vector<file_kind> out;
  const format_profile generic = *built_in_profile("generic");
  out.push_back({generic, "mpan,period_end,kwh", utc_times, odd_utc_times});
  out.push_back({generic, "kwh,mpan,period_end", utc_times, odd_utc_times});
  out.push_back(
    {generic, "mpan,quantity,period_end,kwh,version,quality,reason,amendment,site", utc_times, odd_utc_times});
  file_kind kind{generic, "mpan,period_end,kwh", utc_times, odd_utc_times};
  kind.profile.label = period_label::period_start;
  kind.profile.zone = "";
  out.push_back(kind);
  kind.profile.zone = "+05:45";
  kind.profile.null_words = {"", "-1", "0.822"};
  out.push_back(kind);
  kind = {generic, "mpan;period_end;kwh;note", local_times, odd_local_times, ';'};
  kind.profile.delimiter = ';';
  kind.profile.zone = "Europe/London";
  out.push_back(kind);
  kind.profile.label = period_label::period_start;
  kind.profile.time_format = "%Y-%m-%d %H:%M:%S";
  kind.profile.thousands = ',';
  out.push_back(kind);
  kind.profile.time_format = "%d/%m/%Y %H:%M";
  kind.usual_times = {"01/03/2026 00:00", "01/03/2026 00:30", "29/03/2026 00:30", "25/10/2026 01:00", "1/3/2026 0:30"};
  out.push_back(kind);
  kind.profile.unit = energy_unit::kilowatt;
  out.push_back(kind);
  out.push_back({*built_in_profile("lcl"),
                 "LCLid,DateTime,KWH/hh (per half hour) ",
                 {"2012-10-12 00:30:00.0000000", "2012-10-12 01:00:00.0000000", "2012-10-28 01:30:00.0000000"},
                 odd_local_times});
  return out;
}

std::string attribute(seeded_random& random, const std::string& column) {
  if (column == "quantity")
    return random.pick(texts{"AI", "AI", "AI", "AE", "", "XX", " AI ", "ReactiveExport"});
  if (column == "version")
    return random.pick(texts{"", "", "1", "2", "65535", "0", "65536", "x", "00000001"});
  if (column == "quality")
    return random.pick(texts{"", "A", "A", "E1", "Q", "\"A\""});
  if (column == "reason")
    return random.pick(texts{"", "", "1", "10", "11"});
  if (column == "amendment")
    return random.pick(texts{"", "", "A", "Z"});
  return random.pick(
    texts{"", "x", "a longer note that says nothing at all", "\"quoted, with a comma\"", std::string(120, 'y')});
}

std::string random_line(seeded_random& random, const file_kind& kind, std::uint64_t oddity) {
  const auto odd = [&] { return random.chance(oddity, 100); };
  std::string out;
  std::string_view rest = kind.header;
  for (bool first = true; first || !rest.empty(); first = false) {
    const std::size_t end = std::min(rest.find(kind.delimiter), rest.size());
    const std::string column(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!first)
      out += kind.delimiter;
    if (column == "mpan" || column == "LCLid")
      out += odd() ? random.pick(odd_meters) : random.pick(texts{one, one, two, three, "MAC000002"});
    else if (column == "period_end" || column == "DateTime")
      out += odd() ? random.pick(kind.odd_times) : random.pick(kind.usual_times);
    else if (column == "kwh" || column.starts_with("KWH"))
      out += odd() ? random.pick(odd_values) : random.pick(usual_values);
    else
      out += odd() ? attribute(random, column) : column == "quantity" ? "AI" : "";
  }
  if (odd())
    switch (random.below(7)) {
    case 0:
      return "";
    case 1:
      return " \t ";
    case 2:
      return out + kind.delimiter;
    case 3:
      return out.substr(0, random.below(out.size() + 1));
    case 4:
      return out + std::string(random.below(200), ' ');
    case 5:
      out[random.below(out.size())] = static_cast<char>(random.below(256));
      break;
    default:
      return out + "\r\r";
    }
  return random.chance(1, 4) ? out + "\r" : out;
}

TEST_CASE("plain rows: the fast path decodes what the general path decodes") {
  seeded_random random(20'260'301);
  std::size_t readings = 0;
  std::size_t rejects = 0;
  for (const file_kind& kind : file_kinds()) {
    decode_options general;
    general.plain_rows = false;
    const row_decoder with = decoder_of(kind.profile, kind.header);
    const row_decoder without = decoder_of(kind.profile, kind.header, general);
    for (int round = 0; round < 120; ++round) {
      const std::uint64_t oddity = random.pick(std::vector<std::uint64_t>{0, 2, 10, 30});
      std::string text;
      for (std::uint64_t lines = random.below(200); lines != 0; --lines) {
        const std::string line = random_line(random, kind, oddity);
        // Files repeat themselves, and so does what the fast path remembers.
        for (std::uint64_t copies = 1 + random.below(3); copies != 0; --copies)
          text += line + "\n";
      }
      if (random.chance(1, 2) && !text.empty())
        text.pop_back();
      const decoded_block fast = with.decode(text);
      const decoded_block slow = without.decode(text);
      CHECK_MESSAGE(same(fast, slow), "header " << kind.header << ", round " << round << "\n" << text);
      readings += slow.batch.readings.size();
      rejects += slow.batch.rejects.size();
    }
  }
  CHECK(readings > 50'000);
  CHECK(rejects > 10'000);
}

TEST_CASE("plain rows: rows that repeat one another, with now and then a byte that does not") {
  seeded_random random(20'261'127);
  decode_options general;
  general.plain_rows = false;
  struct shape {
    std::string header, between, behind, end;
  };
  const std::vector<shape> shapes{{"mpan,period_end,kwh", ",", "", "\n"},
                                  {"mpan,period_end,kwh", ",", "", "\r\n"},
                                  {"mpan,quantity,period_end,kwh,version", ",AI,", ",1", "\n"},
                                  {"mpan,quality,period_end,kwh,version", ",A,", ",1", "\r\n"},
                                  {"mpan,site,period_end,kwh", ",a street with trees,", "", "\n"},
                                  {"mpan,period_end,kwh,site", ",", ",a street", "\n"},
                                  {"mpan,kwh,period_end", ",0.5,", "", "\n"}};
  std::size_t readings = 0;
  for (const shape& s : shapes) {
    const row_decoder with = decoder_of(*built_in_profile("generic"), s.header);
    const row_decoder without = decoder_of(*built_in_profile("generic"), s.header, general);
    for (int round = 0; round < 60; ++round) {
      std::string text;
      const bool by_time = random.chance(1, 2);
      for (std::uint64_t row = 0; row < 600; ++row) {
        const std::uint64_t half_hour = by_time ? row / 3 : row % 200;
        const std::string& meter = *std::array{&one, &two, &three}[by_time ? row % 3 : row / 200];
        std::string line =
          meter + s.between + format_instant(1'772'323'200 + 1800 * static_cast<std::int64_t>(half_hour));
        if (!s.header.ends_with("period_end"))
          line += "," + std::to_string(random.below(random.chance(1, 9) ? 30'000 : 10)) + "."
                  + std::to_string(random.below(1000));
        line += s.behind + s.end;
        if (random.chance(1, 60))
          switch (const std::size_t at = random.below(line.size()); random.below(3)) {
          case 0:
            line[at] = random.pick(std::vector<char>{'0', '9', ',', '.', '"', '\r', '\n', 'Z', ' ', ':', '\0', '\xFF'});
            break;
          case 1:
            line.erase(at, 1);
            break;
          default:
            line.insert(at, 1, line[at]);
          }
        text += line;
      }
      const decoded_block fast = with.decode(text);
      const decoded_block slow = without.decode(text);
      CHECK_MESSAGE(same(fast, slow), "header " << s.header << ", round " << round);
      readings += slow.batch.readings.size();
    }
  }
  CHECK(readings > 200'000);
}

TEST_CASE("plain rows: every minute of a day, with bytes changed") {
  seeded_random random(7);
  decode_options general;
  general.plain_rows = false;
  const row_decoder with = decoder_of(*built_in_profile("generic"), "mpan,period_end,kwh");
  const row_decoder without = decoder_of(*built_in_profile("generic"), "mpan,period_end,kwh", general);
  std::string text;
  for (int minute = 0; minute <= 24 * 60; ++minute) {
    std::string line = one + "," + format_instant(1'772'323'200 + 60 * minute) + ",0.5";
    text += line + "\n";
    line[random.below(line.size())] ^= static_cast<char>(1 + random.below(127));
    text += line + "\n";
  }
  CHECK(same(with.decode(text), without.decode(text)));
}

TEST_CASE("plain rows: decimals in one word are those read digit by digit") {
  seeded_random random(11);
  int taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::uint64_t left = random.below(10); left != 0; --left)
      text += random.chance(1, 6)    ? '.'
              : random.chance(1, 40) ? static_cast<char>(random.below(256))
                                     : static_cast<char>('0' + random.below(10));
    const std::size_t size = text.size();
    text += "12345678"; // what follows a value in its block
    const std::string_view value = std::string_view(text).substr(0, size);
    std::int64_t quick = 0;
    std::int64_t wh = 0;
    if (!short_kilowatt_hours(value, wh))
      continue;
    ++taken;
    REQUIRE_MESSAGE(quick_kilowatt_hours(value, quick), text);
    REQUIRE(quick == wh);
  }
  CHECK(taken > 10'000);
}

TEST_CASE("plain rows: 13 digits in two words") {
  std::uint64_t number = 0;
  CHECK(read_mpan_digits("1234567890123", number));
  CHECK(number == 1'234'567'890'123);
  CHECK(read_mpan_digits("0000000000000", number));
  CHECK(number == 0);
  CHECK(read_mpan_digits("9999999999999", number));
  CHECK(number == 9'999'999'999'999);
  for (std::size_t at = 0; at < mpan_digits; ++at)
    for (int c = 0; c < 256; ++c) {
      std::string text = "1234567890123";
      text[at] = static_cast<char>(c);
      CHECK(read_mpan_digits(text.data(), number) == (c >= '0' && c <= '9'));
    }
}

} // namespace
} // namespace gridtwin
