#include "src/replay/letter_batches.hpp"

#include <memory>
#include <string>
#include <utility>

namespace gridtwin {

std::vector<reading_batch> batches_of(std::span<const kept_letter> letters, const meter_index& meters) {
  std::vector<reading_batch> out;
  out.reserve(letters.size());
  for (const kept_letter& kept : letters) {
    const kept_reject& input = kept.letter.input;
    const reading& r = kept.letter.reading;
    const auto number = parse_mpan(input.meter);
    const auto meter = number ? meters.find(*number) : std::nullopt;
    if (!meter)
      continue;
    reading_batch& batch = out.emplace_back();
    batch.source = input.source;
    batch.first_line = input.line;
    batch.lines = 1;
    batch.raw = std::make_shared<const held_lines>(std::string(input.raw));
    sourced_reading& reading = batch.readings.emplace_back();
    reading.wh = r.content.wh;
    reading.connection = meters.connection_at(*meter, r.period);
    reading.period = r.period;
    reading.version = static_cast<std::uint16_t>(r.version);
    reading.item = input.item;
    reading.quantity = r.quantity;
    reading.quality = r.content.quality;
    reading.reasons = r.content.reasons;
    batch.slices.push_back({meters.transformer_of(reading.connection), 0});
  }
  return out;
}

} // namespace gridtwin
