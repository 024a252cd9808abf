#pragma once

#include "src/ingest/row_decoder.hpp"
#include "src/ingest/time_format.hpp"
#include "src/ingest/zone_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// Place of a column that the file does not have.
inline constexpr std::size_t no_column = std::numeric_limits<std::size_t>::max();

/// A profile bound to a file's header: everything that decoding needs, looked up once.
struct row_plan {
  format_profile profile;
  std::shared_ptr<const meter_index> meters;
  time_format times;
  zone_table zone;
  bool needs_order = false;
  bool label_suspect = false;        ///< columns are named by the starts of their half hours and labelled as their ends
  bool plain_kilowatt_hours = false; ///< values may be read the quick way
  std::int32_t drift_tolerance_s = 0;
  bool plain_rows = false; ///< rows may be plain: see plain_row.cpp
  std::size_t columns = 0;
  std::size_t meter = no_column;
  std::size_t time = no_column;
  std::size_t value = no_column;
  std::size_t quantity = no_column;
  std::size_t quality = no_column;
  std::size_t reason = no_column;
  std::size_t amendment = no_column;
  std::size_t version = no_column;
  std::vector<std::size_t> attribute_columns{}; ///< those of quantity, version, quality and reasons that the file has
  std::array<std::size_t, wide_columns> wide{};
  std::vector<std::pair<std::string, gridtwin::quantity>> quantity_words{};
  std::string only_meter{}; ///< what `--meter` says
  std::uint16_t default_version = 1;
};

} // namespace gridtwin
