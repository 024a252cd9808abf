#include "src/store/day_codec.hpp"

#include "src/store/bytes.hpp"
#include "twins/meter_day.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace gridtwin {

namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::uint64_t quantities_reserved = 16; // room in a row's key for quantities to come
constexpr int mask_bytes = periods_per_day / 8;
constexpr std::uint64_t feeders_limit = 0xFFFF; // of a transformer; beyond it the bytes are damaged

bool compact(const stored_reading& r) noexcept { return meter_day::is_plain(r.version, r.content); }

std::uint64_t row_of(const stored_reading& r) noexcept {
  return r.twin.value * quantities_reserved + index_of(r.quantity);
}

bool set_row(std::uint64_t row, stored_reading& r) noexcept {
  const std::uint64_t q = row % quantities_reserved;
  const std::uint64_t twin = row / quantities_reserved;
  if (q >= quantity_count || twin > 0xFFFF'FFFF)
    return false;
  r.quantity = static_cast<quantity>(q);
  r.twin.value = static_cast<std::uint32_t>(twin);
  return true;
}

void put_exception(byte_writer& w, const stored_reading& r) {
  w.byte(r.slot);
  w.number(r.version);
  w.signed_number(r.content.wh);
  w.byte(r.content.quality.code);
  w.byte(r.content.reasons.estimation);
  w.byte(static_cast<std::uint8_t>(r.content.reasons.amendment));
}

bool get_exception(byte_reader& in, stored_reading& r) noexcept {
  r.slot = in.byte();
  const std::uint64_t version = in.number();
  r.version = static_cast<std::uint16_t>(version);
  r.content.wh = in.signed_number();
  r.content.quality.code = in.byte();
  r.content.reasons.estimation = in.byte();
  r.content.reasons.amendment = static_cast<char>(in.byte());
  return in.ok() && r.slot < periods_per_day && version <= version_limit && r.content.quality.code < quality_count;
}

/// Rows of compact readings: key, mask, values.
bool decode_compact(byte_reader& in, stored_reading& r, void* sink, void (*take)(void*, const stored_reading&)) {
  std::uint64_t row = 0;
  r.version = 1;
  r.content = {};
  r.by_exception = false;
  for (std::uint64_t rows = in.number(); rows != 0 && in.ok(); --rows) {
    row += in.number();
    if (!set_row(row, r))
      return false;
    std::uint64_t mask = 0;
    for (int i = 0; i < mask_bytes; ++i)
      mask |= std::uint64_t{in.byte()} << (8 * i);
    for (; mask != 0 && in.ok(); mask &= mask - 1) {
      r.slot = static_cast<std::uint8_t>(std::countr_zero(mask));
      const std::uint64_t wh = in.number();
      if (!in.ok() || wh > 0xFFFF)
        return false;
      r.content.wh = static_cast<std::int64_t>(wh);
      take(sink, r);
    }
  }
  return in.ok();
}

} // namespace

void sort_for_storage(std::vector<stored_reading>& readings) {
  const auto key = [](const stored_reading& r) {
    return std::tuple(r.day, r.by_exception, row_of(r), r.slot, r.version, r.content.wh, r.content.quality.code,
                      r.content.reasons.estimation, r.content.reasons.amendment);
  };
  const auto sort = [&] {
    std::sort(readings.begin(), readings.end(),
              [&](const stored_reading& a, const stored_reading& b) { return key(a) < key(b); });
  };
  for (stored_reading& r : readings)
    r.by_exception = !compact(r);
  sort();
  // Of contradicting readings that would fit, the smallest has the place.
  bool shared = false;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    const stored_reading& a = readings[i - 1];
    stored_reading& b = readings[i];
    if (!compact(b) || !compact(a) || a.day != b.day || row_of(a) != row_of(b) || a.slot != b.slot)
      continue;
    b.by_exception = true;
    shared = true;
  }
  if (shared)
    sort();
}

std::string encode_fragment(std::span<const stored_reading> readings) {
  std::string out;
  out.reserve(16 + readings.size() * 3);
  byte_writer w(out);
  w.byte(format_version);
  const auto first_exception =
    std::find_if(readings.begin(), readings.end(), [](const stored_reading& r) { return r.by_exception; });
  const std::span plain(readings.begin(), first_exception);
  const std::span special(first_exception, readings.end());
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < plain.size(); ++i)
    rows += i == 0 || row_of(plain[i]) != row_of(plain[i - 1]) ? 1U : 0U;
  w.number(rows);
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < plain.size();) {
    const std::uint64_t row = row_of(plain[i]);
    std::size_t end = i;
    std::uint64_t mask = 0;
    for (; end < plain.size() && row_of(plain[end]) == row; ++end)
      mask |= std::uint64_t{1} << plain[end].slot;
    w.number(row - previous);
    for (int b = 0; b < mask_bytes; ++b)
      w.byte(static_cast<std::uint8_t>(mask >> (8 * b)));
    for (; i < end; ++i)
      w.number(static_cast<std::uint64_t>(plain[i].content.wh));
    previous = row;
  }
  w.number(special.size());
  previous = 0;
  for (const stored_reading& r : special) {
    w.number(row_of(r) - previous);
    put_exception(w, r);
    previous = row_of(r);
  }
  return out;
}

namespace detail {

bool decode_fragment(std::string_view bytes, utc_day day, void* sink, void (*take)(void*, const stored_reading&)) {
  byte_reader in(bytes);
  if (in.byte() != format_version)
    return false;
  stored_reading r;
  r.day = day;
  if (!decode_compact(in, r, sink, take))
    return false;
  std::uint64_t row = 0;
  r.by_exception = true;
  for (std::uint64_t count = in.number(); count != 0 && in.ok(); --count) {
    row += in.number();
    if (!set_row(row, r) || !get_exception(in, r))
      return false;
    take(sink, r);
  }
  return in.ok() && in.left() == 0;
}

} // namespace detail

std::string encode_lineage(std::span<const stored_reading> readings) {
  std::string out;
  byte_writer w(out);
  for (std::size_t i = 0; i < readings.size();) {
    std::size_t end = i;
    while (end < readings.size() && readings[end].source == readings[i].source)
      ++end;
    w.number(readings[i].source);
    w.number(end - i);
    std::int64_t previous = 0;
    for (; i < end; ++i) {
      const auto line = static_cast<std::int64_t>(readings[i].line);
      w.signed_number(line - previous);
      previous = line;
    }
  }
  return out;
}

bool decode_lineage(std::string_view bytes, std::span<stored_reading> readings) {
  byte_reader in(bytes);
  for (std::size_t i = 0; i < readings.size();) {
    const std::uint64_t source = in.number();
    std::uint64_t run = in.number();
    if (!in.ok() || run == 0 || run > readings.size() - i || source > 0xFFFF'FFFF)
      return false;
    std::uint64_t line = 0; // wraps where the bytes are damaged
    for (; run != 0; --run, ++i) {
      line += static_cast<std::uint64_t>(in.signed_number());
      readings[i].source = static_cast<std::uint32_t>(source);
      readings[i].line = line;
    }
  }
  return in.ok() && in.left() == 0;
}

std::string encode_loads(std::span<const feeder_day_load> feeders) {
  std::string out;
  byte_writer w(out);
  w.number(feeders.size());
  for (const auto& [id, feeder] : feeders) {
    w.text(id);
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < feeder.size(); ++i)
      mask |= feeder[i] == half_hour_load{} ? 0 : std::uint64_t{1} << i;
    w.number(mask);
    for (; mask != 0; mask &= mask - 1) {
      const half_hour_load& cell = feeder[static_cast<std::size_t>(std::countr_zero(mask))];
      w.signed_number(cell.import_wh);
      w.signed_number(cell.export_wh);
      w.number(cell.reported);
      w.number(cell.estimated);
      w.number(cell.revision);
    }
  }
  return out;
}

bool decode_loads(std::string_view bytes, std::vector<feeder_day_load>& feeders) {
  byte_reader in(bytes);
  const std::uint64_t count = in.number();
  if (!in.ok() || count > feeders_limit)
    return false;
  feeders.assign(static_cast<std::size_t>(count), feeder_day_load{});
  for (auto& [id, feeder] : feeders) {
    id = in.text();
    std::uint64_t mask = in.number();
    if (mask >> periods_per_day != 0)
      return false;
    for (; mask != 0 && in.ok(); mask &= mask - 1) {
      half_hour_load& cell = feeder[static_cast<std::size_t>(std::countr_zero(mask))];
      cell.import_wh = in.signed_number();
      cell.export_wh = in.signed_number();
      cell.reported = static_cast<std::uint32_t>(in.number());
      cell.estimated = static_cast<std::uint32_t>(in.number());
      cell.revision = static_cast<std::uint32_t>(in.number());
    }
  }
  return in.ok() && in.left() == 0;
}

} // namespace gridtwin
