#include "src/ingest/line_decoder.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/source_reader.hpp"
#include "src/ingest/transformer_groups.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace gridtwin {

namespace {} // namespace

void line_decoder::fill(sourced_reading& out, const row& r, const parsed_energy& energy, std::uint8_t item) const {
  out.wh = energy.wh;
  out.line = line_;
  out.offset = offset_;
  out.version = r.version;
  out.item = item;
  out.quantity = *r.quantity;
  out.quality = r.quality;
  out.reasons = r.reasons;
  out.rounded = energy.rounded;
}

void line_decoder::accept(const row& r, const place& where, const parsed_energy& energy, std::uint8_t item) {
  sourced_reading& reading = out_.batch.readings.emplace_back();
  fill(reading, r, energy, item);
  reading.period = {static_cast<std::int32_t>(where.end_s / seconds_per_period)};
  reading.connection = meters_.connection_at(*r.meter, reading.period);
  transformers_.push_back(meters_.transformer_of(reading.connection).value);
}

void line_decoder::reject(verdict v, const row& r, std::uint8_t item, const place& where, std::string detail) {
  early_reject out;
  out.line = line_;
  out.item = item;
  out.verdict = v;
  out.raw = raw_lines::first_of(text_.substr(offset_).substr(0, line_bytes_limit));
  out.meter = printable(r.meter_text);
  out.quantity = r.quantity ? std::string(name_of(*r.quantity)) : printable(r.quantity_text);
  if (where.kind == place_kind::known && where.end_s % seconds_per_period == 0 && !r.time.has_fraction)
    out.period_end = format_instant(where.end_s);
  out.detail = std::move(detail);
  out_.batch.rejects.push_back(std::move(out));
}

std::string line_decoder::detail_of(verdict v, const row& r, std::string_view value) const {
  switch (v) {
  case verdict::unparseable:
    return r.fault == nullptr ? "out of range" : in_quotes(r.culprit) + " " + r.fault;
  case verdict::unknown_meter:
    return "no meter of the estate is called " + in_quotes(r.meter_text);
  case verdict::unknown_quantity:
    return r.quantity ? "the estate lists no " + std::string(name_of(*r.quantity)) + " for this meter"
                      : in_quotes(r.quantity_text) + " is no known quantity";
  case verdict::null_value:
    return in_quotes(value) + " stands for no value";
  case verdict::nonexistent_local_time:
    return in_quotes(r.time_text) + " does not occur in " + printable(profile_.zone) + ": clocks go forward over it";
  case verdict::ambiguous_local_time:
    return in_quotes(r.time_text) + ": this column stands for two half hours in " + printable(profile_.zone)
           + ": clocks go back";
  case verdict::off_grid:
    return in_quotes(r.time_text) + " is not on the half hour";
  case verdict::day_not_midnight:
    return in_quotes(r.time_text) + " is not the midnight that starts a day";
  case verdict::label_suspect:
    return "columns are named by the starts of their half hours, the profile labels them as ends";
  default:
    return {};
  }
}

/// Nothing for a reading, and for one whose instant is still to be decided.
std::optional<verdict> line_decoder::long_verdict(const row& r, const cell& value, const place& where,
                                                  bool in_estate) const {
  if (r.fault != nullptr || where.kind == place_kind::out_of_range)
    return verdict::unparseable;
  if (!r.meter)
    return verdict::unknown_meter;
  if (!in_estate)
    return verdict::unknown_quantity;
  if (value.null)
    return verdict::null_value;
  if (where.kind == place_kind::never)
    return verdict::nonexistent_local_time;
  if (r.time.has_fraction || where.end_s % seconds_per_period != 0)
    return verdict::off_grid;
  return std::nullopt;
}

/// Lets the resolver know of a row of a known series; what became of it stands last in `rejects`, or nowhere yet.
void line_decoder::note_order(series_key series, const written_time& time, place_kind kind) {
  if (kind == place_kind::twice) {
    out_.runs.push_back({series, time.local_s, time.local_s, static_cast<std::uint32_t>(out_.twofold.size())});
    return;
  }
  if (run_may_grow_ && !out_.runs.empty() && out_.runs.back().series == series
      && out_.runs.back().twofold == series_run::no_twofold) {
    out_.runs.back().last_local_s = time.local_s;
    return;
  }
  out_.runs.push_back({series, time.local_s, time.local_s, series_run::no_twofold});
  // A row that gives its offset may lie in the repeated hour; it decides nothing, and must not hide the row after it.
  run_may_grow_ = !time.has_offset || plan_.zone.find(time.local_s, zone_hint_).kind != local_kind::twice;
}

/// Takes the seconds off by which a clock runs fast or slow, as far as they are tolerated. True if there were any.
bool line_decoder::put_on_grid(written_time& time) const noexcept {
  // Zones of files without offsets are whole half hours from UTC; in others such a row stays off the grid.
  const std::int64_t since_epoch = time.has_offset ? time.local_s - time.offset_s : time.local_s;
  const std::int64_t fast_s = (since_epoch % seconds_per_period + seconds_per_period) % seconds_per_period;
  const std::int64_t slow_s = seconds_per_period - fast_s; // with a fraction it is less
  if (fast_s == 0 && !time.has_fraction)
    return false;
  if (fast_s + (time.has_fraction ? 1 : 0) <= plan_.drift_tolerance_s)
    time.local_s -= fast_s;
  else if (slow_s <= plan_.drift_tolerance_s)
    time.local_s += slow_s;
  else
    return false;
  time.has_fraction = false;
  return true;
}

void line_decoder::row_of_reading() {
  row& r = row_;
  r.clear();
  read_row(r);
  const bool drifted = plan_.drift_tolerance_s != 0 && r.time_read && put_on_grid(r.time);
  const std::string_view text = fields_[plan_.value];
  cell value;
  read_cell(r, text, value);
  place where;
  if (r.time_read) {
    find_place(r.time, profile_.label == period_label::period_start ? seconds_per_period : 0, where);
    if (where.kind == place_kind::out_of_range)
      r.fail("is outside the years 1970 to 2199", r.time_text);
  }
  const bool in_estate = has_quantity(r, where);
  const auto v = long_verdict(r, value, where, in_estate);
  const bool in_series = plan_.needs_order && where.kind != place_kind::out_of_range && r.version_read && in_estate;
  if (in_series)
    note_order(series_of(*r.meter, *r.quantity, r.version), r.time, where.kind);
  const bool twofold = in_series && where.kind == place_kind::twice;
  if (twofold) {
    twofold_row& row = out_.twofold.emplace_back();
    fill(row.reading, r, value.energy, 0);
    row.meter = *r.meter;
    row.local_s = r.time.local_s;
    row.hour_begin_s = where.hour_begin_s;
    row.hour_end_s = where.hour_end_s;
    row.earlier_end_s = where.end_s;
    row.later_end_s = where.later_s;
    row.whole_seconds = !r.time.has_fraction;
    if (v)
      row.reject = static_cast<std::uint32_t>(out_.batch.rejects.size());
  }
  if (v)
    reject(*v, r, 0, where, detail_of(*v, r, text));
  else if (drifted)
    ++out_.batch.drifted;
  if (!v && !twofold)
    accept(r, where, value.energy, 0);
}

void line_decoder::day_cell(const row& head, std::size_t i, std::string_view text, bool whole_day) {
  row r = head;
  const auto item = static_cast<std::uint8_t>(i);
  cell value;
  read_cell(r, text, value);
  const bool starts = profile_.label == period_label::period_start;
  const std::int64_t since_midnight_s = r.time.local_s % seconds_per_day;
  written_time time = r.time;
  time.local_s += static_cast<std::int64_t>(starts ? i : i + 1) * seconds_per_period - since_midnight_s;
  place where;
  find_place(time, starts ? seconds_per_period : 0, where);
  verdict v = verdict::accepted;
  if (r.fault != nullptr || where.kind == place_kind::out_of_range)
    v = verdict::unparseable;
  else if (!r.meter)
    v = verdict::unknown_meter;
  else if (!has_quantity(r, where))
    v = verdict::unknown_quantity;
  else if (value.null)
    v = verdict::null_value;
  else if (where.kind == place_kind::never)
    v = verdict::nonexistent_local_time;
  else if (where.kind == place_kind::twice)
    v = verdict::ambiguous_local_time;
  else if (where.end_s % seconds_per_period != 0 || since_midnight_s % seconds_per_period != 0 || r.time.has_fraction)
    v = verdict::off_grid;
  else if (since_midnight_s != 0)
    v = verdict::day_not_midnight;
  else if (whole_day)
    v = verdict::label_suspect;
  if (v == verdict::accepted)
    accept(r, where, value.energy, item);
  else
    reject(v, r, item, where, detail_of(v, r, text));
}

void line_decoder::row_of_day() {
  row r;
  read_row(r);
  const std::int64_t midnight_s = r.time.local_s - r.time.local_s % seconds_per_day;
  const bool in_range = r.time_read && r.time.local_s >= 0 && midnight_s < last_storable_period.end_s();
  if (r.time_read && !in_range)
    r.fail("is outside the years 1970 to 2199", r.time_text);
  if (r.fault != nullptr)
    return reject(verdict::unparseable, r, 0, {}, detail_of(verdict::unparseable, r, {}));
  bool whole_day = plan_.label_suspect;
  for (std::size_t i = 0; whole_day && i < wide_columns; ++i) {
    written_time time = r.time;
    time.local_s = midnight_s + static_cast<std::int64_t>(i) * seconds_per_period;
    place where;
    find_place(time, seconds_per_period, where);
    whole_day = !fields_[plan_.wide[i]].empty() || where.kind == place_kind::never;
  }
  for (std::size_t i = 0; i < wide_columns; ++i)
    if (const std::string_view text = fields_[plan_.wide[i]]; !text.empty())
      day_cell(r, i, text, whole_day);
}

/// Splits a line; one that does not fit the header is rejected.
bool line_decoder::split(std::string_view line) {
  std::string detail;
  if (line.size() >= line_bytes_limit)
    detail = "the line is longer than 1 MiB";
  else if (!fields_.split(line))
    detail = "a quote is not closed or closed too early, or the line has too many fields";
  else if (fields_.size() == plan_.columns)
    return true;
  else
    detail = "the header has " + std::to_string(plan_.columns) + " fields, this line " + std::to_string(fields_.size());
  reject(verdict::unparseable, {}, 0, {}, std::move(detail));
  return false;
}

void line_decoder::decode_line(std::string_view line) {
  if (trimmed(line).empty() || !split(line))
    return;
  if (profile_.layout == row_layout::by_reading)
    row_of_reading();
  else
    row_of_day();
}

/// For as many readings as there are lines, if all are as long as the first ones, and some more.
void line_decoder::set_memory_aside(std::size_t lines, std::size_t bytes) {
  if (profile_.layout != row_layout::by_reading)
    return;
  const std::size_t likely = text_.size() * lines / bytes;
  out_.batch.readings.reserve(likely + likely / 32 + 1);
  transformers_.reserve(likely + likely / 32 + 1);
}

decoded_block line_decoder::decode(std::string_view text) {
  assert(text.size() <= std::numeric_limits<std::uint32_t>::max());
  text_ = text;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t count = look_ahead(rest);
    if (line_ == 0)
      set_memory_aside(count, text.size() - rest.size());
    bool plain = false; // the last line
    for (std::size_t i = 0; i < count; ++i, ++line_) {
      const line_ahead& next = ahead_[i];
      offset_ = static_cast<std::uint32_t>(next.line.data() - text.data());
      plain = next.plain && plain_row(next);
      if (!plain)
        decode_line(next.line);
    }
    if (plain)
      learn_repeated(ahead_[count - 1]);
    lines_wanted_ = plain && take_repeated_rows(rest) > 0 ? 1 : std::min(2 * lines_wanted_, lines_ahead);
  }
  out_.batch.lines = line_;
  group_by_transformer(out_.batch.readings, transformers_, out_.batch.slices);
  return std::move(out_);
}

decoded_block row_decoder::decode(std::string_view text, std::shared_ptr<const raw_lines> raw) const {
  decoded_block out = line_decoder(*plan_).decode(text);
  out.batch.raw = std::move(raw);
  return out;
}

decoded_block row_decoder::decode(std::string text) const {
  auto held = std::make_shared<const held_lines>(std::move(text));
  const std::string_view lines = held->text();
  return decode(lines, std::move(held));
}

} // namespace gridtwin
