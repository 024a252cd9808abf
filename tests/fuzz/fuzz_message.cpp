// Requests of messages IF-021, read and decoded, whatever they hold.

#include "src/ingest/message_decoder.hpp"
#include "src/messages/json_places.hpp"
#include "src/messages/message_checks.hpp"
#include "src/messages/message_reader.hpp"
#include "src/messages/message_writer.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace gridtwin;
using fuzz::require;

namespace {

std::shared_ptr<const meter_index> meters() {
  estate e;
  e.transformers.push_back({"T1", "", 500'000, 950'000, 'H'});
  e.feeders.push_back({{0}, "F1", "", 0});
  connection c;
  c.mpan = {2000056535971};
  c.quantities = 0x07;
  e.connections.push_back(c);
  return std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(e)));
}

void check_faults(const std::vector<message_fault>& faults, std::size_t most) {
  require(faults.size() <= most + 1, "faults are bounded");
  for (const message_fault& f : faults)
    require(f.path.starts_with("$") && !f.what.empty(), "faults have a path and say what is wrong");
}

void check_message_of(const read_message& m, std::string_view text) {
  require(m.message.has_value() == m.faults.empty(), "a message is read, or has faults");
  check_faults(m.faults, 100);
  require(m.place.offset + m.place.size <= text.size() && m.place.size > 0, "messages lie in their request");
  if (!m.message)
    return;
  check_faults(faults_by_rule(*m.message, "$", 100), 100);
  std::string written;
  append_message(written, *m.message);
  message_reader reader;
  const read_request again = reader.read(written);
  require(again.messages.size() == 1 && again.messages[0].message, "what was read can be written and read again");
  require(same_message(*again.messages[0].message, *m.message), "and is the same");
  std::string twice;
  append_message(twice, *again.messages[0].message);
  require(twice == written, "and the same bytes");
  const std::string_view own = text.substr(m.place.offset, m.place.size);
  const std::size_t half_hours = half_hours_of(*m.message);
  require(half_hour_text(own, half_hours - 1).starts_with("{"), "each half hour has its text");
  require(half_hour_text(own, half_hours).empty(), "and there are no others");
}

void check_block(const decoded_block& block, std::string_view text) {
  for (const sourced_reading& r : block.batch.readings) {
    require(r.period >= first_storable_period && r.period <= last_storable_period, "periods can be stored");
    require(text.find(block.batch.raw->at(r.offset)) != std::string_view::npos,
            "texts of half hours are of the request");
  }
  for (const early_reject& r : block.batch.rejects) {
    require(is_rejected(r.verdict) || is_quarantined(r.verdict), "rejects are refused");
    require(!r.detail.empty(), "rejects say why");
    require(text.find(r.raw) != std::string_view::npos, "rejects have their text");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto index = meters();
  const std::string text(fuzz::text_of(data, size));
  message_reader reader;
  const read_request read = reader.read(text);
  check_faults(read.faults, 1);
  require(read.faults.empty() != read.messages.empty(), "there are messages, or what is wrong with all of it");
  for (const read_message& m : read.messages)
    check_message_of(m, text);
  for (const message_layout layout : {message_layout::lines, message_layout::document}) {
    const message_decoder decoder(index, layout, {});
    check_block(decoder.decode(text, std::make_shared<const held_lines>(text)), text);
  }
  return 0;
}
