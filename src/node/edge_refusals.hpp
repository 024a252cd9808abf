#pragma once

#include "src/gate/audit_trail.hpp"
#include "src/listener/edge_refusal.hpp"

namespace gridtwin {

/// Has it recorded that somebody was refused: its identity, or the address of one that has proved none.
refusal_function into_audit(audit_trail& audit);

/// Why a peer was not believed, with who it says that it is: that helps who looks for a certificate that has run out.
complaint_function complaint_with_claim();

} // namespace gridtwin
