#include "src/messages/if021_message.hpp"

#include <algorithm>

namespace gridtwin {

std::size_t half_hours_of(const if021_message& m) noexcept {
  std::size_t sum = 0;
  for (const consumption_day& day : m.consumption.days)
    sum += day.entries.size();
  return sum;
}

bool same_message(const if021_message& a, const if021_message& b) {
  const consumption_message& left = a.consumption;
  const consumption_message& right = b.consumption;
  const auto same_entry = [](const consumption_entry& x, const consumption_entry& y) {
    return x.end_s == y.end_s && x.content == y.content;
  };
  const auto same_day = [&](const consumption_day& x, const consumption_day& y) {
    return x.day_s == y.day_s && x.duration_minutes == y.duration_minutes
           && std::equal(x.entries.begin(), x.entries.end(), y.entries.begin(), y.entries.end(), same_entry);
  };
  return a.envelope == b.envelope && left.mpan == right.mpan && left.event == right.event
         && left.quantity == right.quantity && left.connection_from_s == right.connection_from_s
         && std::equal(left.days.begin(), left.days.end(), right.days.begin(), right.days.end(), same_day);
}

} // namespace gridtwin
