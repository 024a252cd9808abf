#pragma once

#include "sim/byte_sink.hpp"
#include "sim/reads_truth.hpp"
#include "twins/estate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gridtwin {

/// Formats rows as `mpan,quantity,period_end,kwh,version`.
class row_writer {
public:
  row_writer(const estate& source, byte_sink& sink) : source_(source), buffer_(sink) {}

  void write_header();
  void write(const simulated_row& row);
  bool failed() const noexcept { return buffer_.failed(); }
  result<void> flush() { return buffer_.flush(); }

private:
  char* put_instant(char* out, std::int64_t seconds);
  char* put_meter(char* out, std::uint64_t meter) const;

  const estate& source_;
  row_buffer buffer_;
  std::int64_t day_ = -1;       ///< whose date is in `date_`
  std::array<char, 11> date_{}; ///< `2026-03-01T`
};

/// The way of rows to the writer: at once, late through a bounded store, or all at the end in random order.
class row_queue {
public:
  /// `keep_all`: rows wait for `finish`, which shuffles them.
  row_queue(row_writer& writer, bool keep_all, std::uint64_t seed);

  void pass(const simulated_row& row) {
    if (keep_all_)
      kept_.push_back(row);
    else
      writer_.write(row);
  }
  /// The row comes after some of those that follow it: it waits in a slot until another row is given the same one.
  void pass_late(const simulated_row& row, std::uint64_t random);
  void finish();

private:
  row_writer& writer_;
  bool keep_all_;
  std::uint64_t order_key_;
  std::vector<simulated_row> kept_; ///< all rows, or the slots of late ones; a slot with version 0 is free
};

} // namespace gridtwin
