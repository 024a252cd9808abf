#include "actors/meter_twin_actor.hpp"

#include "actors/hosted_twins.hpp"

#include <caf/make_message.hpp>

#include <algorithm>
#include <bit>

namespace gridtwin {

std::optional<caf::message> meter_twin_actor::answer(const caf::type_erased_tuple& content) {
  if (!content.match_elements<state_query>())
    return std::nullopt;
  const twin_counters counts = siblings_->counters(place_);
  const open_day_list& days = siblings_->at(place_).days();
  meter_state state{siblings_->meters()[place_].mpan.number,
                    counts.accepted,
                    counts.duplicates,
                    counts.conflicts,
                    counts.refused,
                    static_cast<std::uint32_t>(days.size()),
                    0};
  for (const open_day& held : days)
    if (const std::uint64_t mask = held.readings.current_mask(); mask != 0)
      state.last_period =
        std::max(state.last_period, period_at(held.day, static_cast<int>(std::bit_width(mask)) - 1).number);
  return caf::make_message(state);
}

} // namespace gridtwin
