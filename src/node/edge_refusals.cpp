#include "src/node/edge_refusals.hpp"

#include "src/security/tls_context.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace gridtwin {

refusal_function into_audit(audit_trail& audit) {
  return [&audit](edge_refusal&& from) {
    static constexpr std::array<refused_act, 4> acts{refused_act::connection, refused_act::identity,
                                                     refused_act::session, refused_act::meters};
    audit.refused({acts[static_cast<std::size_t>(from.what)],
                   from.identity.empty() ? std::move(from.address) : std::move(from.identity), std::move(from.reason),
                   from.count});
  };
}

complaint_function complaint_with_claim() {
  return [](const ssl_st& connection) {
    const std::string why = refusal_of(&connection);
    const std::string claim = claim_of(&connection);
    return why.empty() || claim.empty() ? why : "it says that it is " + claim + ": " + why;
  };
}

} // namespace gridtwin
