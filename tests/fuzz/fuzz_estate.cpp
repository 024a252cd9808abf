// An estate of any bytes is refused, or is sorted, the same in any order of its rows, and its index finds all of it.

#include "src/ingest/estate_files.hpp"
#include "src/ingest/meter_index.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace {

using namespace gridtwin;
using fuzz::require;
using fuzz::turned;

bool equal(const connection& a, const connection& b) {
  return std::tie(a.mpan, a.feeder, a.effective, a.supplier_mpid, a.segment, a.type, a.domestic, a.energised,
                  a.quantities, a.source_name)
         == std::tie(b.mpan, b.feeder, b.effective, b.supplier_mpid, b.segment, b.type, b.domestic, b.energised,
                     b.quantities, b.source_name);
}

void check(const estate& e) {
  for (const feeder_info& feeder : e.feeders)
    require(feeder.rating_ma >= 0, "no rating is negative");
  const meter_index index(std::make_shared<const estate>(e));
  for (std::size_t i = 0; i < e.connections.size(); ++i) {
    const connection& c = e.connections[i];
    require(c.feeder.value < e.feeders.size() && e.feeder_of(c).transformer.value < e.transformers.size(),
            "references hold");
    require(c.effective.first < c.effective.end || c.effective.first == c.effective.end, "ranges are in order");
    require(i == 0
              || std::tie(e.connections[i - 1].feeder, e.connections[i - 1].mpan, e.connections[i - 1].effective.first)
                   <= std::tie(c.feeder, c.mpan, c.effective.first),
            "connections are sorted");
    const auto meter = index.find(to_string(c.mpan));
    require(meter.has_value(), "the index finds every MPAN");
    require(c.source_name == 0 || index.find(e.source_names[c.source_name]) == meter, "and every name");
    const period p{c.effective.first};
    if (c.effective.contains(p)) {
      const connection& found = index.at(index.connection_at(*meter, p));
      require(equal(found, c), "and the connection of the time");
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  estate_texts texts;
  texts.transformers = fuzz::take_until(rest, '\x1E'); // the record separator parts the three files
  texts.feeders = fuzz::take_until(rest, '\x1E');
  texts.meters = rest;
  const auto parsed = parse_estate(texts, "fuzz");
  const auto other = parse_estate({turned(texts.transformers), turned(texts.feeders), turned(texts.meters)}, "fuzz");
  require(static_cast<bool>(parsed) == static_cast<bool>(other), "the order of rows breaks no estate");
  if (!parsed) {
    require(parsed.failure().code == errc::bad_estate && !parsed.failure().message.empty(), "what is refused says why");
    return 0;
  }
  check(*parsed);
  require(parsed->source_names == other->source_names
            && std::equal(parsed->connections.begin(), parsed->connections.end(), other->connections.begin(),
                          other->connections.end(), equal),
          "the order of rows leaves no trace");
  return 0;
}
