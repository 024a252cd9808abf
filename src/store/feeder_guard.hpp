#pragma once

#include "config/rule_settings.hpp"
#include "src/store/day_summary.hpp"
#include "twins/estate.hpp"
#include "twins/feeder_limit.hpp"
#include "twins/load.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gridtwin {

/// How many meters of a set of connections should report in a half hour: those whose range holds it.
class expected_meters {
public:
  void add(const connection& c);
  /// Called once all are added.
  void sort();

  std::size_t at(period p) const noexcept;
  meter_kinds kinds_at(period p) const noexcept;

private:
  /// Of one connection type and market segment.
  struct ranges {
    std::vector<std::int32_t> firsts;
    std::vector<std::int32_t> ends;
    std::size_t at(period p) const noexcept;
  };
  std::array<std::array<ranges, market_segment_count>, connection_type_count> of_kind_;
};

/// Which half hours of a transformer's feeders are quarantined (VA-12). A function of the sums, the estate and the
/// pack: nothing of it is stored, so another pack judges every half hour anew.
class feeder_guard {
public:
  /// `e` and `rules` are the caller's to keep.
  feeder_guard(const estate& e, transformer_index t, const rule_settings& rules);

  std::size_t size() const noexcept { return feeders_.count; }
  const feeder_info& feeder(std::size_t place) const noexcept { return estate_->feeders[feeders_.first + place]; }
  /// Nothing: the transformer has no such feeder.
  std::optional<std::size_t> place_of(std::string_view feeder) const noexcept;
  const expected_meters& expected(std::size_t place) const noexcept { return expected_[place]; }

  /// The limit that a feeder's half hour is above; nothing where it is not.
  std::optional<std::int64_t> exceeded_limit_wh(std::size_t place, period p, const half_hour_load& load) const noexcept;

private:
  const estate* estate_;
  const rule_settings* rules_;
  feeder_range feeders_;
  std::vector<expected_meters> expected_;
};

/// A transformer's day: the sum of what is believed of its feeders. Of a quarantined half hour counts the revision
/// alone: those are accepted versions under the half hour, whatever is believed of their sum.
day_load sum_believed(const std::vector<feeder_day_load>& feeders, utc_day day, const feeder_guard& guard);

} // namespace gridtwin
