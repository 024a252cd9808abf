#pragma once

#include "twins/estate.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// A meter of the index: the number of its first connection in time, the same for all its connections; its top bit says
/// that there are several.
struct meter_number {
  std::uint32_t value = 0;
  auto operator<=>(const meter_number&) const = default;
};

/// Finds meters and their connections by what a source calls them. Immutable after construction: any thread may ask.
/// Costs 4 to 8 bytes a meter beside the estate.
class meter_index {
public:
  explicit meter_index(std::shared_ptr<const estate> topology);

  const estate& topology() const noexcept { return *estate_; }
  std::shared_ptr<const estate> shared_topology() const noexcept { return estate_; }

  /// The meter with that MPAN.
  std::optional<meter_number> find(mpan number) const noexcept;
  /// The meter that a source calls so: its MPAN in 13 digits, or its `source_id`.
  std::optional<meter_number> find(std::string_view text) const noexcept;

  /// The meter of that MPAN where its only connection follows in the estate on the first one of `before`: the next
  /// meter of a file in the estate's order. Nothing means little: ask `find`.
  std::optional<meter_number> find_after(meter_number before, mpan number) const noexcept {
    const std::size_t next = std::size_t{before.value & ~several} + 1;
    if (next >= estate_->connections.size() || estate_->connections[next].mpan != number
        || (!one_of_several_.empty() && one_of_several_[next]))
      return std::nullopt;
    return meter_number{static_cast<std::uint32_t>(next)};
  }

  /// Asks memory for what `find` of that MPAN will look at first, and a little later for its connection.
  void prefetch(mpan number) const noexcept { __builtin_prefetch(&slots_[home_of(number.number)]); }
  void prefetch_connection(mpan number) const noexcept {
    if (const std::uint32_t slot = slots_[home_of(number.number)]; slot != 0)
      __builtin_prefetch(&estate_->connections[(slot & ~several) - 1]);
  }

  /// The connection whose range holds the period; the meter's first where none does, and its twin will say so.
  connection_index connection_at(meter_number meter, period p) const noexcept {
    return (meter.value & several) == 0 ? connection_index{meter.value} : effective_connection(meter, p);
  }
  /// Quantities of the meter in any of its connections, bits by `mask_of`.
  std::uint8_t quantities_of(meter_number meter) const noexcept;

  /// The meter's rows of the estate, ascending in time; where there are several, `several_rows` holds them.
  std::span<const connection> rows_of(meter_number meter, std::vector<connection>& several_rows) const;

  const connection& at(connection_index c) const noexcept { return estate_->connections[c.value]; }
  transformer_index transformer_of(connection_index c) const noexcept {
    return {transformer_of_feeder_[at(c).feeder.value]};
  }

  /// Distinct MPANs.
  std::size_t meter_count() const noexcept { return meter_count_; }

private:
  static constexpr std::uint32_t several = 0x8000'0000;

  /// A meter with several connections: where they stand in `chains_`, in order of time.
  struct chain {
    std::uint32_t meter = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  void insert_connections();
  void link_chains(std::vector<std::pair<std::uint32_t, std::uint32_t>>& repeats);
  void insert_names();
  /// The slot where a number is looked for first: multiplied by 2^64 over the golden ratio (Knuth), which spreads
  /// numbers that follow one another.
  std::size_t home_of(std::uint64_t number) const noexcept {
    return static_cast<std::size_t>((number * 0x9E37'79B9'7F4A'7C15) >> slot_shift_);
  }
  std::size_t slot_of(std::uint64_t number) const noexcept;
  std::uint32_t number_at(std::size_t slot) const noexcept;
  const chain& chain_of(meter_number meter) const noexcept;
  connection_index effective_connection(meter_number meter, period p) const noexcept;

  std::shared_ptr<const estate> estate_;
  std::vector<std::uint32_t> transformer_of_feeder_;
  std::vector<std::uint32_t> slots_;      ///< 0: empty; else connection + 1, `several` marks a chain
  std::vector<std::uint32_t> name_slots_; ///< 0: empty; else position in `source_names`
  std::vector<std::uint32_t> meter_of_name_;
  std::vector<chain> chains_; ///< sorted by meter
  std::vector<std::uint32_t> chained_;
  std::vector<bool> one_of_several_; ///< by connection: its meter has several; empty where no meter has
  std::size_t meter_count_ = 0;
  int slot_shift_ = 63;
};

} // namespace gridtwin
