#include "src/store/day_codec.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace gridtwin {

namespace {

constexpr std::uint8_t day_format = 2;
constexpr std::uint64_t feeders_limit = 0xFFFF; // of a transformer; beyond it the bytes are damaged

bool get_exception(byte_reader& in, stored_reading& r) noexcept {
  r.slot = in.byte();
  get_content(in, r.version, r.content);
  return in.ok() && r.slot < periods_per_day;
}

/// Rows that follow one another at equal distances, with equal masks.
struct row_run {
  std::uint64_t step = 0;
  std::uint64_t rows = 0;
  std::uint64_t mask = 0;
};

void put_run(byte_writer& w, const row_run& run) {
  if (run.rows == 0)
    return;
  w.number(run.step);
  w.number(run.rows);
  w.day_mask(run.mask);
}

row_run get_run(byte_reader& in) noexcept {
  row_run run;
  run.step = in.number();
  run.rows = in.number();
  run.mask = in.day_mask();
  return run;
}

void put_runs(byte_writer& w, std::span<const compact_row> rows) {
  row_run run;
  std::uint64_t previous = 0;
  for (const compact_row& row : rows) {
    const std::uint64_t number = row_number(row.twin, row.quantity);
    if (run.rows == 0 || number - previous != run.step || row.mask != run.mask) {
      put_run(w, run);
      run = {number - previous, 0, row.mask};
    }
    ++run.rows;
    previous = number;
  }
  put_run(w, run);
}

/// High bytes of all values, then the low ones: a packer finds the former nearly constant, and leaves the latter.
void put_values(std::string& out, std::span<const compact_row> rows, std::size_t values) {
  const std::size_t first = out.size();
  out.resize(first + 2 * values);
  char* high = out.data() + first;
  char* low = high + values;
  for (const compact_row& row : rows)
    for (std::uint64_t rest = row.mask; rest != 0; rest &= rest - 1) {
      const std::uint16_t wh = row.wh[std::countr_zero(rest)];
      *high++ = static_cast<char>(wh >> 8);
      *low++ = static_cast<char>(wh & 0xFF);
    }
}

/// Walks over the rows twice: once to learn how many values there are, once with the values.
bool decode_compact(byte_reader& in, stored_reading& r, void* sink, void (*take)(void*, const stored_reading&)) {
  byte_reader runs = in;
  std::uint64_t rows = in.number();
  std::uint64_t values = 0;
  for (std::uint64_t left = rows; left != 0;) {
    const row_run run = get_run(in);
    if (!in.ok() || run.rows == 0 || run.rows > left || run.mask == 0 || run.rows > in.left())
      return false;
    left -= run.rows;
    values += run.rows * static_cast<std::uint64_t>(std::popcount(run.mask));
    if (values > in.left() / 2)
      return false;
  }
  const std::string_view high = in.raw(static_cast<std::size_t>(values));
  const std::string_view low = in.raw(static_cast<std::size_t>(values));
  if (!in.ok())
    return false;
  r.version = 1;
  r.content = {};
  runs.number();
  std::uint64_t row = 0;
  std::size_t at = 0;
  while (rows != 0) {
    const row_run run = get_run(runs);
    rows -= run.rows;
    for (std::uint64_t n = 0; n < run.rows; ++n) {
      row += run.step;
      if (!set_row(row, r))
        return false;
      for (std::uint64_t rest = run.mask; rest != 0; rest &= rest - 1, ++at) {
        r.slot = static_cast<std::uint8_t>(std::countr_zero(rest));
        r.content.wh = static_cast<std::uint8_t>(high[at]) << 8 | static_cast<std::uint8_t>(low[at]);
        take(sink, r);
      }
    }
  }
  return true;
}

} // namespace

std::uint64_t row_number(twin_slot twin, quantity q) noexcept { return twin.value * quantities_reserved + index_of(q); }

bool set_row(std::uint64_t row, stored_reading& r) noexcept {
  const std::uint64_t q = row % quantities_reserved;
  const std::uint64_t twin = row / quantities_reserved;
  if (q >= quantity_count || twin > 0xFFFF'FFFF)
    return false;
  r.quantity = static_cast<quantity>(q);
  r.twin.value = static_cast<std::uint32_t>(twin);
  return true;
}

void put_content(byte_writer& w, std::uint16_t version, const content& c) {
  w.number(version);
  w.signed_number(c.wh);
  w.byte(c.quality.code);
  w.byte(c.reasons.estimation);
  w.byte(static_cast<std::uint8_t>(c.reasons.amendment));
}

void get_content(byte_reader& in, std::uint16_t& version, content& c) noexcept {
  const std::uint64_t number = in.number();
  version = static_cast<std::uint16_t>(number);
  c.wh = in.signed_number();
  c.quality.code = in.byte();
  c.reasons.estimation = in.byte();
  c.reasons.amendment = static_cast<char>(in.byte());
  if (number == 0 || number > version_limit || c.quality.code >= quality_count)
    in.fail();
}

void sort_exceptions(std::vector<stored_reading>& readings) {
  const auto key = [](const stored_reading& r) {
    return std::tuple(row_number(r.twin, r.quantity), r.slot, r.version, r.content.wh, r.content.quality.code,
                      r.content.reasons.estimation, r.content.reasons.amendment);
  };
  std::sort(readings.begin(), readings.end(),
            [&](const stored_reading& a, const stored_reading& b) { return key(a) < key(b); });
}

std::string encode_fragment(std::span<const compact_row> rows, std::span<const stored_reading> exceptions) {
  std::size_t values = 0;
  for (const compact_row& row : rows)
    values += static_cast<std::size_t>(std::popcount(row.mask));
  std::string out;
  out.reserve(64 + values * 2 + rows.size() * 2);
  byte_writer w(out);
  w.byte(day_format);
  w.number(rows.size());
  put_runs(w, rows);
  put_values(out, rows, values);
  w.number(exceptions.size());
  std::uint64_t previous = 0;
  for (const stored_reading& r : exceptions) {
    const std::uint64_t row = row_number(r.twin, r.quantity);
    w.number(row - previous);
    w.byte(r.slot);
    put_content(w, r.version, r.content);
    previous = row;
  }
  return out;
}

namespace detail {

bool decode_fragment(std::string_view bytes, utc_day day, void* sink, void (*take)(void*, const stored_reading&)) {
  byte_reader in(bytes);
  if (in.byte() != day_format)
    return false;
  stored_reading r;
  r.day = day;
  if (!decode_compact(in, r, sink, take))
    return false;
  std::uint64_t row = 0;
  for (std::uint64_t count = in.number(); count != 0 && in.ok(); --count) {
    row += in.number();
    if (!set_row(row, r) || !get_exception(in, r))
      return false;
    take(sink, r);
  }
  return in.ok() && in.left() == 0;
}

} // namespace detail

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
  if (!in.ok() || count > feeders_limit || count > in.left() / 2)
    return false; // before anything of that size is allocated
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
