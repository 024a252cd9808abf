#pragma once

#include "src/security/tls_context.hpp"
#include "twins/result.hpp"

#include <string>
#include <string_view>

namespace gridtwin {

/// Certificates that a signature may come with: the signer's, and authorities between it and a root.
inline constexpr int most_signing_certificates = 1 + most_intermediates;

/// Who has signed a text: RSA with SHA-256 (PKCS #1 v1.5), by the key of the first certificate of `pem`. The
/// certificate is believed where it would be at a handshake of this listener now: chain, lists, clock, key usage and
/// the policy. The signature is looked at before that, for it is the cheaper question. Error: why not, without a word
/// of the peer's.
result<peer_identity> signer_of(const tls_context& trust, const std::string& pem, std::string_view text,
                                std::string_view signature);

} // namespace gridtwin
