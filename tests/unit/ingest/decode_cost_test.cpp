// What decoding costs. Not run with the tests, for no test asserts a time: unit_tests --no-skip --test-case="cost of*"

#include "tests/unit/ingest/ingest_support.hpp"

#include <ctime>

namespace gridtwin {
namespace {

using namespace gridtwin::test;

constexpr std::size_t rows_read = 1'000'000;
constexpr std::size_t block_bytes = std::size_t{1} << 20;
constexpr int rounds = 5;

double cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

estate_texts estate_of(std::size_t meters) {
  estate_texts t{
    "transformer_id,rating_kva,gsp_group\n", "transformer_id,feeder_id\n",
    "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation,quantities,"
    "source_id,effective_from,effective_to\n"};
  for (std::size_t i = 0; i < meters; ++i) {
    const std::string transformer = "T" + std::to_string(10'000'000 + i / 100);
    if (i % 100 == 0)
      t.transformers += transformer + ",500,_A\n";
    if (i % 25 == 0)
      t.feeders += transformer + ",F" + std::to_string(i % 100 / 25) + "\n";
    t.meters += mpan_text(100'000'000'000 + i) + "," + transformer + ",F" + std::to_string(i % 100 / 25)
                + ",ABCD,S,W,T,E,AI,,,\n";
  }
  return t;
}

/// Rows of a built-in format, all periods of a meter together or all meters of a period.
std::vector<std::string> rows_of(std::string_view format, bool by_time, std::size_t meters) {
  std::vector<std::string> blocks(1);
  for (std::size_t i = 0; i < rows_read; ++i) {
    const std::size_t meter = by_time ? i % meters : i / 5000 % meters;
    const auto half_hour = static_cast<std::int64_t>(by_time ? i / meters : i % 5000);
    std::string time = format_instant(1'356'998'400 + 1800 * (half_hour + 1));
    const std::string value = "0." + std::to_string(1000 + i % 1000).substr(1);
    if (format == "generic")
      blocks.back() += mpan_text(100'000'000'000 + meter) + ",AI," + time + "," + value + "\n";
    else
      blocks.back() += mpan_text(100'000'000'000 + meter) + "," + time.replace(10, 1, " ").substr(0, 19) + ".0000000, "
                       + value + " \n";
    if (blocks.back().size() >= block_bytes)
      blocks.emplace_back();
  }
  return blocks;
}

TEST_CASE("cost of an estate of a million meters, and of decoding its rows" * doctest::skip()) {
  constexpr std::size_t meters = 1'000'000;
  const estate_texts texts = estate_of(meters);
  const double begin = cpu_s();
  auto parsed = parse_estate(texts, "cost");
  const double built = cpu_s();
  REQUIRE(parsed);
  const auto index = std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(*parsed)));
  MESSAGE("estate " << built - begin << " s, index " << cpu_s() - built << " s");
  for (const std::string format : {"generic", "lcl"})
    for (const bool by_time : {false, true}) {
      const auto blocks = rows_of(format, by_time, meters);
      const auto decoder =
        row_decoder::make(*built_in_profile(format),
                          format == "generic" ? "mpan,quantity,period_end,kwh" : "LCLid,DateTime,KWH", index, {});
      REQUIRE(decoder);
      double least = 1e9;
      for (int round = 0; round < rounds; ++round) {
        auto texts_of_round = blocks;
        std::size_t readings = 0;
        const double start = cpu_s();
        for (std::string& block : texts_of_round)
          readings += decoder->decode(std::move(block)).batch.readings.size();
        least = std::min(least, cpu_s() - start);
        REQUIRE(readings == rows_read);
      }
      MESSAGE(format << std::string(by_time ? " by time: " : " by meter: ") << least / rows_read * 1e9 << " ns a row");
    }
}

} // namespace
} // namespace gridtwin
