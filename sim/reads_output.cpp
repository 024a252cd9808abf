#include "sim/reads_output.hpp"

#include "sim/random_streams.hpp"
#include "sim/reads_generator.hpp"
#include "sim/text_format.hpp"
#include "twins/counter_random.hpp"
#include "twins/period.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace gridtwin {

void row_writer::write_header() { buffer_.advance(put(buffer_.room(), "mpan,quantity,period_end,kwh,version\n")); }

char* row_writer::put_instant(char* out, std::int64_t seconds) {
  const std::int64_t day = seconds / seconds_per_day; // storable periods end after 1970
  if (day != day_) {
    day_ = day;
    const civil_date date = civil_from_days(static_cast<std::int32_t>(day));
    char* at = put_fixed(date_.data(), static_cast<std::uint64_t>(date.year), 4);
    *at++ = '-';
    at = put_fixed(at, static_cast<std::uint64_t>(date.month), 2);
    *at++ = '-';
    *put_fixed(at, static_cast<std::uint64_t>(date.day), 2) = 'T';
  }
  const auto of_day = static_cast<std::uint64_t>(seconds - day * seconds_per_day);
  std::memcpy(out, date_.data(), date_.size());
  out = put_fixed(out + date_.size(), of_day / 3600, 2);
  *out++ = ':';
  out = put_fixed(out, of_day / 60 % 60, 2);
  *out++ = ':';
  out = put_fixed(out, of_day % 60, 2);
  *out++ = 'Z';
  return out;
}

char* row_writer::put_meter(char* out, std::uint64_t meter) const {
  if ((meter & simulated_row::by_source_name) == 0)
    return put_fixed(out, meter, 13);
  const std::string& name = source_.source_names[meter & ~simulated_row::by_source_name];
  if (name.find_first_of(",\"") == std::string::npos)
    return put(out, name);
  *out++ = '"';
  for (const char c : name) {
    if (c == '"')
      *out++ = '"';
    *out++ = c;
  }
  *out++ = '"';
  return out;
}

void row_writer::write(const simulated_row& row) {
  char* out = put_meter(buffer_.room(), row.meter);
  *out++ = ',';
  out = put(out, name_of(row.quantity));
  *out++ = ',';
  out = put_instant(out, row.period.end_s() - row.early_s);
  *out++ = ',';
  out = row.wh == simulated_row::null_wh ? put(out, "Null") : put_kwh(out, row.wh);
  *out++ = ',';
  *out++ = static_cast<char>('0' + row.version);
  *out++ = '\n';
  buffer_.advance(out);
}

row_queue::row_queue(row_writer& writer, bool keep_all, std::uint64_t seed)
  : writer_(writer), keep_all_(keep_all), order_key_(key_of(seed, random_stream::row_order)) {
  if (keep_all)
    return;
  simulated_row free;
  free.version = 0;
  kept_.assign(late_rows_held, free);
}

void row_queue::pass_late(const simulated_row& row, std::uint64_t random) {
  if (keep_all_)
    return pass(row);
  simulated_row& slot = kept_[below(random, static_cast<std::uint32_t>(late_rows_held))];
  if (slot.version != 0)
    writer_.write(slot);
  slot = row;
}

void row_queue::finish() {
  if (keep_all_)
    for (std::size_t left = kept_.size(); left > 1; --left) // Fisher and Yates
      std::swap(kept_[left - 1], kept_[below(draw(order_key_, left), static_cast<std::uint32_t>(left))]);
  for (const simulated_row& row : kept_)
    if (row.version != 0)
      writer_.write(row);
  kept_.clear();
}

} // namespace gridtwin
