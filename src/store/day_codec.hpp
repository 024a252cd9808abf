#pragma once

#include "twins/load.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Place of a twin within its transformer, fixed for the life of a store.
struct twin_slot {
  std::uint32_t value = 0;
  auto operator<=>(const twin_slot&) const = default;
};

/// A reading that belongs to a set, with where it came from.
struct stored_reading {
  twin_slot twin;
  utc_day day;
  std::uint8_t slot = 0; ///< half hour within the day
  /// Does not fit the compact form, or another reading has its place there; set by `sort_for_storage`.
  bool by_exception = false;
  gridtwin::quantity quantity = quantity::active_import;
  std::uint16_t version = 1;
  gridtwin::content content;
  std::uint32_t source = 0; ///< number of its source in the store
  std::uint64_t line = 0;   ///< of that source, from 1
};

/// Puts readings into the order in which they are stored: by day, compact ones first, then by twin, quantity, half hour
/// and version.
void sort_for_storage(std::vector<stored_reading>& readings);

/// A transformer's readings of one day as a columnar fragment, not packed. `readings`: of one day, sorted for storage.
/// A usual reading takes the varint of its watt-hours and its share of a mask a meter.
std::string encode_fragment(std::span<const stored_reading> readings);

/// Calls `f(const stored_reading&)` (without source and line) for each; false where the bytes are damaged.
template <class F>
bool decode_fragment(std::string_view bytes, utc_day day, F&& f);

/// Source and line of each of the readings of a fragment, in the same order: run-length and delta-coded.
std::string encode_lineage(std::span<const stored_reading> readings);

/// Fills `source` and `line` of readings decoded from the fragment that the lineage belongs to.
bool decode_lineage(std::string_view bytes, std::span<stored_reading> readings);

/// A day of one feeder of a transformer.
struct feeder_day_load {
  std::string feeder; ///< id; unique within the transformer
  day_load load;
};

std::string encode_loads(std::span<const feeder_day_load> feeders);
bool decode_loads(std::string_view bytes, std::vector<feeder_day_load>& feeders);

// -- implementation ---------------------------------------------------------------------------------------------------

namespace detail {
bool decode_fragment(std::string_view bytes, utc_day day, void* sink, void (*take)(void*, const stored_reading&));
} // namespace detail

template <class F>
bool decode_fragment(std::string_view bytes, utc_day day, F&& f) {
  return detail::decode_fragment(
    bytes, day, &f, [](void* sink, const stored_reading& r) { (*static_cast<std::remove_reference_t<F>*>(sink))(r); });
}

} // namespace gridtwin
