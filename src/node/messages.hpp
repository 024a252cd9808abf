#pragma once

#include "config/node_settings.hpp"
#include "src/channel/message_channel.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/gate/known_meters.hpp"
#include "src/gate/submission.hpp"
#include "src/security/edge_trust.hpp"

#include <memory>

namespace gridtwin {

/// What messages of head-ends lead to at a node: into its gate, by what it trusts, and what was refused into the audit
/// trail. `signers`: the listener's TLS, by which certificates of signatures are believed. All of it outlives the
/// channel.
std::shared_ptr<const message_channel> open_message_channel(const node_settings& settings, submission_gate& gate,
                                                            const edge_trust& trust, const tls_context& signers,
                                                            const known_meters& meters, audit_trail& audit);

} // namespace gridtwin
