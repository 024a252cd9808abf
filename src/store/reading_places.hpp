#pragma once

#include "src/store/day_codec.hpp"
#include "src/store/reading_moves.hpp"
#include "src/store/topology.hpp"
#include "twins/estate.hpp"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// A row of an estate, and where a store keeps its readings.
struct row_place {
  period_range effective;
  std::uint8_t quantities = 0;
  stored_place place;
};

/// What a changed estate makes of a stored reading.
struct reading_fate {
  enum { stays, moves, orphaned } what = stays; ///< orphaned: no row holds it with its quantity
  stored_place to;                              ///< where it moves to
};

/// The slots of one transformer that readings may have to leave.
class left_readings {
public:
  explicit left_readings(transformer_number t) : transformer_(t) {}

  /// `rows`: of its meter.
  void add(const narrowed_connection& narrowed, const std::vector<row_place>& rows);

  /// Whether any reading of a day may have to.
  bool any_leaves(utc_day day) const;
  /// Notes a move as made.
  reading_fate fate_of(const stored_reading& r);
  /// Of a slot that was added.
  mpan meter_of(twin_slot slot) const { return slots_.at(slot.value).meter; }

  void list_made(std::vector<moved_range>& out) const;

private:
  struct left_slot {
    mpan meter;
    std::uint8_t lost = 0; ///< quantities
    const std::vector<row_place>* rows = nullptr;
    std::vector<bool> taken; ///< by row: readings have gone there
  };

  transformer_number transformer_;
  std::unordered_map<std::uint32_t, left_slot> slots_;
  std::vector<period_range> ranges_; ///< outside of which nothing leaves
};

/// Where each stored reading of a narrowed connection belongs by an estate: the row of its meter that holds its half
/// hour.
class reading_places {
public:
  reading_places(const estate& e, const topology& names, const std::vector<narrowed_connection>& narrowed);

  /// Nothing where no reading of the transformer leaves its slot.
  left_readings* find(transformer_number t);

  /// The moves that were made, in the order of the places that were left.
  std::vector<moved_range> made() const;

private:
  std::unordered_map<std::uint64_t, std::vector<row_place>> rows_; ///< by MPAN
  std::map<std::uint32_t, left_readings> left_;                    ///< by transformer
};

} // namespace gridtwin
