#pragma once

#include "src/security/identity.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// The platform's fields of a request (domain notes, 1.1), as they came; empty: not there.
struct signature_fields {
  std::string signature;    ///< `X-DIP-Signature`: base64
  std::string date;         ///< `X-DIP-Signature-Date`
  std::string content_hash; ///< `X-DIP-Content-Hash`: base64 of the body's SHA-256
  std::string certificate;  ///< `X-DIP-Signature-Certificate`: base64 of PEM, the signer's and then its authorities'
};

/// What was signed, and who must have.
struct signed_request {
  std::string_view method;
  std::string_view url; ///< whole, as its sender calls it
  std::string_view body;
  peer_identity peer; ///< of the connection
};

/// Who has signed a text, where the certificate is believed and the signature (RSA-SHA256, bytes) is its key's. Error:
/// why not.
using signer_function =
  std::function<result<peer_identity>(const std::string& pem, std::string_view text, std::string_view signature)>;

/// `METHOD;url;date;hash` with the URL in lower case (domain notes, 6): what is signed.
std::string signed_text(std::string_view method, std::string_view url, std::string_view date,
                        std::string_view content_hash);

/// Seconds since the epoch of a signature's date, `2026-06-16T02:15:00.123Z`: fractions are optional and ignored, the
/// offset is `Z` or `+00:00`. Nothing for any other text.
std::optional<std::int64_t> parse_signature_date(std::string_view text) noexcept;

/// Whether the body is what the peer has signed, for this method and URL and not more than `window_s` before or after
/// `now_s`. Looks at no more of the body than its hash. Error: why not, in words of our own.
result<void> check_signature(const signed_request& request, const signature_fields& fields, std::int64_t now_s,
                             std::int64_t window_s, const signer_function& signer);

} // namespace gridtwin
