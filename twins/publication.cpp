#include "twins/publication.hpp"

#include "twins/feeder_limit.hpp"

namespace gridtwin {

std::string reason_of(suppression why, std::uint32_t privacy_floor) {
  const std::string too_few = "fewer-than-" + std::to_string(privacy_floor) + "-devices";
  switch (why) {
  case suppression::none:
    break;
  case suppression::too_few:
    return too_few;
  case suppression::over_maximum:
    return std::string(feeder_over_maximum);
  case suppression::reactive_too_few:
    return "reactive-" + too_few;
  }
  return {};
}

} // namespace gridtwin
