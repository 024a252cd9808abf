#pragma once

#include "src/ingest/csv_line.hpp"
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

/// Decodes one block; its memory between rows ends with it.
class line_decoder {
public:
  explicit line_decoder(const row_plan& plan)
    : plan_(plan), profile_(plan.profile), meters_(*plan.meters), fields_(plan.profile.delimiter) {}

  decoded_block decode(std::string text);

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
  void find_meter(row& r);
  bool is_null(std::string_view text) const noexcept;
  void read_cell(row& r, std::string_view text, cell& out) const noexcept;
  /// `shift_s` leads from the written instant to the end of its half hour.
  void find_place(const written_time& time, std::int64_t shift_s, place& out);
  bool has_quantity(const row& r, const place& where) const noexcept;

  /// A line that was found, but not yet decoded.
  struct line_ahead {
    std::string_view line;
    mpan meter; ///< 0: not looked at
  };
  static constexpr std::uint32_t lines_ahead = 16;
  static_assert((lines_ahead & (lines_ahead - 1)) == 0);

  void look_ahead(std::string_view& rest);
  void decode_line(std::string_view line);

  std::optional<verdict> long_verdict(const row& r, const cell& value, const place& where, bool in_estate) const;
  void note_order(const row& r, const place& where);
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
  std::array<line_ahead, lines_ahead> ahead_{};
  bool run_may_grow_ = false; ///< the last of `out_.runs`
  std::uint32_t lines_found_ = 0;
  std::uint32_t line_ = 0;
  std::uint32_t offset_ = 0;
  decoded_block out_;
  std::vector<std::uint32_t> transformers_; ///< of `out_.batch.readings`
};

} // namespace gridtwin
