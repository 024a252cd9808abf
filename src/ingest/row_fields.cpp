#include "src/ingest/line_decoder.hpp"
#include "src/ingest/plain_values.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::size_t longest_version = 5;

/// A whole number of at most five digits.
bool read_small(std::string_view text, std::uint32_t& value) noexcept {
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return false;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return !text.empty() && text.size() <= longest_version;
}

} // namespace

bool line_decoder::is_null(std::string_view text) const noexcept {
  for (const std::string& word : profile_.null_words)
    if (word == text)
      return true;
  return false;
}

void line_decoder::read_cell(row& r, std::string_view text, cell& out) const noexcept {
  out.null = is_null(text);
  out.energy.rounded = false;
  if (out.null || (plan_.plain_kilowatt_hours && quick_kilowatt_hours(text, out.energy.wh)))
    return;
  const auto energy = parse_energy(text, profile_.unit, profile_.thousands);
  if (energy)
    out.energy = *energy;
  else
    r.fail("is not a decimal value", text);
}

void line_decoder::read_time(row& r) {
  r.time_text = fields_[plan_.time];
  r.time_read = plan_.times.read(r.time_text, dates_, r.time);
  if (!r.time_read) {
    r.fail("is not a time of this format", r.time_text);
  } else if (profile_.zone.empty() && !r.time.has_offset) {
    r.time_read = false;
    r.fail("is a time without an offset such as Z or +01:00", r.time_text);
  }
}

void line_decoder::read_version(row& r) {
  r.version = plan_.default_version;
  r.version_read = true;
  if (plan_.version == no_column)
    return;
  const std::string_view text = fields_[plan_.version];
  if (text.empty())
    return;
  std::uint32_t value = 0;
  r.version_read = read_small(text, value) && value >= 1 && value <= version_limit;
  if (r.version_read)
    r.version = static_cast<std::uint16_t>(value);
  else
    r.fail("is not a version, 1 to 65535", text);
}

void line_decoder::read_quality(row& r) {
  if (plan_.quality == no_column)
    return;
  const std::string_view text = fields_[plan_.quality];
  for (const auto& [word, code] : profile_.quality_map)
    if (word == text) {
      r.quality = code;
      return;
    }
  if (text.empty())
    return;
  const auto code = profile_.quality_map.empty() ? parse_quality(text) : std::nullopt;
  if (code)
    r.quality = *code;
  else
    r.fail("is not a known quality", text);
}

void line_decoder::read_reasons(row& r) {
  if (plan_.reason == no_column) {
    if (r.quality != actual && !is_actual(r.quality))
      r.reasons.estimation = profile_.reason;
  } else if (const std::string_view text = fields_[plan_.reason]; !text.empty()) {
    std::uint32_t value = 0;
    if (read_small(text, value) && value >= 1 && value <= last_estimation_reason)
      r.reasons.estimation = static_cast<std::uint8_t>(value);
    else
      r.fail("is not an estimation reason, 1 to 10", text);
  }
  if (plan_.amendment == no_column)
    return;
  const std::string_view text = fields_[plan_.amendment];
  if (text.size() == 1 && is_amendment_reason(text.front()))
    r.reasons.amendment = text.front();
  else if (!text.empty())
    r.fail("is not an amendment reason, one of A E M R S T X", text);
}

std::optional<meter_number> line_decoder::meter_called(std::string_view text) {
  if (!has_last_meter_ || last_meter_text_ != text) {
    last_meter_text_ = text;
    last_meter_ = meters_.find(text);
    has_last_meter_ = true;
  }
  return last_meter_;
}

void line_decoder::find_meter(row& r) {
  r.meter_text = plan_.meter == no_column ? std::string_view(plan_.only_meter) : fields_[plan_.meter];
  r.meter = meter_called(r.meter_text);
}

void line_decoder::read_quantity(row& r) {
  if (plan_.quantity == no_column) {
    r.quantity = profile_.quantity;
    r.quantity_text = name_of(profile_.quantity);
    return;
  }
  r.quantity_text = fields_[plan_.quantity];
  for (const auto& [word, code] : plan_.quantity_words)
    if (word == r.quantity_text) {
      r.quantity = code;
      return;
    }
}

void line_decoder::read_row(row& r) {
  read_time(r);
  read_version(r);
  read_quality(r);
  read_reasons(r);
  find_meter(r);
  read_quantity(r);
}

void line_decoder::find_place(const written_time& time, std::int64_t shift_s, place& out) {
  out.kind = place_kind::known;
  if (time.has_offset) {
    out.end_s = time.local_s - time.offset_s + shift_s;
    out.later_s = out.end_s;
  } else {
    const local_span& span = plan_.zone.find(time.local_s, zone_hint_);
    out.end_s = time.local_s - span.offset_s + shift_s;
    out.later_s = time.local_s - span.later_offset_s + shift_s;
    out.hour_begin_s = span.begin_s;
    out.hour_end_s = span.end_s;
    if (span.kind == local_kind::twice)
      out.kind = place_kind::twice;
    // The end of the period that ends at the change may be written either way; the other way is a unique time.
    else if (span.kind == local_kind::never && (shift_s != 0 || time.local_s != span.begin_s))
      out.kind = place_kind::never;
  }
  if (out.end_s <= 0 || std::max(out.end_s, out.later_s) > last_storable_period.end_s())
    out.kind = place_kind::out_of_range;
}

/// Among those of the connection that is effective then, or of any where that is not known yet.
bool line_decoder::has_quantity(const row& r, const place& where) const noexcept {
  if (!r.meter || !r.quantity)
    return false;
  const std::uint8_t mask = mask_of(*r.quantity);
  if (where.kind != place_kind::known)
    return (meters_.quantities_of(*r.meter) & mask) != 0;
  const period p{static_cast<std::int32_t>(where.end_s / seconds_per_period)};
  return (meters_.at(meters_.connection_at(*r.meter, p)).quantities & mask) != 0;
}

} // namespace gridtwin
