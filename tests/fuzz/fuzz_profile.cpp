// A profile of any bytes is refused with a reason, or can be bound to a header that has its columns.

#include "config/format_profile.hpp"
#include "src/ingest/row_decoder.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <string>

namespace {

using namespace gridtwin;
using fuzz::require;

/// A header cell that says the name.
std::string in_csv(const std::string& name) {
  std::string out = "\"";
  for (const char c : name)
    out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_profile(fuzz::text_of(data, size), "fuzz.toml");
  if (!parsed) {
    require(parsed.failure().code == errc::bad_profile, "what is refused is a bad profile");
    require(parsed.failure().message.find("fuzz.toml") != std::string::npos, "the message names the file");
    require(parsed.failure().message.find('\n') == std::string::npos, "the message is one line");
    return 0;
  }
  const format_profile& p = *parsed;
  require(p.layout == row_layout::by_reading ? p.value.given() : p.columns.size() == wide_columns,
          "values have columns");
  std::string header;
  for (const column_choice* c : {&p.meter, &p.time, &p.value, &p.quantity_column, &p.quality_column, &p.reason_column,
                                 &p.amendment_column, &p.version_column})
    if (c->given())
      header += (header.empty() ? "" : std::string(1, p.delimiter)) + in_csv(c->names.back());
  for (const std::string& name : p.columns)
    header += p.delimiter + in_csv(name);
  const auto meters = std::make_shared<const meter_index>(std::make_shared<const estate>());
  const auto decoder = row_decoder::make(p, header, meters, {"m", 1});
  if (!decoder) {
    const errc code = decoder.failure().code;
    require(code == errc::bad_profile || code == errc::unreadable_input,
            "a decoder is refused for its profile or header");
    return 0;
  }
  decoder->decode(header + "\n" + header);
  return 0;
}
