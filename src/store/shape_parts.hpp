#pragma once

#include "src/store/day_summary.hpp"
#include "twins/load_shape.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// What a transformer adds to the load shapes of a UTC day: a part for each category of which it has an actual reading,
/// ascending.
using shape_parts = std::vector<std::pair<shape_category, shape_day>>;

/// All of a category but the GSP group, as one number; and back: nothing where there is none of that number.
std::uint8_t kind_of(const shape_category& category) noexcept;
std::optional<shape_category> category_of(char gsp_group, std::uint8_t kind) noexcept;

/// What the categories of a transformer's readings depended on: its GSP group and what its connections were, by slot.
/// Slots that are given later hold readings of later runs, so they are left out; ranges say where a reading goes, not
/// what it is once it is there.
struct category_basis {
  std::uint32_t slots = 0; ///< the first so many
  std::uint64_t hash = 0;  ///< over their categories: the beginning of a SHA-256
  bool operator==(const category_basis&) const = default;
};

/// The parts of a transformer's day as a store keeps them with the day's summary.
struct kept_shapes {
  category_basis basis;
  std::int64_t known_by_s = 0; ///< all that is stored of the day was known at this instant; seconds since the epoch
  shape_parts parts;
};

/// Not packed. `day`: that of the parts; instants are kept against its end.
std::string encode_shapes(const kept_shapes& shapes, utc_day day);
/// False where the bytes are damaged.
bool decode_shapes(std::string_view bytes, utc_day day, kept_shapes& shapes);

/// Sorts the readings of a transformer's twins into categories. Made once for many days.
class shape_sorter {
public:
  /// `slots`: of the transformer's connections, in the estate's order.
  shape_sorter(const estate& e, transformer_index t, std::span<const twin_slot> slots);

  /// For the first so many slots.
  category_basis basis_of(std::uint32_t slots) const;

  /// The current values of a day that are actual, summed. `twins`: of the same transformer.
  shape_parts parts_of(const transformer_twins& twins, utc_day day) const;

private:
  std::vector<shape_category> categories_; ///< that the connections have, active import standing for all quantities
  std::vector<std::uint32_t> of_place_;    ///< position in `categories_`
  std::vector<std::pair<twin_slot, std::uint32_t>> by_slot_;
  char gsp_group_;
};

/// The last instant at which something became known that is held of a day, if all became known as `known` says; nothing
/// where nothing is held.
std::optional<std::int64_t> known_by(std::span<const meter_twin* const> twins, utc_day day, const known_time& known);

} // namespace gridtwin
