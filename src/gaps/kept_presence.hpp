#pragma once

#include "src/gaps/presence.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// What is kept of half hours between two pages: days of units as of where a reader is in a shard. Who goes on there
/// finds them; who comes from elsewhere begins with none. Bounded.
class kept_presence {
public:
  /// Rows that are kept over all days, 24 bytes each; a day counts for some more.
  static constexpr std::size_t most_rows = 1'000'000;
  static constexpr std::size_t rows_of_day = 6;
  /// Meters and quantities of which edges are kept at a cursor, some 60 bytes each.
  static constexpr std::size_t most_edges = 200'000;
  /// Places in a shard that readers can go on from; the one that was left alone longest gives way.
  static constexpr std::size_t cursors_of_shard = 3;

  /// By row: no half hour with a value is before the first or behind the second. A row that is not there has none.
  using edges = std::unordered_map<std::uint32_t, std::pair<period, period>>;

  /// Where a reader is in a shard.
  struct cursor {
    std::uint64_t number = 0; ///< never given twice
    std::int64_t after = 0;   ///< the last offset that was taken in
    std::uint64_t used = 0;
    std::unordered_map<std::uint64_t, edges> edges_of; ///< by unit; known where they were needed
    std::size_t edges_kept = 0;                        ///< rows of them
  };
  /// The days of one unit as a cursor has them; without a keeper, of the record at hand alone.
  class place {
  public:
    place(kept_presence* keeper, std::uint64_t unit, cursor* of) : keeper_(keeper), unit_(unit), of_(of) {}

    /// Nothing: it is not kept.
    presence_rows* find(utc_day day);
    presence_rows& add(utc_day day, presence_rows rows);
    /// Nothing where they are not known.
    edges* known_edges();
    edges& add_edges(edges of);
    /// What a record has changed, by row.
    void move_edges(const std::map<std::uint32_t, std::vector<day_change>>& changes);

  private:
    kept_presence* keeper_;
    std::uint64_t unit_;
    cursor* of_;
    std::map<utc_day, presence_rows> days_;
    std::optional<edges> edges_;
  };

  /// The cursor at an offset of a shard, or a fresh one.
  cursor& at(std::uint32_t shard, std::int64_t after);
  void drop(std::uint32_t shard, std::uint64_t number);
  void drop_all();
  /// Lets go of the days that were wanted longest ago, until the rest is within bounds.
  void trim();

private:
  struct key {
    std::uint64_t cursor = 0;
    std::uint64_t unit = 0;
    utc_day day;
    bool operator==(const key&) const = default;
  };
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      std::uint64_t h = k.cursor * 0x9E37'79B9'7F4A'7C15U;
      h = (h ^ k.unit) * 0xBF58'476D'1CE4'E5B9U;
      h = (h ^ static_cast<std::uint32_t>(k.day.number)) * 0x94D0'49BB'1331'11EBU;
      return static_cast<std::size_t>(h ^ h >> 29);
    }
  };
  struct kept_day {
    key of;
    presence_rows rows;
    std::size_t counted = 0; ///< rows, as they count
  };

  std::list<kept_day> days_; ///< the one that was wanted last is at the end
  std::unordered_map<key, std::list<kept_day>::iterator, key_hash> day_of_key_;
  std::size_t rows_ = 0;
  std::unordered_map<std::uint32_t, std::list<cursor>> cursors_; ///< by shard
  std::uint64_t next_ = 0;
};

} // namespace gridtwin
