#pragma once

#include "src/gate/known_meters.hpp"
#include "src/security/access_policy.hpp"
#include "src/security/identity.hpp"
#include "twins/mpan.hpp"

namespace gridtwin {

/// Whether a policy lets a peer bring readings of a meter; asks where the meter hangs only if that matters.
bool may_submit(const access_policy& policy, const known_meters& meters, const peer_identity& peer, mpan meter);

} // namespace gridtwin
