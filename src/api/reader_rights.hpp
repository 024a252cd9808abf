#pragma once

#include "src/security/access_policy.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace gridtwin {

/// The policy that is in force now. From any thread.
using policy_function = std::function<std::shared_ptr<const access_policy>()>;

/// One reader, as the newest policy sees it each time that it is asked.
class reader_rights {
public:
  reader_rights(policy_function policy, peer_identity peer) : policy_(std::move(policy)), peer_(std::move(peer)) {}

  const peer_identity& peer() const noexcept { return peer_; }

  /// Whether it may begin with a topic, or go on with it.
  bool opens(access_operation operation, access_topic topic) const {
    return policy_()->opens(peer_, operation, topic).allowed();
  }
  /// Whether it may see this event, this row.
  bool sees(access_operation operation, const access_resource& resource) const {
    return policy_()->allows(peer_, operation, resource).allowed();
  }
  /// Fewest meters in an aggregate that may be shown to who sees aggregates alone.
  std::uint32_t privacy_floor() const { return policy_()->privacy_floor(); }
  /// Fields that it does not see.
  field_set hidden() const {
    const auto policy = policy_();
    field_set out;
    for (const access_field field : all_fields)
      out.set(static_cast<std::size_t>(field), policy->masks(peer_, field));
    return out;
  }

private:
  policy_function policy_;
  peer_identity peer_;
};

} // namespace gridtwin
