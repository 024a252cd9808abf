#include "src/security/tls_context.hpp"

#include "src/security/pem_files.hpp"

#include <openssl/err.h>

#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr const char* suites_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr std::string_view session_context = "gridtwin";

error openssl_failed(const char* what) { return {errc::usage, std::string(what) + ": " + openssl_complaint()}; }

struct kept_refusal {
  std::string why;
  std::string claim;
};

// What OpenSSL keeps for us: trust as long as its SSL_CTX, the reason of a refusal as long as its SSL.
void forget_trust(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::shared_ptr<const peer_trust>*>(held);
}
void forget_refusal(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<kept_refusal*>(held); }

int trust_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, forget_trust);
  return slot;
}
int refusal_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, forget_refusal);
  return slot;
}

void keep_refusal(SSL* connection, const std::string& why, const X509* peer) {
  const auto claimed = peer != nullptr ? identity_of(peer) : result<peer_identity>(error{});
  auto kept = std::make_unique<kept_refusal>(kept_refusal{why, claimed ? to_string(*claimed) : std::string()});
  std::unique_ptr<kept_refusal> before(static_cast<kept_refusal*>(SSL_get_ex_data(connection, refusal_slot())));
  if (SSL_set_ex_data(connection, refusal_slot(), kept.get()) == 1)
    static_cast<void>(kept.release());
  else
    static_cast<void>(before.release()); // it stays where it was
}

extern "C" int check_peer(X509_STORE_CTX* chain, void* trust) {
  const auto believed = static_cast<const peer_trust*>(trust)->check(chain);
  if (believed)
    return 1;
  // What OpenSSL found it tells the peer by its own alert, the rest as a failed handshake.
  if (X509_STORE_CTX_get_error(chain) == X509_V_OK)
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  auto* const connection = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (connection != nullptr)
    keep_refusal(connection, believed.failure().message, X509_STORE_CTX_get0_cert(chain));
  return 0;
}

bool limit_protocol(SSL_CTX* context, const tls_options& options) {
  SSL_CTX_set_security_level(context, security_level);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION
                                 | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, longest_peer_chain_bytes);
  const int least = options.also_tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
  return SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_min_proto_version(context, least) == 1
         && SSL_CTX_set_cipher_list(context, suites_1_2) == 1 && SSL_CTX_set1_groups_list(context, groups) == 1
         && SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(session_context.data()),
                                           session_context.size())
              == 1;
}

/// That a certificate of our own could not be believed by anybody is better said now than at each connection.
result<void> check_own(X509* own, const std::string& path, bool as_server, std::int64_t now_s) {
  const std::uint32_t wanted = as_server ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
  if ((X509_get_extension_flags(own) & EXFLAG_XKUSAGE) == 0 || (X509_get_extended_key_usage(own) & wanted) == 0)
    return unusable(path, std::string("the certificate's extended key usage has no ")
                            + (as_server ? "serverAuth" : "clientAuth"));
  auto now = static_cast<time_t>(now_s);
  if (X509_cmp_time(X509_get0_notAfter(own), &now) <= 0)
    return unusable(path, "the certificate has expired; renew it");
  if (X509_cmp_time(X509_get0_notBefore(own), &now) >= 0)
    return unusable(path, "the certificate is not valid yet: is this machine's clock right?");
  return {};
}

result<void> use_own(SSL_CTX* context, const tls_options& options, std::int64_t now_s) {
  const auto chain = read_certificates(options.certificate);
  if (!chain)
    return chain.failure();
  const auto key = read_private_key(options.key);
  if (!key)
    return key.failure();
  const bool as_server = options.side == tls_role::listener;
  if (const auto good = check_own(chain->front().get(), options.certificate, as_server, now_s); !good)
    return good;
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1)
    return unusable(options.certificate, openssl_complaint());
  for (std::size_t i = 1; i < chain->size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1)
      return unusable(options.certificate, openssl_complaint());
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return unusable(options.key, "is not the key of " + options.certificate + ": " + openssl_complaint());
  return {};
}

/// Peers must show a certificate, which `trust` believes or not.
bool require_peers(SSL_CTX* context, const std::shared_ptr<const peer_trust>& trust) {
  if (SSL_CTX_set1_cert_store(context, trust->store()); SSL_CTX_get_cert_store(context) != trust->store())
    return false;
  auto held = std::make_unique<std::shared_ptr<const peer_trust>>(trust);
  if (SSL_CTX_set_ex_data(context, trust_slot(), held.get()) != 1)
    return false;
  static_cast<void>(held.release());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // The context lives no longer than what it holds.
  SSL_CTX_set_cert_verify_callback(context, check_peer, const_cast<peer_trust*>(trust.get()));
  STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();
  SSL_CTX_set0_CA_list(context, names); // gives it back with the context
  for (const X509_NAME* name : trust->root_names()) {
    openssl_ptr<X509_NAME> copy(X509_NAME_dup(name));
    if (copy == nullptr || sk_X509_NAME_push(names, copy.get()) == 0)
      return false;
    static_cast<void>(copy.release());
  }
  return true;
}

} // namespace

struct tls_context::generation {
  std::shared_ptr<const peer_trust> trust;
  std::shared_ptr<SSL_CTX> context;
};

result<std::unique_ptr<tls_context>> tls_context::open(tls_options options, wall_clock now) {
  std::unique_ptr<tls_context> out(new tls_context(std::move(options), std::move(now)));
  if (const auto loaded = out->reload(); !loaded)
    return loaded.failure();
  return out;
}

result<std::shared_ptr<const tls_context::generation>> tls_context::load() const {
  const bool listens = options_.side == tls_role::listener;
  generation out;
  auto trust = peer_trust::load(options_.planes, {!listens, options_.server_name, options_.admits}, now_);
  if (!trust)
    return trust.failure();
  out.trust = std::move(*trust);
  out.context.reset(SSL_CTX_new(listens ? TLS_server_method() : TLS_client_method()), SSL_CTX_free);
  if (out.context == nullptr || !limit_protocol(out.context.get(), options_))
    return openssl_failed("OpenSSL does not set up TLS");
  if (const auto own = use_own(out.context.get(), options_, now_()); !own)
    return own.failure();
  if (!require_peers(out.context.get(), out.trust))
    return openssl_failed("OpenSSL does not set up the check of peers");
  return std::make_shared<const generation>(std::move(out));
}

result<std::shared_ptr<const tls_context::generation>> tls_context::prepare() const {
  auto loaded = load();
  if (!loaded)
    return loaded;
  if (const auto before = newest())
    if (const auto follows = (*loaded)->trust->follows(*before->trust); !follows)
      return follows.failure();
  return loaded;
}

void tls_context::put_in_force(std::shared_ptr<const generation> prepared) {
  const std::lock_guard lock(mutex_);
  newest_.swap(prepared);
}

result<void> tls_context::reload() {
  const std::lock_guard one_at_a_time(reloading_);
  auto prepared = prepare();
  if (!prepared)
    return prepared.failure();
  put_in_force(std::move(*prepared));
  return {};
}

std::vector<std::string> files_of(const tls_options& options) {
  std::vector<std::string> out{options.certificate, options.key};
  for (const trusted_plane& one : options.planes) {
    out.insert(out.end(), one.authorities.begin(), one.authorities.end());
    out.insert(out.end(), one.revocations.begin(), one.revocations.end());
  }
  return out;
}

std::shared_ptr<const tls_context::generation> tls_context::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

std::shared_ptr<SSL_CTX> tls_context::current() const { return newest()->context; }

openssl_ptr<SSL> tls_context::new_connection() const {
  openssl_ptr<SSL> out(SSL_new(current().get()));
  if (out == nullptr)
    return out;
  if (options_.side == tls_role::listener) {
    SSL_set_accept_state(out.get());
    return out;
  }
  if (!is_address(options_.server_name))
    SSL_set_tlsext_host_name(out.get(), options_.server_name.c_str());
  SSL_set_connect_state(out.get());
  return out;
}

result<void> tls_context::still_valid(const SSL* connection) const {
  X509* const peer = SSL_get0_peer_certificate(connection);
  if (peer == nullptr)
    return error{errc::usage, "the connection has no peer's certificate"};
  return still_valid(peer, SSL_get_peer_cert_chain(connection));
}

result<void> tls_context::still_valid(X509* peer, STACK_OF(X509) * sent) const {
  return newest()->trust->check(peer, sent);
}

result<peer_identity> peer_of(const SSL* connection) {
  const X509* const peer = SSL_get0_peer_certificate(connection);
  if (SSL_is_init_finished(connection) == 0 || peer == nullptr || SSL_get_verify_result(connection) != X509_V_OK)
    return error{errc::usage, "the connection has no peer that was believed"};
  return identity_of(peer);
}

std::string refusal_of(const SSL* connection) {
  const auto* const kept = static_cast<const kept_refusal*>(SSL_get_ex_data(connection, refusal_slot()));
  return kept != nullptr ? kept->why : std::string();
}

std::string claim_of(const SSL* connection) {
  const auto* const kept = static_cast<const kept_refusal*>(SSL_get_ex_data(connection, refusal_slot()));
  return kept != nullptr ? kept->claim : std::string();
}

} // namespace gridtwin
