#pragma once

#include "twins/hash.hpp"
#include "twins/meter_day.hpp"
#include "twins/mpan.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gridtwin {

// The hash tree of one UTC day and quantity: period -> meter's day -> feeder -> transformer -> GSP group -> estate.
// Binary trees as RFC 6962 (section 2.1) builds them at each level, children sorted by id as bytes. Node inputs start
// with a byte that says their kind, so that no node can stand for another: 0x00 leaf, 0x01 inner node, 0x02 meter's
// day, 0x03 feeder, 0x04 transformer, 0x05 GSP group, 0x06 estate. Integers are big-endian.

/// Secret from which the salts of leaves are derived, one an estate. All zero: a public one, and the digest says so.
using estate_key = std::array<std::uint8_t, 32>;

/// From the feeder upwards a node commits to its 48 sums and its counts.
struct day_node {
  digest hash{};
  std::array<std::int64_t, periods_per_day> wh{};
  std::uint32_t meters = 0;  ///< meters with at least one current value
  std::uint64_t periods = 0; ///< current values
};

enum class node_kind : std::uint8_t { feeder = 0x03, transformer = 0x04, gsp_group = 0x05, estate = 0x06 };

/// Root of a list of hashes; of an empty list, the hash of nothing.
digest merkle_root(std::span<const digest> leaves);

/// A meter and what it has of the day and quantity in question.
struct meter_readings {
  gridtwin::mpan meter;
  const meter_day* readings = nullptr; ///< never null when it is hashed
};

/// Hashes of meters' days, as many as there are `meters`, each as if alone: together they take less time. Leaves of
/// open half hours are marked absent. Uses about 70 KB of stack.
void meter_day_hashes(const estate_key& key, utc_day day, quantity q, std::span<const meter_readings> meters,
                      std::span<digest> hashes);

/// Hash of one meter's day.
digest meter_day_hash(const estate_key& key, mpan meter, utc_day day, quantity q, const meter_day& readings);

/// Gathers children into a node, child by child in the order of their ids.
class day_node_builder {
public:
  /// A meter's day of a feeder.
  void add_meter(const digest& hash, const meter_day& readings);
  /// A feeder of a transformer, a transformer of a GSP group, a GSP group of the estate.
  void add(const day_node& child);

  bool empty() const noexcept { return children_.empty(); }
  /// `id`: of the node within its kind, empty for the estate.
  day_node build(node_kind kind, std::string_view id, utc_day day, quantity q) const;

private:
  std::vector<digest> children_;
  day_node sum_;
};

} // namespace gridtwin
