#pragma once

#include "src/security/tls_context.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gridtwin::testing {

/// What became of a handshake, as the listener and as the client saw it.
struct handshake {
  openssl_ptr<SSL> listener;
  openssl_ptr<SSL> client;
  bool accepted = false;  ///< by the listener
  bool connected = false; ///< by the client, after it had read what the listener said last
  std::string refusal;    ///< the listener's reason: ours, or OpenSSL's where it did not come to ours
  std::string client_refusal;
};

/// Both ends in memory, until they are done or one of them gives up.
inline handshake shake_hands(openssl_ptr<SSL> listener, openssl_ptr<SSL> client) {
  constexpr std::size_t pipe_bytes = std::size_t{1} << 16;
  constexpr int most_turns = 1000;
  BIO* near = nullptr;
  BIO* far = nullptr;
  REQUIRE(BIO_new_bio_pair(&near, pipe_bytes, &far, pipe_bytes) == 1);
  SSL_set_bio(listener.get(), near, near);
  SSL_set_bio(client.get(), far, far);
  handshake out;
  out.listener = std::move(listener);
  out.client = std::move(client);
  const auto complaint = [] {
    const char* const text = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return std::string(text != nullptr ? text : "");
  };
  const auto turn = [&](SSL* side, bool& done, std::string& why) {
    if (done || !why.empty())
      return;
    ERR_clear_error();
    const int status = SSL_do_handshake(side);
    done = status == 1;
    const int kind = SSL_get_error(side, status);
    if (status != 1 && kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
      why = complaint() + " ";
  };
  for (int i = 0; i < most_turns && !(out.accepted && out.connected); ++i) {
    turn(out.client.get(), out.connected, out.client_refusal);
    turn(out.listener.get(), out.accepted, out.refusal);
  }
  // A client of TLS 1.3 is done before the listener has seen its certificate.
  char byte = 0;
  if (const int got = SSL_read(out.client.get(), &byte, 1); out.connected)
    out.connected = SSL_get_error(out.client.get(), got) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  if (const std::string ours = refusal_of(out.listener.get()); !ours.empty())
    out.refusal = ours;
  if (const std::string ours = refusal_of(out.client.get()); !ours.empty())
    out.client_refusal = ours;
  return out;
}

/// Three planes with a root and an intermediate authority each, a node with a certificate, and a listener for devices.
class tls_fixture {
public:
  struct authorities {
    test_certificate root;
    test_certificate intermediate;
  };

  tls_fixture() {
    for (const trust_plane plane : all_planes) {
      const std::string name(name_of(plane));
      authorities& of = planes.emplace(plane, authorities{}).first->second;
      of.root = make_authority(name + " root", nullptr);
      of.intermediate = make_authority(name + " issuing", &of.root, 0);
      folder.write(name + ".pem", pem_of(of.root));
      revoke(plane, 1, {});
    }
    certificate_wish wish;
    wish.subject = "node";
    wish.names = names_der({{0x82, "node.example"}});
    wish.extended_use = "serverAuth";
    node = make_certificate(std::move(wish), &planes.at(trust_plane::services).intermediate);
    write_own("node", node, {&planes.at(trust_plane::services).intermediate});
  }

  std::string path(const std::string& name) const { return (folder.path() / name).string(); }

  /// NAME.pem with its chain, and NAME.key.
  void write_own(const std::string& name, const test_certificate& own,
                 const std::vector<const test_certificate*>& chain) const {
    std::string text = pem_of(own);
    for (const test_certificate* one : chain)
      text += pem_of(*one);
    folder.write(name + ".pem", text);
    std::filesystem::permissions(folder.write(name + ".key", pem_of_key(own)),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  /// Writes the plane's lists anew.
  void revoke(trust_plane plane, int number, const std::vector<const test_certificate*>& by_intermediate,
              const std::vector<const test_certificate*>& by_root = {}) const {
    const authorities& of = planes.at(plane);
    folder.write(std::string(name_of(plane)) + ".crl", make_revocations(of.root, number, by_root)
                                                         + make_revocations(of.intermediate, number, by_intermediate));
  }

  trusted_plane files_of(trust_plane plane) const {
    const std::string name(name_of(plane));
    return {plane, {path(name + ".pem")}, {path(name + ".crl")}};
  }

  tls_options listener_options(std::vector<trust_plane> admitted = {trust_plane::devices}) const {
    tls_options out;
    out.certificate = path("node.pem");
    out.key = path("node.key");
    for (const trust_plane plane : admitted)
      out.planes.push_back(files_of(plane));
    return out;
  }

  std::unique_ptr<tls_context> open(tls_options options) const {
    auto out = tls_context::open(std::move(options), [this] { return now_s; });
    REQUIRE_MESSAGE(out, (out ? "" : out.failure().message));
    return std::move(*out);
  }

  /// A peer's certificate from the plane's intermediate authority.
  test_certificate issue(certificate_wish wish, trust_plane plane = trust_plane::devices) const {
    return make_certificate(std::move(wish), &planes.at(plane).intermediate);
  }

  /// A client that is not the program's: it believes every server and shows what it is given, with weak keys, too.
  static openssl_ptr<SSL_CTX> foreign_client(const test_certificate* own, const std::vector<const X509*>& chain) {
    openssl_ptr<SSL_CTX> out(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(out.get(), 0);
    SSL_CTX_set_verify(out.get(), SSL_VERIFY_NONE, nullptr);
    if (own == nullptr)
      return out;
    REQUIRE(SSL_CTX_use_certificate(out.get(), own->certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(out.get(), own->key.get()) == 1);
    for (const X509* one : chain)
      REQUIRE(SSL_CTX_add1_chain_cert(out.get(), const_cast<X509*>(one)) == 1);
    return out;
  }

  /// A client with the certificate and its plane's intermediate authority.
  openssl_ptr<SSL_CTX> client_with(const test_certificate& own, trust_plane plane = trust_plane::devices) const {
    return foreign_client(&own, {planes.at(plane).intermediate.certificate.get()});
  }

  static handshake meet(const tls_context& listener, SSL_CTX* client) {
    openssl_ptr<SSL> connecting(SSL_new(client));
    SSL_set_connect_state(connecting.get());
    return shake_hands(listener.new_connection(), std::move(connecting));
  }

  temporary_folder folder;
  std::map<trust_plane, authorities> planes;
  test_certificate node;
  std::int64_t now_s = test_now_s;
};

} // namespace gridtwin::testing
