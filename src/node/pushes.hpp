#pragma once

#include "config/node_settings.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/push/webhook_threads.hpp"
#include "src/security/edge_trust.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace gridtwin {

/// The webhooks of settings as they are to be run, by name; no file is read. Error: usage, with the webhook, where a
/// url, a reader, an address or an instant is none.
result<std::vector<webhook_plan>> webhook_plans(const node_settings& settings);

/// A node's webhooks at work, by the policy that `trust` has; what operators do to them goes into the audit trail. Both
/// outlive them. The store exists. Nothing where the settings have none.
result<std::unique_ptr<webhook_threads>> open_webhooks(const node_settings& settings, const edge_trust& trust,
                                                       audit_trail& audit, std::function<std::int64_t()> now_s,
                                                       std::function<std::int64_t()> now_us);

} // namespace gridtwin
