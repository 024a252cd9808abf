#pragma once

#include "src/commands/spool.hpp"
#include "src/commands/table_writer.hpp"
#include "twins/codes.hpp"
#include "twins/mpan.hpp"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Rows of a table that come by transformer and are written by meter: their fields are kept in a spool until then.
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
  /// Hands what was added since the last call to the spool. Error: its file failed.
  result<void> keep();

  /// Writes all rows in order of MPAN, quantity's name and place. `complement`: rows of one meter and quantity are
  /// parts of one, each with the fields that the others lack.
  result<void> write(table_writer& out, bool complement);

private:
  struct block {
    key of;
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };

  spool spool_;
  std::string pending_;
  std::vector<block> blocks_;
};

} // namespace gridtwin
