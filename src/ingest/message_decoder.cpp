#include "src/ingest/message_decoder.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/transformer_groups.hpp"
#include "src/messages/json_places.hpp"
#include "src/messages/message_checks.hpp"
#include "src/messages/message_reader.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::size_t entries_in_message_limit = message_days_limit * periods_in_message_day_limit;
static_assert(entries_in_message_limit < std::size_t{1} << message_entry_bits);
constexpr std::uint32_t entry_mask = (std::uint32_t{1} << message_entry_bits) - 1;
constexpr std::string_view blanks = " \t\r";

/// A message within the lines of its block.
struct message_body {
  std::uint32_t line_offset = 0;
  text_place place; ///< within the line
};

/// The texts of half hours of a block's messages. A message is looked through once for all of them.
class message_half_hours final : public raw_lines {
public:
  message_half_hours(std::shared_ptr<const raw_lines> lines, std::vector<message_body> bodies)
    : lines_(std::move(lines)), bodies_(std::move(bodies)) {}

  std::string at(std::uint32_t offset) const override {
    const std::size_t number = offset >> message_entry_bits;
    const std::lock_guard only_one(mutex_);
    if (number != held_number_ || text_.empty()) {
      const message_body& body = bodies_[number];
      text_ = lines_->at(body.line_offset);
      // Should the file have changed meanwhile, there may be less of it.
      text_ = text_.substr(std::min(body.place.offset, text_.size()), body.place.size);
      places_ = objects_within(text_, half_hour_depth, 0, entries_in_message_limit);
      held_number_ = number;
    }
    const std::size_t entry = offset & entry_mask;
    return entry < places_.size() ? text_.substr(places_[entry].offset, places_[entry].size) : std::string();
  }

private:
  std::shared_ptr<const raw_lines> lines_;
  std::vector<message_body> bodies_;
  mutable std::mutex mutex_;
  mutable std::size_t held_number_ = 0;
  mutable std::string text_;
  mutable std::vector<text_place> places_;
};

/// Decodes one block.
class block_messages {
public:
  block_messages(const meter_index& meters, const message_decode_options& options)
    : meters_(meters), options_(options), reader_(reader_options(options)) {}

  void decode_lines(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line = text.substr(at, end - at);
      if (line.size() >= line_bytes_limit)
        refuse_text(line, line_, 0, "$: is longer than 1 MiB"); // it was cut
      else if (line.find_first_not_of(blanks) != std::string_view::npos)
        decode_request(line, static_cast<std::uint32_t>(at));
      ++line_;
      at = end + 1;
    }
  }

  void decode_document(std::string_view text) {
    decode_request(text, 0);
    line_ = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n')) + (text.ends_with('\n') ? 0 : 1);
  }

  decoded_block take(std::shared_ptr<const raw_lines> raw) {
    out_.batch.lines = line_;
    group_by_transformer(out_.batch.readings, transformers_, out_.batch.slices);
    out_.batch.raw = std::make_shared<const message_half_hours>(std::move(raw), std::move(bodies_));
    return std::move(out_);
  }

private:
  static message_reader_options reader_options(const message_decode_options& options) {
    message_reader_options out;
    out.environment = options.environment;
    out.bytes = message_document_limit;
    out.messages = messages_in_request_limit;
    return out;
  }

  void decode_request(std::string_view text, std::uint32_t offset) {
    const read_request request = reader_.read(text);
    if (!request.faults.empty())
      return refuse_text(text, line_, 0, told(request.faults));
    std::uint32_t line = line_;
    std::size_t counted = 0;
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
      const read_message& m = request.messages[i];
      const std::string_view passed = text.substr(counted, m.place.offset - counted);
      line += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
      counted = m.place.offset;
      const std::string_view own = text.substr(m.place.offset, m.place.size);
      if (m.message)
        take_message(m, own, {offset, m.place}, line);
      else
        refuse_text(own, line, static_cast<std::uint8_t>(i & 0xFFU), told(m.faults));
    }
  }

  static std::string told(const std::vector<message_fault>& faults) {
    std::string out = faults.front().path + ": " + faults.front().what;
    if (faults.size() > 1)
      out += " (and " + std::to_string(faults.size() - 1) + " more)";
    return out;
  }

  void refuse_text(std::string_view text, std::uint32_t line, std::uint8_t item, std::string detail) {
    early_reject& out = out_.batch.rejects.emplace_back();
    out.line = line;
    out.item = item;
    out.verdict = verdict::unparseable;
    out.detail = std::move(detail);
    out.raw = text.substr(0, line_bytes_limit);
  }

  void take_message(const read_message& read, std::string_view text, const message_body& body, std::uint32_t line) {
    const consumption_message& m = read.message->consumption;
    const auto meter = read.quarantined ? std::nullopt : meters_.find(m.mpan);
    message_context context;
    if (meter)
      context.rows = meters_.rows_of(*meter, several_rows_);
    const auto outcomes = check_message(m, context, options_.limits);
    std::vector<text_place> places; // found when the first is refused
    std::uint32_t number = 0;
    for (const consumption_day& day : m.days)
      for (const consumption_entry& e : day.entries) {
        const verdict v = outcomes[number].verdict;
        if (is_of_message(v)) {
          if (places.empty())
            places = objects_within(text, half_hour_depth, 0, entries_in_message_limit);
          assert(number < places.size());
          refuse_entry(*read.message, e, v, text.substr(places[number].offset, places[number].size), line, number);
        } else {
          accept(m, e, *meter, line, number);
        }
        ++number;
      }
    bodies_.push_back(body);
    assert(bodies_.size() <= std::size_t{1} << (32 - message_entry_bits)); // a block is too short for more
  }

  void refuse_entry(const if021_message& m, const consumption_entry& e, verdict v, std::string_view text,
                    std::uint32_t line, std::uint32_t number) {
    early_reject& out = out_.batch.rejects.emplace_back();
    out.line = line;
    out.item = static_cast<std::uint8_t>(number & 0xFFU);
    out.verdict = v;
    out.meter = to_string(m.consumption.mpan);
    out.quantity = name_of(m.consumption.quantity);
    if (!breaks_off_grid(e.end_s) && v != verdict::unparseable)
      out.period_end = format_instant(e.end_s);
    out.detail = objection_text(v, m);
    out.raw = text;
  }

  void accept(const consumption_message& m, const consumption_entry& e, meter_number meter, std::uint32_t line,
              std::uint32_t number) {
    sourced_reading& out = out_.batch.readings.emplace_back();
    out.wh = e.content.wh;
    out.period = {static_cast<std::int32_t>(e.end_s / seconds_per_period)};
    out.connection = meters_.connection_at(meter, out.period);
    out.line = line;
    out.offset = static_cast<std::uint32_t>(bodies_.size()) << message_entry_bits | number;
    out.version = options_.version;
    out.item = static_cast<std::uint8_t>(number & 0xFFU);
    out.quantity = m.quantity;
    out.quality = e.content.quality;
    out.reasons = e.content.reasons;
    transformers_.push_back(meters_.transformer_of(out.connection).value);
  }

  const meter_index& meters_;
  const message_decode_options& options_;
  message_reader reader_;
  std::uint32_t line_ = 0;
  std::vector<message_body> bodies_;
  std::vector<connection> several_rows_;
  std::vector<std::uint32_t> transformers_; ///< of `out_.batch.readings`
  decoded_block out_;
};

} // namespace

decoded_block message_decoder::decode(std::string_view text, std::shared_ptr<const raw_lines> raw) const {
  block_messages block(*meters_, options_);
  if (layout_ == message_layout::document)
    block.decode_document(text);
  else
    block.decode_lines(text);
  return block.take(std::move(raw));
}

} // namespace gridtwin
