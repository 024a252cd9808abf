#pragma once

#include "src/commands/sorted_blocks.hpp"
#include "src/commands/table_writer.hpp"
#include "twins/codes.hpp"
#include "twins/mpan.hpp"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace gridtwin {

/// The place of a quantity in the order of the names, in which tables have them.
std::uint8_t rank_by_name(quantity q) noexcept;

/// Rows of a table that come by transformer and are written by meter.
class sorted_rows {
public:
  /// Whose row it is, and where among those of one meter and quantity.
  struct key {
    gridtwin::mpan mpan;
    gridtwin::quantity quantity = quantity::active_import;
    std::uint8_t place = 0;
  };

  void add(const key& k, std::span<const std::string_view> fields);
  void add(const key& k, std::initializer_list<std::string_view> fields) {
    add(k, std::span(fields.begin(), fields.size()));
  }
  /// See `sorted_blocks::keep`.
  result<void> keep() { return blocks_.keep(); }

  /// Writes all rows in order of MPAN, quantity's name and place. `complement`: rows of one meter and quantity are
  /// parts of one, each with the fields that the others lack.
  result<void> write(table_writer& out, bool complement);

private:
  sorted_blocks blocks_;
  std::string row_;
};

} // namespace gridtwin
