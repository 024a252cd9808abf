#include "twins/appointments.hpp"

#include "twins/settlement_inputs.hpp"

namespace gridtwin {

appointed_ranges::appointed_ranges(const estate& e, const settlement_inputs& inputs) {
  if (inputs.appointments.empty())
    return;
  first_.reserve(e.connections.size() + 1);
  for (const connection& c : e.connections) {
    const std::size_t first = ranges_.size();
    first_.push_back(static_cast<std::uint32_t>(first));
    for (const auto& row : settlement_inputs::of(inputs.appointments, c.mpan, quantity::active_import)) {
      const period_range& range = row.value.effective;
      if (ranges_.size() > first && ranges_.back().end >= range.first)
        ranges_.back().end = std::max(ranges_.back().end, range.end);
      else
        ranges_.push_back(range);
    }
    if (ranges_.size() == first + 1 && ranges_.back() == period_range{})
      ranges_.pop_back();
  }
  first_.push_back(static_cast<std::uint32_t>(ranges_.size()));
  if (ranges_.empty())
    first_ = std::vector<std::uint32_t>();
}

} // namespace gridtwin
