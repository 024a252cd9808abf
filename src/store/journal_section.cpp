#include "src/store/journal_section.hpp"

#include "twins/meter_day.hpp"

#include <algorithm>
#include <cstddef>

namespace gridtwin {

namespace {

constexpr std::uint8_t section_format = 2;
constexpr std::uint64_t periods_limit = std::uint64_t{1}
                                        << 30; // from 1970, either way; beyond it the bytes are damaged

/// A column of integers as runs of equal steps: (step, length) until all are told.
class step_writer {
public:
  void put(std::uint64_t value) {
    if (value - previous_ != step_ || length_ == 0) {
      end_run();
      step_ = value - previous_;
    }
    ++length_;
    previous_ = value;
  }
  const std::string& finish() {
    end_run();
    return bytes_;
  }

private:
  void end_run() {
    if (length_ == 0)
      return;
    byte_writer w(bytes_);
    w.signed_number(static_cast<std::int64_t>(step_));
    w.number(length_);
    length_ = 0;
  }

  std::string bytes_;
  std::uint64_t previous_ = 0;
  std::uint64_t step_ = 0;
  std::uint64_t length_ = 0;
};

/// Calls `f(reading, value)` for the next values of a column; false where the bytes are damaged.
template <class F>
bool get_steps(byte_reader& in, std::span<stored_reading> readings, F&& f) {
  std::uint64_t value = 0; // wraps where the bytes are damaged
  for (std::size_t at = 0; at < readings.size();) {
    const auto step = static_cast<std::uint64_t>(in.signed_number());
    const std::uint64_t length = in.number();
    if (!in.ok() || length == 0 || length > readings.size() - at)
      return false;
    for (const std::size_t end = at + static_cast<std::size_t>(length); at < end; ++at) {
      value += step;
      if (!f(readings[at], value))
        return false;
    }
  }
  return true;
}

bool compact(const sourced_reading& r) noexcept { return meter_day::is_plain(r.version, {r.wh, r.quality, r.reasons}); }

template <class F>
void for_each(std::span<const batch_range> added, F&& f) {
  for (const batch_range& range : added)
    for (const sourced_reading& r : std::span(range.batch->readings).subspan(range.first, range.count))
      f(*range.batch, r);
}

/// Twin, half hour, source and line of each reading.
void put_columns(byte_writer& w, std::span<const batch_range> added, std::span<const twin_slot> slot_of) {
  step_writer rows;
  step_writer periods;
  step_writer sources;
  step_writer lines;
  for_each(added, [&](const reading_batch& batch, const sourced_reading& r) {
    rows.put(row_number(slot_of[r.connection.value], r.quantity));
    periods.put(static_cast<std::uint64_t>(std::int64_t{r.period.number}));
    sources.put(batch.source);
    lines.put(batch.first_line + r.line);
  });
  for (step_writer* column : {&rows, &periods, &sources, &lines})
    w.raw(column->finish());
}

/// High bytes of the compact values, their low bytes, then the contents that are not compact, each with its distance
/// from the one before.
void put_contents(std::string& out, std::span<const batch_range> added, std::size_t compact_count) {
  byte_writer w(out);
  w.number(compact_count);
  const std::size_t first = out.size();
  out.resize(first + 2 * compact_count);
  char* high = out.data() + first;
  char* low = high + compact_count;
  std::string special;
  byte_writer s(special);
  std::uint64_t since_special = 0;
  for_each(added, [&](const reading_batch&, const sourced_reading& r) {
    if (compact(r)) {
      *high++ = static_cast<char>(r.wh >> 8);
      *low++ = static_cast<char>(r.wh & 0xFF);
      ++since_special;
      return;
    }
    s.number(since_special);
    put_content(s, r.version, {r.wh, r.quality, r.reasons});
    since_special = 0;
  });
  w.raw(special);
}

bool get_contents(byte_reader& in, std::span<stored_reading> readings) {
  const std::uint64_t compact_count = in.number();
  if (!in.ok() || compact_count > readings.size() || compact_count > in.left() / 2)
    return false;
  const std::string_view high = in.raw(static_cast<std::size_t>(compact_count));
  const std::string_view low = in.raw(static_cast<std::size_t>(compact_count));
  std::size_t at = 0;
  std::size_t plain = 0;
  const auto take_plain = [&](std::uint64_t count) {
    if (count > compact_count - plain || count > readings.size() - at)
      return false;
    for (; count != 0; --count, ++at, ++plain) {
      readings[at].version = 1;
      readings[at].content = {
        static_cast<std::uint8_t>(high[plain]) << 8 | static_cast<std::uint8_t>(low[plain]), actual, {}};
    }
    return true;
  };
  for (std::size_t special = readings.size() - static_cast<std::size_t>(compact_count); special != 0; --special) {
    if (!take_plain(in.number()) || at == readings.size())
      return false;
    get_content(in, readings[at].version, readings[at].content);
    ++at;
  }
  return in.ok() && take_plain(compact_count - plain) && at == readings.size();
}

} // namespace

std::string encode_section(std::span<const batch_range> added, std::span<const twin_slot> slot_of) {
  std::size_t count = 0;
  std::size_t compact_count = 0;
  for_each(added, [&](const reading_batch&, const sourced_reading& r) {
    ++count;
    compact_count += compact(r) ? 1U : 0U;
  });
  std::string out;
  out.reserve(64 + 2 * count);
  byte_writer w(out);
  w.byte(section_format);
  w.number(count);
  put_columns(w, added, slot_of);
  put_contents(out, added, compact_count);
  return out;
}

bool decode_section(std::string_view bytes, std::vector<stored_reading>& readings) {
  byte_reader in(bytes);
  const std::uint8_t version = in.byte();
  const std::uint64_t count = in.number();
  if (!in.ok() || version != section_format || count > in.left() / 2 + 1)
    return false; // before anything of that size is allocated
  const std::size_t before = readings.size();
  readings.resize(before + static_cast<std::size_t>(count));
  const std::span fresh = std::span(readings).subspan(before);
  const bool good = get_steps(in, fresh, [](stored_reading& r, std::uint64_t row) { return set_row(row, r); })
                    && get_steps(in, fresh,
                                 [](stored_reading& r, std::uint64_t number) {
                                   if (number + periods_limit > 2 * periods_limit)
                                     return false;
                                   const period p{static_cast<std::int32_t>(number)};
                                   r.day = p.day();
                                   r.slot = static_cast<std::uint8_t>(p.slot());
                                   return true;
                                 })
                    && get_steps(in, fresh,
                                 [](stored_reading& r, std::uint64_t source) {
                                   r.source = static_cast<std::uint32_t>(source);
                                   return source == r.source;
                                 })
                    && get_steps(in, fresh,
                                 [](stored_reading& r, std::uint64_t line) {
                                   r.line = line;
                                   return true;
                                 })
                    && get_contents(in, fresh);
  return good && in.left() == 0;
}

} // namespace gridtwin
