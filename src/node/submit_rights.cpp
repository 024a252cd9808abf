#include "src/node/submit_rights.hpp"

#include <string>

namespace gridtwin {

bool may_submit(const access_policy& policy, const known_meters& meters, const peer_identity& peer, mpan meter) {
  access_resource resource;
  resource.meter = meter;
  const access_decision by_meter = policy.allows(peer, access_operation::submit, resource);
  if (by_meter.refusal != access_refusal::not_its_meter)
    return by_meter.allowed();
  const std::string transformer = meters.transformer_of(meter);
  resource.transformer = transformer;
  return policy.allows(peer, access_operation::submit, resource).allowed();
}

} // namespace gridtwin
