// The fast path for rows of the usual shape, such as `1200000000002,2026-03-01T00:00:00Z,1.234`. A row is plain where
//   - the file has a row a reading and at most 16 columns, and its values are in kWh or kvarh (`row_plan::plain_rows`);
//   - the line has at most 128 bytes, no quote, and as many fields as the header;
//   - its meter is one of the estate's, with the row's quantity among its own;
//   - its time is on the half hour, is one instant, and has no blanks around it;
//   - its value is a decimal with no sign and no exponent, at most three decimals before zeros;
//   - its quantity, version, quality and reasons have at most 7 characters each, and are right.
// Such a row is a reading, and only such rows become readings here; any doubt leaves the row to `row_of_reading`, which
// reads every row and gives the same result for these (`plain_row_test.cpp` holds one against the other). What makes
// it fast is that it remembers what rows before said: meter, time and attributes are compared as words of text.

#include "src/ingest/plain_row.hpp"

#include "src/ingest/csv_line.hpp"
#include "src/ingest/line_decoder.hpp"
#include "src/ingest/plain_values.hpp"

#include <algorithm>
#include <limits>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace gridtwin {

namespace {

#ifdef __SSE2__
/// A bit for each of 64 bytes: those that are `wanted`, and those that end a scan, line feeds and quotes.
struct marked_bytes {
  std::uint64_t wanted = 0;
  std::uint64_t stops = 0;

  marked_bytes(const char* at, char c) noexcept {
    const __m128i wanted_bytes = _mm_set1_epi8(c);
    const __m128i feeds = _mm_set1_epi8('\n');
    const __m128i quotes = _mm_set1_epi8('"');
    for (int i = 0; i < 4; ++i) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + i);
      const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, feeds), _mm_cmpeq_epi8(bytes, quotes));
      const auto bits = [i](__m128i equal) {
        return std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(equal))} << (16 * i);
      };
      wanted |= bits(_mm_cmpeq_epi8(bytes, wanted_bytes));
      stops |= bits(ends);
    }
  }
};
#endif

/// The first place of a character among 16; 16: it is none of them.
std::size_t place_within_16(const char* at, char c) noexcept {
#ifdef __SSE2__
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const int places = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
  return static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(places) | 1U << 16));
#else
  return std::min(std::string_view(at, 16).find(c), std::size_t{16});
#endif
}

// Where `YYYY-MM-DDTHH:MM` has its hour and minute, within the second word of a text.
constexpr std::uint64_t clock_digits = 0xFFFF'00FF'FF00'0000;

/// Seconds since midnight of the hour and minute in a text's second word; negative where they are none.
constexpr std::int64_t clock_of(std::uint64_t word) noexcept {
  const std::uint64_t digits = (word & clock_digits) | (eight_zeros & ~clock_digits);
  if (!all_digits(digits))
    return -1;
  const auto digit = [digits](int byte) { return static_cast<std::int64_t>((digits >> (8 * byte)) & 0xF); };
  const std::int64_t hour = digit(3) * 10 + digit(4);
  const std::int64_t minute = digit(6) * 10 + digit(7);
  return hour > 23 || minute > 59 ? -1 : hour * 3600 + minute * 60;
}

/// `2026-03-01T00:30`, with any one character between date and clock.
bool has_clock_at_11(std::string_view text) noexcept {
  return text.size() >= 16 && text[4] == '-' && text[7] == '-' && !is_digit(text[10]) && is_digit(text[11])
         && is_digit(text[12]) && text[13] == ':' && is_digit(text[14]) && is_digit(text[15]);
}

} // namespace

/// Finds the end of the line that `rest` begins with, and takes it off, where it may be a plain row's; its fields,
/// where it has as many as the header. False leaves the line to `take_line`.
inline bool line_decoder::take_plain_line(std::string_view& rest, line_ahead& found) const noexcept {
  found.plain = false;
#ifdef __SSE2__
  if (!plan_.plain_rows || rest.size() < plain_row_reach)
    return false;
  const char* const begin = rest.data();
  std::size_t fields = 0;
  for (std::size_t from = 0; from < plain_row_bytes; from += 64) {
    const marked_bytes marked(begin + from, profile_.delimiter);
    const std::uint64_t in_line = marked.stops ^ (marked.stops - 1); // up to the first stop
    for (std::uint64_t ends = marked.wanted & in_line; ends != 0; ends &= ends - 1) {
      if (fields + 1 == plan_.columns)
        return false;
      found.ends[fields++] = static_cast<std::uint8_t>(from + static_cast<std::size_t>(std::countr_zero(ends)));
    }
    if (marked.stops == 0)
      continue;
    std::size_t size = from + static_cast<std::size_t>(std::countr_zero(marked.stops));
    if (begin[size] != '\n')
      return false;
    rest.remove_prefix(size + 1);
    if (size != 0 && begin[size - 1] == '\r')
      --size;
    found.line = {begin, size};
    found.ends[fields++] = static_cast<std::uint8_t>(size);
    found.plain = fields == plan_.columns;
    return true;
  }
#else
  static_cast<void>(rest);
#endif
  return false;
}

/// Finds the next lines and, where they name their meters in digits, asks memory for those: in a file ordered by time
/// each row's meter is one cache miss after another, and they cost more than all the rest of a row. A file in the
/// estate's order is read along with it and needs no asking. How many lines were found.
std::size_t line_decoder::look_ahead(std::string_view& rest) {
  std::size_t count = 0;
  std::uint64_t before = 0;
  for (; count < lines_wanted_ && !rest.empty(); ++count) {
    line_ahead& found = ahead_[count];
    std::string_view meter;
    if (!take_plain_line(rest, found))
      found.line = take_line(rest);
    if (found.plain && plan_.meter != no_column)
      meter = found.field(plan_.meter);
    else if (plan_.meter == 0)
      meter = found.line.substr(found.line.starts_with('"') ? 1 : 0, mpan_digits);
    if (meter.size() != mpan_digits || !read_mpan_digits(meter.data(), found.meter))
      found.meter = 0;
    found.asked = found.meter != 0 && found.meter != before && !in_estate_order_;
    if (found.asked)
      meters_.prefetch({found.meter});
    before = found.meter;
  }
  for (std::size_t i = 0; i < count; ++i)
    if (ahead_[i].asked)
      meters_.prefetch_connection({ahead_[i].meter});
  return count;
}

inline bool line_decoder::plain_meter(const line_ahead& found) {
  if (found.meter == 0) {
    plain_number_ = 0;
    const auto meter = meter_called(plan_.meter == no_column ? plan_.only_meter : trimmed(found.field(plan_.meter)));
    plain_meter_ = meter.value_or(meter_number{});
    return meter.has_value();
  }
  return plain_meter_of(found.meter);
}

inline bool line_decoder::plain_meter_of(std::uint64_t number) {
  if (number == plain_number_)
    return true;
  auto meter = in_estate_order_ ? meters_.find_after(plain_meter_, {number}) : std::nullopt;
  if (!meter) {
    meter = meters_.find(mpan{number});
    if (!meter)
      return false; // it may still be a source's name
    in_estate_order_ = meter->value == plain_meter_.value + 1;
  }
  plain_number_ = number;
  plain_meter_ = *meter;
  return true;
}

/// The time of the row before with another hour and minute.
inline bool line_decoder::move_plain_clock(std::uint64_t word) noexcept {
  plain_time& last = plain_time_;
  const std::int64_t clock = clock_of(word);
  const std::int64_t local_s = last.clock_zero_s + clock;
  const std::int64_t end_s = local_s + last.to_end_s;
  if (clock < 0 || local_s < last.begin_s || local_s >= last.end_s || end_s <= 0 || end_s > last_storable_period.end_s()
      || end_s % seconds_per_period != 0)
    return false;
  last.words[1] = word;
  last.time.local_s = local_s;
  last.period = {static_cast<std::int32_t>(end_s / seconds_per_period)};
  return true;
}

inline bool line_decoder::plain_time_of(std::string_view text) {
  plain_time& last = plain_time_;
  if (last.size != 0 && text.size() == last.size) {
    std::array<std::uint64_t, 4> changes{};
    for (std::size_t i = 0; i < changes.size(); ++i)
      changes[i] = (eight_bytes(text.data() + 8 * i) ^ last.words[i]) & last.masks[i];
    if ((changes[0] | (changes[1] & ~clock_digits) | changes[2] | changes[3]) == 0) {
      if (changes[1] == 0)
        return true;
      if (last.has_clock && move_plain_clock(eight_bytes(text.data() + 8)))
        return true;
    }
  }
  return learn_plain_time(text);
}

/// Reads the time as any row's is read.
bool line_decoder::learn_plain_time(std::string_view text) {
  plain_time& last = plain_time_;
  const std::size_t size = text.size();
  last.size = 0;
  written_time time;
  if (size == 0 || size > plain_time_bytes || is_blank(text.front()) || is_blank(text.back())
      || !plan_.times.read(text, dates_, time) || time.has_fraction || (profile_.zone.empty() && !time.has_offset))
    return false;
  const std::int64_t shift_s = profile_.label == period_label::period_start ? seconds_per_period : 0;
  const local_span& span = plan_.zone.find(time.local_s, zone_hint_);
  place where;
  find_place(time, shift_s, where);
  if (where.kind != place_kind::known || where.end_s % seconds_per_period != 0
      || (!time.has_offset && span.kind != local_kind::unique))
    return false;
  last.begin_s = time.has_offset ? std::numeric_limits<std::int64_t>::min() : span.begin_s;
  last.end_s = time.has_offset ? std::numeric_limits<std::int64_t>::max() : span.end_s;
  last.to_end_s = where.end_s - time.local_s;
  last.time = time;
  last.period = {static_cast<std::int32_t>(where.end_s / seconds_per_period)};
  last.size = size;
  for (std::size_t i = 0; i < last.words.size(); ++i) {
    last.words[i] = eight_bytes(text.data() + 8 * i);
    last.masks[i] = first_bytes(size > 8 * i ? size - 8 * i : 0);
  }
  const std::int64_t clock = clock_of(last.words[1]); // none for 24:00
  last.has_clock = plan_.times.begins_with_iso_clock() && has_clock_at_11(text) && clock >= 0;
  last.clock_zero_s = time.local_s - clock;
  return true;
}

/// Reads the attributes as any row's are read.
bool line_decoder::learn_plain_attributes(const line_ahead& found, const plain_attributes::packed& texts,
                                          plain_attributes& known) {
  if (!fields_.split(found.line))
    return false;
  row r;
  read_version(r);
  read_quality(r);
  read_reasons(r);
  read_quantity(r);
  if (r.fault != nullptr || !r.quantity)
    return false;
  known = {texts, true, *r.quantity, r.quality, r.reasons, r.version};
  return true;
}

inline const plain_attributes* line_decoder::plain_attributes_of(const line_ahead& found) {
  plain_attributes::packed texts{};
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < plan_.attribute_columns.size(); ++i) {
    const std::string_view text = found.field(plan_.attribute_columns[i]);
    if (text.size() > plain_attribute_bytes)
      return nullptr;
    texts[i] = (eight_bytes(text.data()) & first_bytes(text.size())) | std::uint64_t{text.size()} << 56;
    hash = (hash ^ texts[i]) * 0x9E37'79B9'7F4A'7C15;
  }
  plain_attributes& known = plain_attributes_[hash >> 61];
  if (known.filled && known.texts == texts)
    return &known;
  return learn_plain_attributes(found, texts, known) ? &known : nullptr;
}

/// Decodes a plain row. False, with nothing done, where the row is another one.
bool line_decoder::plain_row(const line_ahead& found) {
  if (!plain_meter(found) || !plain_time_of(found.field(plan_.time)))
    return false;
  const std::string_view value = found.field(plan_.value);
  std::int64_t wh = 0;
  if (!short_kilowatt_hours(value, wh) && !quick_kilowatt_hours(trimmed(value), wh))
    return false;
  const plain_attributes* const as = plain_attributes_of(found);
  if (as == nullptr)
    return false;
  return plain_reading(*as, wh);
}

/// Keeps the reading of the meter and time at hand.
inline bool line_decoder::plain_reading(const plain_attributes& as, std::int64_t wh) {
  const period p = plain_time_.period;
  const connection_index at = meters_.connection_at(plain_meter_, p);
  if ((meters_.at(at).quantities & mask_of(as.quantity)) == 0)
    return false;
  if (plan_.needs_order)
    note_order(series_of(plain_meter_, as.quantity, as.version), plain_time_.time, place_kind::known);
  out_.batch.readings.push_back({wh, at, p, line_, offset_, as.version, 0, as.quantity, as.quality, as.reasons, false});
  transformers_.push_back(meters_.transformer_of(at).value);
  return true;
}

/// What the next rows may repeat of a row that was plain.
void line_decoder::learn_repeated(const line_ahead& found) {
  repeated_row& last = repeated_;
  last.value_at = 0;
  if (plan_.meter != 0 || plan_.value <= plan_.time || found.meter == 0 || found.ends[0] != mpan_digits)
    return;
  const char* const line = found.line.data();
  const std::size_t time_at = std::size_t{found.ends[plan_.time - 1]} + 1;
  const std::size_t value_at = std::size_t{found.ends[plan_.value - 1]} + 1;
  const std::size_t end_at = found.ends[plan_.value];
  const std::size_t end_size = found.line.size() + (line[found.line.size()] == '\r' ? 2 : 1) - end_at;
  const plain_attributes* const as = plain_attributes_of(found);
  if (value_at - mpan_digits > sizeof last.words || end_size > sizeof last.end || as == nullptr)
    return;
  for (std::size_t i = 0; i < last.words.size(); ++i) {
    const std::size_t at = mpan_digits + 8 * i;
    last.words[i] = eight_bytes(line + at);
    last.masks[i] = first_bytes(value_at > at ? value_at - at : 0);
  }
  if (plain_time_.has_clock)
    for (const std::size_t digit : std::array<std::size_t, 4>{11, 12, 14, 15}) {
      const std::size_t at = time_at + digit - mpan_digits;
      last.masks[at / 8] &= ~(std::uint64_t{0xFF} << (8 * (at % 8)));
    }
  last.end = eight_bytes(line + end_at) & first_bytes(end_size);
  last.end_mask = first_bytes(end_size);
  last.end_size = end_size;
  last.time_at = time_at;
  last.attributes = *as;
  last.value_at = value_at;
}

/// Whether a line repeats the row before but for meter, hour and minute, and value.
inline bool line_decoder::find_repeated_row(const char* line, repeated_row_ahead& found) const noexcept {
  const repeated_row& last = repeated_;
  if (!read_mpan_digits(line, found.meter))
    return false;
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < last.words.size(); ++i)
    others |= (eight_bytes(line + mpan_digits + 8 * i) ^ last.words[i]) & last.masks[i];
  const char* const value = line + last.value_at;
  const std::size_t size = place_within_16(value, static_cast<char>(last.end & 0xFF));
  others |= (eight_bytes(value + size) & last.end_mask) ^ last.end;
  if (others != 0 || !short_kilowatt_hours({value, size}, found.wh))
    return false;
  found.clock = eight_bytes(line + last.time_at + 8);
  found.offset = static_cast<std::uint32_t>(line - text_.data());
  found.bytes = static_cast<std::uint32_t>(last.value_at + size + last.end_size);
  return true;
}

/// How many lines in a row repeat the one before; asks memory for their meters, as `look_ahead` does. In the estate's
/// order there is nothing to ask for, and a line at a time stays in registers.
inline std::size_t line_decoder::find_repeated_rows(std::string_view rest) {
  if (in_estate_order_)
    return rest.size() >= plain_row_reach && find_repeated_row(rest.data(), repeated_ahead_[0]) ? 1 : 0;
  std::size_t count = 0;
  std::uint64_t before = plain_number_;
  for (; count < lines_ahead && rest.size() >= plain_row_reach; ++count) {
    repeated_row_ahead& found = repeated_ahead_[count];
    if (!find_repeated_row(rest.data(), found))
      break;
    if (found.meter != before)
      meters_.prefetch({found.meter});
    before = found.meter;
    rest.remove_prefix(found.bytes);
  }
  for (std::size_t i = 0; i < count; ++i)
    meters_.prefetch_connection({repeated_ahead_[i].meter});
  return count;
}

/// False, with nothing done but what is remembered, where the row is no plain one after all.
inline bool line_decoder::keep_repeated_row(const repeated_row_ahead& found) {
  if (!plain_meter_of(found.meter))
    return false;
  const plain_time& last = plain_time_;
  if (last.has_clock && ((found.clock ^ last.words[1]) & last.masks[1]) != 0 && !move_plain_clock(found.clock))
    return false;
  offset_ = found.offset;
  return plain_reading(repeated_.attributes, found.wh);
}

/// Takes rows off that repeat the one before. How many.
std::size_t line_decoder::take_repeated_rows(std::string_view& rest) {
  const std::uint32_t before = line_;
  for (std::size_t count = 1; repeated_.value_at != 0 && count != 0;) {
    count = find_repeated_rows(rest);
    for (std::size_t i = 0; i < count; ++i, ++line_) {
      if (!keep_repeated_row(repeated_ahead_[i]))
        return line_ - before;
      rest.remove_prefix(repeated_ahead_[i].bytes);
    }
  }
  return line_ - before;
}

} // namespace gridtwin
