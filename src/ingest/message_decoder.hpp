#pragma once

#include "src/ingest/message_source.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/ingest/source_decoder.hpp"
#include "twins/market_ids.hpp"
#include "twins/rules.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace gridtwin {

/// What the command says about messages.
struct message_decode_options {
  std::uint16_t version = 1; ///< of their readings: a message has none
  environment_tag environment = environment_tag::development;
  rule_limits limits; ///< those of the run: of two rules that object the first counts, whoever asks it
};

/// Half hours of one line that can be told apart by `sourced_reading::offset`: bits of their number.
inline constexpr int message_entry_bits = 14;

/// Decodes messages IF-021. A message that breaks the schema is one `unparseable` reject with its whole text; of a good
/// one each half hour is a reading, or a reject with its own text. Rules that speak of a message by itself are asked
/// here, those that speak of a reading by its twin.
class message_decoder final : public source_decoder {
public:
  message_decoder(std::shared_ptr<const meter_index> meters, message_layout layout, message_decode_options options)
    : meters_(std::move(meters)), layout_(layout), options_(std::move(options)) {}

  /// `offset` of the readings is of no byte: it numbers half hours for the batch's own raw lines, which give the text
  /// of one of them.
  decoded_block decode(std::string_view text, std::shared_ptr<const raw_lines> raw) const override;

  std::uint64_t first_line() const noexcept override { return 1; }

private:
  std::shared_ptr<const meter_index> meters_;
  message_layout layout_;
  message_decode_options options_;
};

} // namespace gridtwin
