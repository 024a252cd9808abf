#pragma once

#include "src/ingest/csv_line.hpp"
#include "src/ingest/plain_row.hpp"
#include "src/ingest/row_plan.hpp"
#include "twins/energy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Where a written time lies.
enum class place_kind : std::uint8_t { known, never, twice, out_of_range };
struct place {
  place_kind kind = place_kind::out_of_range;
  std::int64_t end_s = 0;   ///< end of the period in UTC; of the earlier instant where there are two
  std::int64_t later_s = 0; ///< of the later instant
  std::int64_t hour_begin_s = 0;
  std::int64_t hour_end_s = 0;
};

/// A row as far as it was read. The first fault that makes it unparseable stays.
struct row {
  std::string_view meter_text;
  std::optional<meter_number> meter;
  std::string_view quantity_text;
  std::optional<gridtwin::quantity> quantity;
  std::string_view time_text;
  written_time time;
  bool time_read = false;
  bool version_read = false;
  std::uint16_t version = 1;
  gridtwin::quality quality;
  gridtwin::reasons reasons;
  const char* fault = nullptr;
  std::string_view culprit;

  /// Ready for another line. A row is large; setting all of it anew costs as much as reading one.
  void clear() noexcept {
    quantity.reset();
    quality = actual;
    reasons = {};
    fault = nullptr;
  }

  void fail(const char* what, std::string_view text) noexcept {
    if (fault == nullptr) {
      fault = what;
      culprit = text;
    }
  }
};

/// The value of a row or a cell.
struct cell {
  bool null = false;
  parsed_energy energy;
};

inline series_key series_of(meter_number meter, quantity q, std::uint16_t version) noexcept {
  return {std::uint64_t{meter.value} << 32 | std::uint64_t{index_of(q)} << 16 | version};
}

/// Decodes one block; its memory between rows ends with it.
class line_decoder {
public:
  explicit line_decoder(const row_plan& plan)
    : plan_(plan), profile_(plan.profile), meters_(*plan.meters), fields_(plan.profile.delimiter) {}

  decoded_block decode(std::string_view text);

private:
  bool split(std::string_view line);
  void row_of_reading();
  void row_of_day();
  void day_cell(const row& r, std::size_t i, std::string_view text, bool whole_day);

  void read_row(row& r);
  void read_time(row& r);
  void read_version(row& r);
  void read_quality(row& r);
  void read_reasons(row& r);
  void read_quantity(row& r);
  void find_meter(row& r);
  std::optional<meter_number> meter_called(std::string_view text);
  bool is_null(std::string_view text) const noexcept;
  void read_cell(row& r, std::string_view text, cell& out) const noexcept;
  /// `shift_s` leads from the written instant to the end of its half hour.
  void find_place(const written_time& time, std::int64_t shift_s, place& out);
  bool has_quantity(const row& r, const place& where) const noexcept;

  std::size_t look_ahead(std::string_view& rest);
  void set_memory_aside(std::size_t lines, std::size_t bytes);
  void decode_line(std::string_view line);

  // The fast path, in plain_row.cpp, which says when it applies.
  bool take_plain_line(std::string_view& rest, line_ahead& found) const noexcept;
  bool plain_row(const line_ahead& found);
  bool plain_reading(const plain_attributes& as, std::int64_t wh);
  void learn_repeated(const line_ahead& found);
  std::size_t take_repeated_rows(std::string_view& rest);
  std::size_t find_repeated_rows(std::string_view rest);
  bool find_repeated_row(const char* line, repeated_row_ahead& found) const noexcept;
  bool keep_repeated_row(const repeated_row_ahead& found);
  bool plain_meter(const line_ahead& found);
  bool plain_meter_of(std::uint64_t number);
  bool plain_time_of(std::string_view text);
  bool move_plain_clock(std::uint64_t word) noexcept;
  bool learn_plain_time(std::string_view text);
  const plain_attributes* plain_attributes_of(const line_ahead& found);
  bool learn_plain_attributes(const line_ahead& found, const plain_attributes::packed& texts, plain_attributes& known);

  bool put_on_grid(written_time& time) const noexcept;
  std::optional<verdict> long_verdict(const row& r, const cell& value, const place& where, bool in_estate) const;
  void note_order(series_key series, const written_time& time, place_kind kind);
  void accept(const row& r, const place& where, const parsed_energy& energy, std::uint8_t item);
  void fill(sourced_reading& out, const row& r, const parsed_energy& energy, std::uint8_t item) const;
  void reject(verdict v, const row& r, std::uint8_t item, const place& where, std::string detail);
  std::string detail_of(verdict v, const row& r, std::string_view value) const;

  const row_plan& plan_;
  const format_profile& profile_;
  const meter_index& meters_;
  csv_splitter fields_;
  date_memory dates_;
  std::size_t zone_hint_ = 0;
  std::string last_meter_text_; ///< rows that follow one another mostly share their meter
  std::optional<meter_number> last_meter_;
  bool has_last_meter_ = false;
  row row_; ///< of a reading
  static constexpr std::size_t lines_ahead = 64;
  std::array<line_ahead, lines_ahead> ahead_{};
  std::size_t lines_wanted_ = lines_ahead; ///< few where rows repeat one another
  bool run_may_grow_ = false;              ///< the last of `out_.runs`
  std::string_view text_;                  ///< of the block
  std::uint32_t line_ = 0;
  std::uint32_t offset_ = 0;
  meter_number plain_meter_; ///< of the plain row before, and its MPAN; 0: it was called by a name
  std::uint64_t plain_number_ = 0;
  bool in_estate_order_ = false; ///< meters follow one another as in the estate
  plain_time plain_time_;
  std::array<plain_attributes, 8> plain_attributes_{};
  repeated_row repeated_;
  std::array<repeated_row_ahead, lines_ahead> repeated_ahead_{};
  decoded_block out_;
  std::vector<std::uint32_t> transformers_; ///< of `out_.batch.readings`
};

} // namespace gridtwin
