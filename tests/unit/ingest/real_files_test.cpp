#include "src/ingest/source_reader.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <filesystem>
#include <map>

namespace gridtwin {
namespace {

using namespace gridtwin::test;

/// Decodes a whole file with the built-in format of that name; `three` is called MAC000002.
std::vector<reading_batch> decode(const std::filesystem::path& path, std::string_view format) {
  auto reader = source_reader::open({path, path.filename().string(), std::filesystem::file_size(path)});
  REQUIRE_MESSAGE(reader, reader.failure().message);
  const auto decoder = decoder_of(*built_in_profile(format), (*reader)->header());
  clock_change_resolver resolver(decoder.shared_meters());
  std::vector<reading_batch> out;
  read_buffer buffer;
  for (;;) {
    const auto block = (*reader)->next(64 * 1024);
    REQUIRE(block);
    if (!*block)
      break;
    const auto text = (*block)->fetch(buffer);
    REQUIRE(text);
    resolver.resolve(decoder.decode(*text, (*block)->raw()), out);
  }
  resolver.finish(out);
  return out;
}

TEST_CASE("real files: household MAC000002 of Low Carbon London") {
  const std::filesystem::path folder = GRIDTWIN_SHARED_DIR "/data/lcl-raw-mac000002";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no " << folder.string());
    return;
  }
  const std::pair<const char*, std::size_t> files[] = {{"MAC000002.csv.gz", 24'158},
                                                       {"MAC000002-crlf-variant.csv.gz", 24'141}};
  for (const auto& [name, expected] : files) {
    std::size_t rows = 0;
    std::map<verdict, int> rejects;
    for (const reading_batch& batch : decode(folder / name, "lcl")) {
      rows += batch.readings.size() + batch.rejects.size();
      for (const early_reject& r : batch.rejects)
        ++rejects[r.verdict];
      CHECK(batch.ambiguous_local_times == 0);
    }
    CHECK(rows == expected);
    CHECK(rejects == std::map<verdict, int>{{verdict::null_value, 1}});
  }
}

} // namespace
} // namespace gridtwin
