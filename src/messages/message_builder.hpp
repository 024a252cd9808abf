#pragma once

#include "config/market_settings.hpp"
#include "src/messages/if021_message.hpp"
#include "twins/result.hpp"
#include "twins/standing_half_hour.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

/// Whose half hours a message tells, and how that meter is connected meanwhile.
struct message_subject {
  gridtwin::mpan mpan;
  gridtwin::quantity quantity = quantity::active_import;
  connection_type connection = connection_type::whole_current;
  std::int64_t connection_from_s = 0; ///< since when: seconds since the epoch
  char gsp_group = 'A';
  std::string supplier_mpid;
};

/// How much goes into one message.
struct message_bounds {
  std::size_t days = message_days_limit;
  std::size_t bytes = request_bytes_limit; ///< of a request that holds this message alone
};

/// Messages that tell these half hours, ascending and without repeats: as few as the bounds allow, a day never cut.
/// A function of its arguments: the sender's time is the end of the last half hour, and the sender's reference holds a
/// hash of what is told with the versions, so that whoever tells the same again says so, and a correction that goes
/// back to what stood before does not.
/// Error: `errc::bad_profile` where the settings name no distributor for the MPAN; `errc::unreadable_input` for what a
/// message must not tell: an MPAN with a wrong check digit, a value that does not fit, a half hour from before the
/// connection (ECS1013).
result<std::vector<if021_message>> build_messages(const market_settings& market, const message_subject& subject,
                                                  std::span<const standing_half_hour> half_hours,
                                                  const message_bounds& bounds);

} // namespace gridtwin
