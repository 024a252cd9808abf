#include "src/store/letter_record.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal.hpp"

#include <utility>

namespace gridtwin {

namespace {

constexpr std::uint8_t letter_format = 1;

enum class entry_kind : std::uint8_t { settled = 1, letter = 2, parked = 3 };

void put_input(byte_writer& w, const kept_reject& input) {
  w.number(input.source);
  w.number(input.line);
  w.byte(input.item);
  for (const std::string* text : {&input.meter, &input.quantity, &input.period_end, &input.detail, &input.raw})
    w.text(*text);
}

void put_reading(byte_writer& w, const reading& r) {
  w.byte(static_cast<std::uint8_t>(index_of(r.quantity)));
  w.signed_number(r.period.number);
  w.number(r.version);
  w.signed_number(r.content.wh);
  w.byte(r.content.quality.code);
  w.byte(r.content.reasons.estimation);
  w.byte(static_cast<std::uint8_t>(r.content.reasons.amendment));
}

void get_input(byte_reader& in, kept_reject& input) {
  input.source = in.number32();
  input.line = in.number();
  input.item = in.byte();
  input.verdict = verdict::twin_failed;
  for (std::string* text : {&input.meter, &input.quantity, &input.period_end, &input.detail, &input.raw})
    *text = in.text();
}

void get_reading(byte_reader& in, reading& r) noexcept {
  const std::uint8_t of = in.byte();
  const std::int64_t number = in.signed_number();
  r.version = in.number32();
  r.content.wh = in.signed_number();
  r.content.quality.code = in.byte();
  r.content.reasons.estimation = in.byte();
  r.content.reasons.amendment = static_cast<char>(in.byte());
  if (of >= quantity_count || number < first_storable_period.number || number > last_storable_period.number
      || r.version == 0 || r.version > version_limit || r.content.quality.code >= quality_count) {
    in.fail();
    return;
  }
  r.quantity = static_cast<quantity>(of);
  r.period.number = static_cast<std::int32_t>(number);
}

void get_letter(byte_reader& in, letters_record::letter& letter) {
  letter.id = in.signed_number();
  letter.transformer.value = in.number32();
  letter.content.twin.value = in.number32();
  get_input(in, letter.content.input);
  get_reading(in, letter.content.reading);
  const std::uint8_t cause = in.byte();
  letter.content.attempts = in.number32();
  if (cause >= letter_cause_count)
    in.fail();
  else
    letter.content.cause = static_cast<letter_cause>(cause);
}

void get_parking(byte_reader& in, letters_record::parking& parking) {
  parking.transformer.value = in.number32();
  parking.twin.value = in.number32();
  parking.meter.number = in.number();
  parking.reason = in.text();
}

} // namespace

void letters_encoder::settled(std::int64_t id) {
  byte_writer w(entry_);
  w.byte(static_cast<std::uint8_t>(entry_kind::settled));
  w.signed_number(id);
  add();
}

void letters_encoder::letter(std::int64_t id, transformer_number t, const dead_letter& content) {
  byte_writer w(entry_);
  w.byte(static_cast<std::uint8_t>(entry_kind::letter));
  w.signed_number(id);
  w.number(t.value);
  w.number(content.twin.value);
  put_input(w, content.input);
  put_reading(w, content.reading);
  w.byte(static_cast<std::uint8_t>(content.cause));
  w.number(content.attempts);
  add();
}

void letters_encoder::parked(transformer_number t, const twin_fault& fault) {
  byte_writer w(entry_);
  w.byte(static_cast<std::uint8_t>(entry_kind::parked));
  w.number(t.value);
  w.number(fault.twin.value);
  w.number(fault.meter.number);
  w.text(fault.reason);
  add();
}

void letters_encoder::add() {
  if (bodies_.empty() || bodies_.back().size() + entry_.size() > largest_record) {
    byte_writer w(bodies_.emplace_back());
    w.byte(letter_format);
    w.number(run_);
    w.byte(known_.at_s ? 1 : 0);
    w.signed_number(known_.at_s.value_or(0));
  }
  bodies_.back() += std::exchange(entry_, {});
}

bool decode_letters(std::string_view body, letters_record& out) {
  byte_reader in(body);
  if (in.byte() != letter_format)
    return false;
  out.run = in.number32();
  const std::uint8_t has_known = in.byte();
  const std::int64_t at_s = in.signed_number();
  if (has_known > 1)
    return false;
  out.known.at_s = has_known != 0 ? std::optional(at_s) : std::nullopt;
  while (!in.at_end()) {
    switch (static_cast<entry_kind>(in.byte())) {
    case entry_kind::settled:
      out.settled.push_back(in.signed_number());
      break;
    case entry_kind::letter:
      get_letter(in, out.letters.emplace_back());
      break;
    case entry_kind::parked:
      get_parking(in, out.parked.emplace_back());
      break;
    default:
      return false;
    }
  }
  return in.ok();
}

} // namespace gridtwin
