#include "src/half_hours/figure_release.hpp"

#include "src/half_hours/half_hour_event.hpp"

#include <algorithm>

namespace gridtwin {

void figure_release::kept_group::add(const change& c) {
  told_ = false;
  const auto at =
    std::find_if(pending_.begin(), pending_.end(), [&](const meter_value& p) { return p.first == c.meter; });
  if (at != pending_.end()) {
    at->second = c.now;
    return;
  }
  pending_.emplace_back(c.meter, c.now);
  if (ever_told_)
    past_.emplace_back(c.meter, c.before);
}

std::uint32_t figure_release::kept_group::fresh() const noexcept {
  return static_cast<std::uint32_t>(std::count_if(pending_.begin(), pending_.end(), [&](const meter_value& p) {
    return std::find(past_.begin(), past_.end(), p) == past_.end();
  }));
}

void figure_release::kept_group::tell(bool repeats) {
  pending_.clear();
  ever_told_ = true;
  told_ = repeats;
}

figure_release::outcome figure_release::add(std::span<const group> groups, bool total_is_whole, std::uint32_t floor,
                                            bool went_by) {
  groups_.resize(groups.size());
  outcome out;
  bool any = false;               // of the total's groups: has something to tell
  bool all_told = total_is_whole; // of the total's groups
  std::uint32_t reporting = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const group& now = groups[i];
    kept_group& kept = groups_[i];
    for (const change& c : now.changed)
      kept.add(c);
    const bool silent = now.reporting == 0 && !kept.has_pending();
    std::uint32_t contributors = silent ? of_nobody : std::min(now.reporting, kept.fresh());
    const bool told_before = kept.is_told() && went_by;
    const bool told_now = !silent && contributors >= floor;
    if (told_now || !went_by)
      kept.tell(went_by);
    else if (told_before)
      contributors = now.reporting;
    out.of_groups.push_back(contributors);
    if (!now.in_total || silent)
      continue;
    any = true;
    all_told = all_told && (told_now || told_before);
    reporting += now.reporting;
  }
  out.of_total = !any ? of_nobody : all_told ? reporting : 0;
  return out;
}

} // namespace gridtwin
