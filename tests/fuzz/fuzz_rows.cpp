// Rows of any bytes under several profiles: each line is one outcome (or one a cell), whatever the blocks it came in,
// and the same on the fast path and off it.

#include "src/ingest/clock_change_resolver.hpp"
#include "src/ingest/estate_files.hpp"
#include "src/ingest/plain_row.hpp"
#include "src/ingest/row_decoder.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace gridtwin;
using fuzz::require;

std::shared_ptr<const meter_index> make_index() {
  auto parsed = parse_estate(
    {"transformer_id,rating_kva,gsp_group\nT1,500,_A\nT2,315,_A\n", "transformer_id,feeder_id\nT1,F\nT2,F\n",
     "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation,"
     "quantities,source_id,effective_from,effective_to\n"
     "1000000000012,T2,F,AAAA,S,W,T,E,AI|AE,m,,\n"
     "1000000000021,T1,F,AAAA,S,W,T,E,,n,,2024-10-27T01:00:00Z\n"
     "1000000000021,T2,F,AAAA,S,W,T,E,AE,n,2024-10-27T01:00:00Z,\n"},
    "fuzz");
  if (!parsed)
    std::fprintf(stderr, "%s\n", parsed.failure().message.c_str());
  require(static_cast<bool>(parsed), "the estate is good");
  return std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(*parsed)));
}

row_decoder make_decoder(const std::shared_ptr<const meter_index>& meters, const format_profile& p,
                         std::string_view header, bool plain_rows) {
  auto made = row_decoder::make(p, header, meters, {"m", 1, plain_rows});
  require(static_cast<bool>(made), "the profile fits its header");
  return std::move(*made);
}

std::vector<row_decoder> make_decoders(bool plain_rows) {
  const auto meters = make_index();
  std::vector<row_decoder> out;
  format_profile p = *built_in_profile("generic");
  out.push_back(make_decoder(meters, p, "mpan,quantity,period_end,kwh,version,quality,reason,amendment", plain_rows));
  out.push_back(make_decoder(meters, *built_in_profile("lcl"), "LCLid,DateTime,KWH/hh (per half hour) ", plain_rows));
  p = {};
  p.meter.names = {"m"};
  p.time.names = {"t"};
  p.value.names = {"v"};
  p.quantity_column.names = {"q"};
  p.time_format = "%d/%m/%Y %H:%M";
  p.zone = "Europe/London";
  p.unit = energy_unit::kilowatt;
  p.thousands = ',';
  p.delimiter = ';';
  out.push_back(make_decoder(meters, p, "m;t;v;q", plain_rows));
  p.label = period_label::period_start;
  p.meter = {};
  p.quantity_column = {};
  p.time_format = "iso8601";
  p.delimiter = ',';
  out.push_back(make_decoder(meters, p, "t,v", plain_rows));
  p.layout = row_layout::by_day;
  p.label = period_label::period_end;
  p.value = {};
  std::string header = "t";
  for (int i = 0; i < 48; ++i) {
    p.columns.push_back("H" + std::string(i / 2 < 10 ? "0" : "") + std::to_string(i / 2) + (i % 2 == 0 ? "00" : "30"));
    header += "," + p.columns.back();
  }
  out.push_back(make_decoder(meters, p, header, plain_rows));
  return out;
}

using outcome = std::tuple<std::uint64_t, int, std::string, std::int64_t, std::int32_t, std::uint32_t, int>;

struct outcomes {
  std::vector<outcome> all;
  std::uint64_t lines = 0;
  std::uint64_t ambiguous = 0;
};

void check_batch(const reading_batch& batch, const meter_index& meters) {
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < batch.slices.size(); ++i) {
    const auto& slice = batch.slices[i];
    require(slice.first == next && (i == 0 || batch.slices[i - 1].transformer < slice.transformer),
            "slices follow one another");
    next = i + 1 < batch.slices.size() ? batch.slices[i + 1].first : static_cast<std::uint32_t>(batch.readings.size());
    require(next > slice.first, "no slice is empty");
    for (std::uint32_t k = slice.first; k < next; ++k)
      require(meters.transformer_of(batch.readings[k].connection) == slice.transformer,
              "readings stand with their transformer");
  }
  require(next == batch.readings.size(), "slices hold all readings");
  const std::string_view text = dynamic_cast<const held_lines&>(*batch.raw).text();
  for (const sourced_reading& r : batch.readings) {
    require(r.offset < text.size() && (r.offset == 0 || text[r.offset - 1] == '\n'), "offsets are of lines");
    require(r.period >= first_storable_period && r.period <= last_storable_period, "periods can be stored");
    require(r.version != 0, "versions count from 1");
    require((meters.at(r.connection).quantities & mask_of(r.quantity)) != 0, "quantities are the meter's");
  }
  for (const early_reject& r : batch.rejects) {
    require(text.find(r.raw) != std::string_view::npos && r.raw.find('\n') == std::string::npos, "raw lines are lines");
    require(is_rejected(r.verdict) || is_quarantined(r.verdict), "rejects are refused");
    require(!r.detail.empty(), "rejects say why");
  }
}

outcomes decode(const row_decoder& decoder, const std::vector<std::string>& blocks) {
  std::vector<reading_batch> batches;
  clock_change_resolver resolver(decoder.shared_meters());
  for (const std::string& block : blocks)
    resolver.resolve(decoder.decode(block), batches);
  resolver.finish(batches);
  require(resolver.held_rows() == 0, "nothing is held at the end");
  outcomes out;
  for (const reading_batch& batch : batches) {
    check_batch(batch, decoder.meters());
    for (const sourced_reading& r : batch.readings)
      out.all.emplace_back(batch.first_line + r.line, r.item, "", r.wh, r.period.number, r.connection.value, r.version);
    for (const early_reject& r : batch.rejects)
      out.all.emplace_back(batch.first_line + r.line, r.item, r.detail + r.period_end + r.meter + r.quantity,
                           static_cast<int>(r.verdict), 0, 0, 0);
    out.lines += batch.lines;
    out.ambiguous += batch.ambiguous_local_times;
  }
  std::sort(out.all.begin(), out.all.end());
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<row_decoder> decoders = make_decoders(true);
  static const std::vector<row_decoder> general = make_decoders(false);
  if (size == 0)
    return 0;
  const std::size_t which = data[0] % decoders.size();
  const bool by_day = which == decoders.size() - 1;
  const std::string text(fuzz::text_of(data + 1, size - 1));
  std::vector<std::string> lines;
  std::size_t filled = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    lines.emplace_back(rest.substr(0, end));
    std::string_view line = lines.back();
    for (const char last : {'\n', '\r'}) // one line end, as the decoder has it
      line.remove_suffix(!line.empty() && line.back() == last ? 1 : 0);
    filled += line.find_first_not_of(" \t") == std::string_view::npos ? 0 : 1;
    rest.remove_prefix(end);
  }
  const outcomes whole = decode(decoders[which], {text});
  const outcomes apart = decode(decoders[which], lines);
  require(whole.lines == lines.size(), "every line is counted");
  require(whole.all == apart.all && whole.lines == apart.lines && whole.ambiguous == apart.ambiguous,
          "blocks do not matter");
  // The fast path leaves the end of a block to the general one: a long blank line makes the end another one.
  const std::string padded = text + "\n" + std::string(plain_row_reach, ' ');
  require(decode(decoders[which], {padded}).all == decode(general[which], {padded}).all,
          "the fast path changes nothing");
  std::set<std::pair<std::uint64_t, int>> places;
  for (const outcome& o : whole.all)
    require(places.emplace(std::get<0>(o), std::get<1>(o)).second, "one outcome a line and column");
  require(by_day || whole.all.size() == filled, "every line is a reading or a reject");
  return 0;
}
