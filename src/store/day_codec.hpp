#pragma once

#include "src/store/bytes.hpp"
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
  gridtwin::quantity quantity = quantity::active_import;
  std::uint16_t version = 1;
  gridtwin::content content;
  std::uint32_t source = 0; ///< number of its source in the store
  std::uint64_t line = 0;   ///< of that source, from 1
};

/// Readings of one twin, day and quantity that have the compact form (`meter_day::is_plain`).
struct compact_row {
  twin_slot twin;
  gridtwin::quantity quantity = quantity::active_import;
  std::uint64_t mask = 0;            ///< bit n: half hour n is among them; never 0
  const std::uint16_t* wh = nullptr; ///< 48 values, by half hour
};

/// The order of rows in a fragment: by twin and quantity.
std::uint64_t row_number(twin_slot twin, quantity q) noexcept;
/// Twin and quantity of a row; false where there is none of that number.
bool set_row(std::uint64_t row, stored_reading& r) noexcept;
/// Room in a row's number for quantities to come.
inline constexpr std::uint64_t quantities_reserved = 16;

/// Version and content of a reading that has not the compact form. Damaged ones make the reader bad.
void put_content(byte_writer& w, std::uint16_t version, const content& c);
void get_content(byte_reader& in, std::uint16_t& version, content& c) noexcept;

/// The order of readings that are stored one by one: by twin, quantity, half hour, version and content.
void sort_exceptions(std::vector<stored_reading>& readings);

/// A transformer's readings of one day as a columnar fragment, not packed: twins with equal masks share one, then come
/// the high bytes of all values and their low bytes, then what has not the compact form. `rows`: ascending, none twice.
/// `exceptions`: of the same day, sorted. A usual reading takes two bytes.
std::string encode_fragment(std::span<const compact_row> rows, std::span<const stored_reading> exceptions);

/// Calls `f(const stored_reading&)` (without source and line) for each; false where the bytes are damaged.
template <class F>
bool decode_fragment(std::string_view bytes, utc_day day, F&& f);

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
