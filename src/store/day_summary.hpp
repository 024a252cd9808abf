#pragma once

#include "src/store/commit.hpp"
#include "twins/day_tree.hpp"
#include "twins/estate.hpp"
#include "twins/meter_twin.hpp"

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gridtwin {

/// The twins of one transformer, in the order of the estate's connections, with their meters and their slots in the
/// store.
struct transformer_twins {
  transformer_index transformer;
  std::span<const connection> meters;
  std::span<const meter_twin* const> twins;
  std::span<const twin_slot> slots;
};

/// A transformer's nodes in the trees of a day, by quantity; none where it has no current value.
using transformer_nodes = std::array<std::optional<day_node>, quantity_count>;

transformer_nodes hash_day(const estate& e, const transformer_twins& t, utc_day day, const estate_key& key);
std::string encode_nodes(const transformer_nodes& nodes);
bool decode_nodes(std::string_view bytes, transformer_nodes& nodes);

/// Which half hours of a day have a current value, by twin and quantity.
std::string encode_masks(const transformer_twins& t, utc_day day);
bool decode_masks(std::string_view bytes, const std::function<void(twin_slot, quantity, std::uint64_t)>& f);

} // namespace gridtwin
