#pragma once

#include "src/settlement/settled_transformer.hpp"
#include "src/settlement/settlement_job.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace gridtwin {

/// What settlement adds meters up by, and what every one of them has of its own in it.
struct settlement_group {
  char gsp_group = 'A';
  std::array<char, 4> supplier_mpid{};
  market_segment segment = market_segment::smart;
  connection_type type = connection_type::whole_current;
  bool domestic = true;
  gridtwin::quantity quantity = quantity::active_import;
  auto operator<=>(const settlement_group&) const = default;
};

settlement_group group_of(const estate& e, const connection& meter, quantity q);

/// A half hour of a group. Energies in Wh, exact.
struct group_half_hour {
  std::uint32_t meters = 0;
  std::int64_t actual_wh = 0;
  std::int64_t estimated_wh = 0;
};

/// Sums of a run over all transformers, added in any order.
class settlement_totals {
public:
  struct quantity_sum {
    std::int64_t actual_wh = 0;
    std::int64_t estimated_wh = 0;
  };
  /// What one supplier has in one segment.
  struct share {
    std::int64_t actual_wh = 0;
    std::int64_t estimated_wh = 0;
    std::uint64_t actual_half_hours = 0;
    std::uint64_t estimated_half_hours = 0;
  };
  using share_key = std::tuple<std::array<char, 4>, market_segment, quantity>;

  void add(const settlement_job& job, const settled_transformer& t);
  /// Half hours that the run before estimated and this one does not have.
  void add_no_longer_settled(std::uint64_t half_hours) {
    by_change_[index_of(change_cause::no_longer_settled)] += half_hours;
  }

  /// By group and place within the date.
  const std::map<settlement_group, std::vector<group_half_hour>>& groups() const noexcept { return groups_; }
  std::map<share_key, share> shares() const;

  std::uint64_t meters() const noexcept { return meters_ + meters_of_several_rows_.size(); }
  std::uint64_t half_hours() const noexcept { return actual_ + received_estimates_ + estimated(); }
  std::uint64_t actual() const noexcept { return actual_; }
  std::uint64_t received_estimates() const noexcept { return received_estimates_; }
  /// Estimated by the run itself.
  std::uint64_t estimated() const noexcept;
  const std::array<std::uint64_t, estimation_method_count>& by_method() const noexcept { return by_method_; }
  const std::array<std::uint64_t, change_cause_count>& by_change() const noexcept { return by_change_; }
  const std::array<quantity_sum, quantity_count>& by_quantity() const noexcept { return by_quantity_; }

private:
  struct half_hour_counts {
    std::uint64_t actual = 0;
    std::uint64_t estimated = 0;
  };

  std::map<settlement_group, std::vector<group_half_hour>> groups_;
  std::map<settlement_group, half_hour_counts> counts_;
  std::uint64_t meters_ = 0;
  std::set<std::uint64_t> meters_of_several_rows_;
  std::uint64_t actual_ = 0;
  std::uint64_t received_estimates_ = 0;
  std::array<std::uint64_t, estimation_method_count> by_method_{};
  std::array<std::uint64_t, change_cause_count> by_change_{};
  std::array<quantity_sum, quantity_count> by_quantity_{};
};

} // namespace gridtwin
