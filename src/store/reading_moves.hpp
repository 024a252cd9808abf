#pragma once

#include "src/store/commit.hpp"
#include "src/store/day_codec.hpp"
#include "twins/estate.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Where a store keeps a meter's readings.
struct stored_place {
  transformer_number transformer;
  twin_slot slot;
  bool operator==(const stored_place&) const = default;
};

/// A change of the estate has given the half hours of a range to another row of the meter: what is stored of them at
/// one place belongs to the other.
struct moved_range {
  stored_place from;
  period_range periods;
  stored_place to;
  bool operator==(const moved_range&) const = default;
};

/// A `moves` record: of the readings that runs before `before_run` have added. All records of one `change` (offset of
/// the topology record before them) take effect together.
struct moves_record {
  std::int64_t change = 0;
  std::uint32_t before_run = 0;
  std::vector<moved_range> moves;
};

/// The bodies of the records that hold these moves, each of at most `largest_record` bytes.
std::vector<std::string> encode_moves(std::int64_t change, std::uint32_t before_run,
                                      std::span<const moved_range> moves);
/// False where the bytes are damaged.
bool decode_moves(std::string_view bytes, moves_record& out);

/// All moves of a store. The journal names readings by the place that they were added under; this tells where they
/// belong since.
class reading_moves {
public:
  /// Records come in the order of the journal.
  void add(const moves_record& record);

  bool empty() const noexcept { return changes_.empty(); }

  /// Whether readings that a run added to a transformer may belong to another place by now.
  bool any_from(transformer_number t, std::uint32_t run) const;
  /// Whether readings that were added to one transformer may belong to the other by now.
  bool any_between(transformer_number from, transformer_number to) const;

  /// The transformers that a transformer's readings may belong to by now, but for itself; sorted.
  std::vector<transformer_number> takers_of(transformer_number t) const;

  /// The place of a half hour's readings that a run has added under `added`, as it was for run `by_run`.
  stored_place place_of(stored_place added, period p, std::uint32_t run,
                        std::uint32_t by_run = std::numeric_limits<std::uint32_t>::max()) const;

  /// Of readings that a run added to `from`, appended at `first`: keeps those that belong to `to`, at their slots
  /// there.
  void keep(std::vector<stored_reading>& readings, std::size_t first, transformer_number from, transformer_number to,
            std::uint32_t run) const;

private:
  struct change {
    std::int64_t number = 0;
    std::uint32_t before_run = 0;
    std::unordered_map<std::uint64_t, std::vector<moved_range>> by_place;
  };
  static std::uint64_t key_of(stored_place p) noexcept {
    return std::uint64_t{p.transformer.value} << 32 | p.slot.value;
  }

  std::vector<change> changes_;
  std::unordered_map<std::uint32_t, std::uint32_t> left_before_; ///< by transformer: the last `before_run` of its moves
  std::unordered_map<std::uint32_t, std::set<std::uint32_t>> givers_; ///< by transformer: whose readings it may have
};

} // namespace gridtwin
