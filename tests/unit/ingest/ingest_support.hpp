#pragma once

#include "src/ingest/clock_change_resolver.hpp"
#include "src/ingest/estate_files.hpp"
#include "src/ingest/row_decoder.hpp"
#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin::test {

/// A valid MPAN that begins with these twelve digits.
inline std::string mpan_text(std::uint64_t first_twelve) {
  return to_string(mpan{first_twelve * 10 + static_cast<std::uint64_t>(check_digit(first_twelve))});
}

inline const std::string one = mpan_text(100'000'000'001);
inline const std::string two = mpan_text(100'000'000'002);
inline const std::string three = mpan_text(100'000'000'003);
inline const std::string nobody = mpan_text(999'999'999'999);

/// The good estate of the tests: two transformers, `one` on the second, `two` (AI and AE) on the first, and `three`,
/// which sources call MAC000002, moves from the first to the second on 2026-03-10.
inline estate_texts good_texts() {
  const std::string head = "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,"
                           "energisation,quantities,source_id,effective_from,effective_to\n";
  return {"transformer_id,rating_kva,gsp_group\nT2,500,_C\nT1,315.5,_C\n",
          "transformer_id,feeder_id\nT1,F1\nT2,F1\nT1,F2\n",
          head + one + ",T2,F1,ABCD,S,W,T,E,,,,\n" + two + ",T1,F1,ABCD,S,W,T,E,AI|AE,,,\n" + three
            + ",T1,F2,ABCD,S,W,T,E,,MAC000002,,2026-03-10\n" + three + ",T2,F1,ABCD,S,W,T,E,,MAC000002,2026-03-10,\n"};
}

inline std::shared_ptr<const meter_index> index_of_texts(const estate_texts& texts) {
  auto parsed = parse_estate(texts, "test");
  REQUIRE_MESSAGE(parsed, parsed.failure().message);
  return std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(*parsed)));
}
inline std::shared_ptr<const meter_index> good_index() { return index_of_texts(good_texts()); }

inline row_decoder decoder_of(const format_profile& profile, std::string_view header, decode_options options = {}) {
  auto made = row_decoder::make(profile, header, good_index(), options);
  REQUIRE_MESSAGE(made, made.failure().message);
  return std::move(*made);
}

/// A reading or a reject in one line, for comparing: `3 AI 2026-03-01T00:30:00Z 250 A v1`, `4 off-grid ''`.
inline std::string describe(const reading_batch& batch, const sourced_reading& r, const meter_index& meters) {
  std::string out = std::to_string(batch.first_line + r.line) + " " + to_string(meters.at(r.connection).mpan) + " "
                    + std::string(name_of(r.quantity)) + " " + format_period(r.period) + " " + std::to_string(r.wh)
                    + " " + std::string(name_of(r.quality));
  if (r.reasons.estimation != 0)
    out += "/" + std::to_string(r.reasons.estimation);
  if (r.reasons.amendment != 0)
    out += std::string("/") + r.reasons.amendment;
  out +=
    " v" + std::to_string(r.version) + (r.item == 0 ? "" : " #" + std::to_string(r.item)) + (r.rounded ? " ~" : "");
  return out;
}
inline std::string describe(const reading_batch& batch, const early_reject& r) {
  return std::to_string(batch.first_line + r.line) + " " + std::string(name_of(r.verdict)) + " " + r.meter + " "
         + r.quantity + " " + r.period_end + (r.item == 0 ? "" : " #" + std::to_string(r.item));
}

/// What a text decodes to in blocks of so many lines, through the resolver, sorted by line.
struct decoded_file {
  std::vector<std::string> readings;
  std::vector<std::string> rejects;
  std::vector<reading_batch> batches;
  std::uint64_t lines = 0;
  std::uint64_t ambiguous = 0;
};

inline decoded_file decode_file(const row_decoder& decoder, std::string_view text, std::size_t lines_a_block = 1000) {
  std::vector<std::string> blocks(1);
  for (std::size_t lines = 0; !text.empty();) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (lines++ == lines_a_block) {
      blocks.emplace_back();
      lines = 1;
    }
    blocks.back() += text.substr(0, end);
    text.remove_prefix(end);
  }
  decoded_file out;
  clock_change_resolver resolver(decoder.shared_meters());
  for (std::string& block : blocks)
    resolver.resolve(decoder.decode(std::move(block)), out.batches);
  resolver.finish(out.batches);
  CHECK(resolver.held_rows() == 0);
  std::vector<std::pair<std::pair<std::uint64_t, int>, std::string>> readings;
  std::vector<std::pair<std::pair<std::uint64_t, int>, std::string>> rejects;
  for (const reading_batch& batch : out.batches) {
    for (const sourced_reading& r : batch.readings)
      readings.push_back({{batch.first_line + r.line, r.item}, describe(batch, r, decoder.meters())});
    for (const early_reject& r : batch.rejects)
      rejects.push_back({{batch.first_line + r.line, r.item}, describe(batch, r)});
    out.lines += batch.lines;
    out.ambiguous += batch.ambiguous_local_times;
  }
  std::sort(readings.begin(), readings.end());
  std::sort(rejects.begin(), rejects.end());
  for (auto& r : readings)
    out.readings.push_back(std::move(r.second));
  for (auto& r : rejects)
    out.rejects.push_back(std::move(r.second));
  return out;
}

using gridtwin::testing::temporary_folder;

} // namespace gridtwin::test
