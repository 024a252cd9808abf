#include "src/client/tls_files.hpp"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

namespace gridtwin {

namespace {

namespace ssl = boost::asio::ssl;
using error_code = boost::system::error_code;

/// Certificates between a peer's and the authority.
constexpr int chain_depth = 4;
/// A peer's chain of certificates may be so long, in bytes.
constexpr long chain_bytes = 64L << 10;

} // namespace

result<std::shared_ptr<ssl::context>> tls_from_files(tls_side side, const std::string& certificate,
                                                     const std::string& key, const std::string& trust) {
  auto context =
    std::make_shared<ssl::context>(side == tls_side::client ? ssl::context::tls_client : ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(raw, chain_bytes);
  SSL_CTX_set_verify_depth(raw, chain_depth);
  error_code failure;
  const auto unusable = [&failure](const std::string& file, const char* what) {
    return error{errc::unreadable_input, file + " is not " + what + " (" + failure.message() + ")"};
  };
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, failure);
  if (context->load_verify_file(trust, failure); failure)
    return unusable(trust, "a PEM file of certificates to trust");
  if (context->use_certificate_chain_file(certificate, failure); failure)
    return unusable(certificate, "a PEM file of a certificate");
  if (context->use_private_key_file(key, ssl::context::pem, failure); failure)
    return unusable(key, "the PEM file of that certificate's key");
  return context;
}

} // namespace gridtwin
