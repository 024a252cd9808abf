#include "src/security/access_policy.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

template <class T>
bool holds(const std::vector<T>& sorted, const auto& wanted) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), wanted);
  return at != sorted.end() && *at == wanted;
}

bool is_aggregate(access_topic topic) noexcept {
  return topic == access_topic::feeder_half_hour || topic == access_topic::transformer_half_hour;
}

} // namespace

std::string_view reason_of(access_refusal refusal) noexcept {
  switch (refusal) {
  case access_refusal::none:
    return "allowed";
  case access_refusal::unknown_identity:
    return "the policy does not name this identity";
  case access_refusal::disabled:
    return "this identity is disabled";
  case access_refusal::not_granted:
    return "this operation is not among the identity's rights";
  case access_refusal::topic_not_granted:
    return "this topic is not among the identity's rights";
  case access_refusal::incomplete:
    return "it is not known what the operation is about";
  case access_refusal::not_its_meter:
    return "this meter is not one of the identity's";
  case access_refusal::not_its_transformer:
    return "this transformer is not one of the identity's";
  case access_refusal::household:
    return "this is of one meter, and the identity's role sees aggregates alone";
  case access_refusal::below_floor:
    return "fewer meters than the privacy floor gave a value";
  case access_refusal::no_consent:
    return "the meter has no consent to half-hourly data";
  }
  return "refused";
}

const access_grant* access_policy::find(const peer_identity& peer) const {
  const auto at = grants_.find(peer);
  return at != grants_.end() ? &at->second : nullptr;
}

access_decision access_policy::admits(const peer_identity& peer) const {
  const access_grant* const grant = find(peer);
  if (grant == nullptr)
    return {access_refusal::unknown_identity};
  return {grant->enabled ? access_refusal::none : access_refusal::disabled};
}

access_decision access_policy::opens(const peer_identity& peer, access_operation operation, access_topic topic) const {
  if (const auto admitted = admits(peer); !admitted.allowed())
    return admitted;
  if (operation != access_operation::read && operation != access_operation::extract)
    return {access_refusal::not_granted};
  return {rights_refusal(*find(peer), operation, topic)};
}

access_decision access_policy::allows(const peer_identity& peer, access_operation operation,
                                      const access_resource& resource) const {
  if (const auto admitted = admits(peer); !admitted.allowed())
    return admitted;
  const access_grant& grant = *find(peer);
  if (const auto refusal = rights_refusal(grant, operation, resource.topic); refusal != access_refusal::none)
    return {refusal};
  return {scope_refusal(peer, grant, operation, resource)};
}

access_refusal access_policy::rights_refusal(const access_grant& grant, access_operation operation,
                                             std::optional<access_topic> topic) const {
  const bool about_topic = operation == access_operation::read || operation == access_operation::extract;
  if (about_topic && !topic)
    return access_refusal::incomplete;
  if (about_topic && *topic == access_topic::audit)
    return grant.rights.has(access_operation::audit) ? access_refusal::none : access_refusal::topic_not_granted;
  if (!grant.rights.has(operation))
    return access_refusal::not_granted;
  return !about_topic || grant.rights.has(*topic) ? access_refusal::none : access_refusal::topic_not_granted;
}

access_refusal access_policy::aggregate_refusal(const access_resource& resource) const {
  if (resource.meter)
    return access_refusal::household;
  if (!resource.contributors)
    return access_refusal::incomplete;
  return *resource.contributors >= privacy_floor_ ? access_refusal::none : access_refusal::below_floor;
}

access_refusal access_policy::scope_refusal(const peer_identity& peer, const access_grant& grant,
                                            access_operation operation, const access_resource& resource) const {
  switch (peer.role) {
  case access_role::head_end:
    if (!resource.meter)
      return access_refusal::incomplete;
    return grant.all_meters || holds(grant.meters, *resource.meter)
               || (!resource.transformer.empty() && holds(grant.transformers, resource.transformer))
             ? access_refusal::none
             : access_refusal::not_its_meter;
  case access_role::network_operator:
    if (resource.transformer.empty())
      return access_refusal::incomplete;
    if (!grant.all_transformers && !holds(grant.transformers, resource.transformer))
      return access_refusal::not_its_transformer;
    return aggregate_refusal(resource);
  case access_role::flexibility:
    if (!resource.meter)
      return access_refusal::incomplete;
    return holds(grant.consented, *resource.meter) ? access_refusal::none : access_refusal::no_consent;
  case access_role::operator_:
    // Who runs a node is no reader of households: an aggregate of one is one.
    if (operation == access_operation::read && resource.topic && is_aggregate(*resource.topic))
      return aggregate_refusal(resource);
    return access_refusal::none;
  case access_role::settlement:
  case access_role::auditor:
    return access_refusal::none;
  }
  return access_refusal::not_granted;
}

bool access_policy::masks(const peer_identity& peer, access_field field) const {
  const auto role = static_cast<std::size_t>(peer.role);
  const auto at = static_cast<std::size_t>(field);
  return !admits(peer).allowed() || role >= masks_.size() || at >= masks_[role].size() || masks_[role][at];
}

} // namespace gridtwin
