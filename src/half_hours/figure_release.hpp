#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gridtwin {

/// Which figures of one half hour of a transformer and its feeders may be told where aggregates of fewer meters than a
/// floor may not, so that no difference or sum of what was told is one of fewer meters either (AG-04, R5). For one
/// quantity. Pure.
///
/// Meters are in groups: a feeder that should have enough meters is one, all others of the transformer are one
/// together. A group's figure is told where enough meters have a value and enough have changed since it was told last.
/// So all that is told are sums of groups' figures, and each figure of a group differs from the one before in enough
/// meters.
class figure_release {
public:
  /// Of a meter; nothing: it gives none.
  using value = std::optional<std::int64_t>;
  struct change {
    std::uint32_t meter = 0;
    value before;
    value now;
  };
  /// A group once a record was added.
  struct group {
    std::uint32_t reporting = 0; ///< meters with a current value
    std::vector<change> changed; ///< by the record, each meter once
    bool in_total = true;        ///< the transformer's figure has it whole
  };
  struct outcome {
    std::vector<std::uint32_t> of_groups; ///< see `half_hour_event::import_contributors`
    std::uint32_t of_total = 0;
  };

  /// Takes in a record. `groups`: always the same ones in the same order. `total_is_whole`: the transformer's figure
  /// is one of whole groups. `went_by`: the groups are those that the record's figures were told of; where they were
  /// others, as before a change of the estate, whatever there was then counts as told.
  outcome add(std::span<const group> groups, bool total_is_whole, std::uint32_t floor, bool went_by);

private:
  class kept_group {
  public:
    void add(const change& c);
    /// Meters with another value than in any figure that was told.
    std::uint32_t fresh() const noexcept;
    bool has_pending() const noexcept { return !pending_.empty(); }
    bool is_told() const noexcept { return told_; }
    /// The figure as it stands is told; `repeats`: and may be again.
    void tell(bool repeats);

  private:
    using meter_value = std::pair<std::uint32_t, value>;
    std::vector<meter_value> pending_; ///< values now of the meters that have changed since it was told last
    std::vector<meter_value> past_;    ///< values that were told of meters that have changed since
    bool ever_told_ = false;
    bool told_ = false; ///< as it stands
  };
  std::vector<kept_group> groups_;
};

} // namespace gridtwin
