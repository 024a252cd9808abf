#pragma once

#include "src/ingest/estate_tables.hpp"
#include "twins/estate.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// Reads meters.csv into an estate that has its transformers and feeders. For tens of millions of rows: 16 bytes a row
/// beside the estate's own.
class meter_rows {
public:
  meter_rows(estate& into, const feeder_names& feeders, estate_faults& faults)
    : estate_(into), feeders_(feeders), faults_(faults) {}

  void read(std::string_view text);

private:
  void read_row(estate_table& table);
  void read_feeder(estate_table& table, connection& c);
  void read_codes(estate_table& table, connection& c);
  void read_quantities(estate_table& table, connection& c);
  void read_range(estate_table& table, connection& c);
  std::int64_t read_instant(estate_table& table, std::size_t column, std::int64_t otherwise, bool& good);
  void read_source_id(estate_table& table, connection& c);
  void index_rows();
  void remember(const connection& c, std::uint32_t line);
  std::uint32_t* slot_of(std::uint64_t number);
  void check_overlaps();
  void check_names();
  void sort();

  /// A source id: its text is in the estate.
  struct name_owner {
    mpan meter;
    std::uint32_t line = 0;
  };

  estate& estate_;
  const feeder_names& feeders_;
  estate_faults& faults_;
  std::vector<std::uint32_t> lines_;                             ///< of the connections
  std::vector<std::uint32_t> slots_;                             ///< open addressing by MPAN: connection + 1, 0 empty
  std::size_t slots_count_ = 0;                                  ///< of these, once they are needed
  std::vector<std::pair<std::uint32_t, std::uint32_t>> repeats_; ///< first row of an MPAN, and a later one
  std::vector<std::uint32_t> name_slots_;                        ///< the same by source id
  std::vector<name_owner> owners_{name_owner{}};
  std::string last_transformer_; ///< rows that follow one another mostly hang on one feeder
  std::string last_feeder_;
  const feeder_index* last_place_ = nullptr;
  std::string last_instant_;
  std::int64_t last_instant_s_ = 0;
};

} // namespace gridtwin
