// The certificate matrix of the threat model, section 2.3: 6 cases to accept, 21 to refuse, each against a listener.
// The clients are OpenSSL as anybody may set it up, without the checks that the program's own would make.

#include "tests/support/tls_fixture.hpp"

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr const char* head_end = "urn:gridtwin:device:head-end-1";

/// The reason is part of the case: a peer that is refused for another one shows nothing.
void check_refused(const handshake& met, std::string_view reason) {
  CHECK(!met.accepted);
  CHECK(!met.connected);
  CAPTURE(met.refusal);
  CHECK(met.refusal.find(reason) != std::string::npos);
  CHECK(!peer_of(met.listener.get()));
}

void check_accepted(const handshake& met, int version = TLS1_3_VERSION) {
  CAPTURE(met.refusal);
  CAPTURE(met.client_refusal);
  REQUIRE(met.accepted);
  CHECK(met.connected);
  CHECK(SSL_version(met.listener.get()) == version);
  CHECK(SSL_session_reused(met.listener.get()) == 0);
  const auto peer = peer_of(met.listener.get());
  REQUIRE(peer);
  CHECK(to_string(*peer) == head_end);
}

/// Refused in the handshake, and of a connected peer (as if it had become so since).
void check_refused_everywhere(const tls_fixture& f, const test_certificate& own, std::string_view reason,
                              std::vector<const X509*> chain = {}) {
  const auto listener = f.open(f.listener_options());
  if (chain.empty())
    chain.push_back(f.planes.at(trust_plane::devices).intermediate.certificate.get());
  check_refused(f.meet(*listener, tls_fixture::foreign_client(&own, chain).get()), reason);
  STACK_OF(X509)* const sent = sk_X509_new_null();
  for (const X509* one : chain)
    sk_X509_push(sent, const_cast<X509*>(one));
  const auto now = listener->still_valid(own.certificate.get(), sent);
  sk_X509_free(sent);
  REQUIRE(!now);
  CAPTURE(now.failure().message);
  CHECK(now.failure().message.find(reason) != std::string::npos);
}

certificate_wish named(const std::string& der) {
  certificate_wish out;
  out.names = der;
  return out;
}

} // namespace

TEST_CASE_FIXTURE(tls_fixture, "P7 accept 1, SE-01: valid, TLS 1.3") {
  const test_certificate own = issue({});
  check_accepted(meet(*open(listener_options()), client_with(own).get()));
}

TEST_CASE_FIXTURE(tls_fixture, "P7 accept 2: valid, TLS 1.2 where it is allowed, and only there") {
  const test_certificate own = issue({});
  const auto client = client_with(own);
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  tls_options options = listener_options();
  check_refused(meet(*open(options), client.get()), "unsupported protocol");
  options.also_tls_1_2 = true;
  const auto listener = open(options);
  check_accepted(meet(*listener, client.get()), TLS1_2_VERSION);
  // Without forward secrecy, or without authenticated encryption, it is not.
  for (const char* suite : {"AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA"}) {
    REQUIRE(SSL_CTX_set_cipher_list(client.get(), suite) == 1);
    check_refused(meet(*listener, client.get()), "no shared cipher");
  }
}

TEST_CASE_FIXTURE(tls_fixture, "P7 accept 3: valid through an intermediate authority, which the peer must send") {
  const test_certificate own = issue({});
  const auto listener = open(listener_options());
  const handshake met = meet(*listener, client_with(own).get());
  check_accepted(met);
  CHECK(sk_X509_num(SSL_get0_verified_chain(met.listener.get())) == 3);
  check_refused(meet(*listener, foreign_client(&own, {}).get()), "unable to get");
}

TEST_CASE_FIXTURE(tls_fixture,
                  "P7 accept 4 and 5, T32: the new and the old authority, while they stand beside each other") {
  const test_certificate old_peer = issue({});
  const test_certificate new_root = make_authority("devices root of next year", nullptr);
  const test_certificate new_peer = make_certificate({}, &new_root);
  const auto listener = open(listener_options());
  check_refused(meet(*listener, foreign_client(&new_peer, {}).get()), "unable to get");
  // One file holds both, as the one that is being replaced does.
  folder.write("devices.pem", pem_of(planes.at(trust_plane::devices).root) + pem_of(new_root));
  folder.write("devices.crl", read_file(path("devices.crl")) + make_revocations(new_root, 1));
  REQUIRE(listener->reload());
  check_accepted(meet(*listener, foreign_client(&new_peer, {}).get()));
  check_accepted(meet(*listener, client_with(old_peer).get()));
  folder.write("devices.pem", pem_of(new_root));
  REQUIRE(listener->reload());
  check_accepted(meet(*listener, foreign_client(&new_peer, {}).get()));
  check_refused(meet(*listener, client_with(old_peer).get()), "unable to get");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 accept 6, T32: renewed with the same key") {
  certificate_wish first;
  EVP_PKEY_up_ref(first.key.get());
  certificate_wish second;
  second.key.reset(first.key.get());
  second.until_s = test_now_s + 300 * one_day_s;
  const test_certificate before = issue(std::move(first));
  const test_certificate after = issue(std::move(second));
  REQUIRE(EVP_PKEY_eq(before.key.get(), after.key.get()) == 1);
  const auto listener = open(listener_options());
  check_accepted(meet(*listener, client_with(before).get()));
  check_accepted(meet(*listener, client_with(after).get()));
  // To take the first one back does not touch the second.
  revoke(trust_plane::devices, 2, {&before});
  REQUIRE(listener->reload());
  check_accepted(meet(*listener, client_with(after).get()));
  check_refused(meet(*listener, client_with(before).get()), "revoked");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 1: no certificate") {
  tls_options options = listener_options();
  options.also_tls_1_2 = true;
  const auto listener = open(options);
  const auto client = foreign_client(nullptr, {});
  check_refused(meet(*listener, client.get()), "peer did not return a certificate");
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  check_refused(meet(*listener, client.get()), "peer did not return a certificate");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 2, SE-01: signed by itself") {
  const test_certificate own = make_certificate({}, nullptr);
  check_refused(meet(*open(listener_options()), foreign_client(&own, {}).get()), "self-signed certificate");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 3: of an authority that nobody trusts, though it has the names of ours") {
  const test_certificate root = make_authority("devices root", nullptr);
  const test_certificate intermediate = make_authority("devices issuing", &root);
  const test_certificate own = make_certificate({}, &intermediate);
  const auto listener = open(listener_options());
  check_refused(meet(*listener, foreign_client(&own, {intermediate.certificate.get()}).get()), "unable to get");
  check_refused(meet(*listener, foreign_client(&own, {intermediate.certificate.get(), root.certificate.get()}).get()),
                "self-signed certificate in certificate chain");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 4, T6: of another plane, every plane at every listener") {
  const std::map<trust_plane, std::string> own_kind{{trust_plane::devices, head_end},
                                                    {trust_plane::services, "urn:gridtwin:service:settlement:s"},
                                                    {trust_plane::operators, "urn:gridtwin:operator:ann"}};
  for (const trust_plane listening : all_planes)
    for (const trust_plane vouching : all_planes)
      for (const trust_plane kind : all_planes) {
        CAPTURE(name_of(listening));
        CAPTURE(name_of(vouching));
        CAPTURE(own_kind.at(kind));
        const test_certificate own = issue(named(uri_der(own_kind.at(kind))), vouching);
        const auto apart = open(listener_options({listening}));
        CHECK(meet(*apart, client_with(own, vouching).get()).accepted == (listening == vouching && vouching == kind));
        // A listener that trusts all of them: what an authority may not vouch for, it does not.
        const handshake met =
          meet(*open(listener_options({all_planes.begin(), all_planes.end()})), client_with(own, vouching).get());
        CHECK(met.accepted == (vouching == kind));
        if (vouching != kind)
          check_refused(met, "was given by an authority of " + std::string(name_of(vouching)));
      }
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 5, SE-01: expired") {
  certificate_wish wish;
  wish.until_s = test_now_s - 1;
  check_refused_everywhere(*this, issue(std::move(wish)), "certificate has expired");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 6: not valid yet") {
  certificate_wish wish;
  wish.from_s = test_now_s + 1;
  check_refused_everywhere(*this, issue(std::move(wish)), "not yet valid");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 7: revoked") {
  const test_certificate own = issue({});
  revoke(trust_plane::devices, 2, {&own});
  check_refused_everywhere(*this, own, "certificate revoked");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 8: its intermediate authority is revoked") {
  const test_certificate own = issue({});
  revoke(trust_plane::devices, 2, {}, {&planes.at(trust_plane::devices).intermediate});
  check_refused_everywhere(*this, own, "certificate revoked (at depth 1");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 9: no extended key usage") {
  certificate_wish wish;
  wish.extended_use.clear();
  check_refused_everywhere(*this, issue(std::move(wish)), "no clientAuth");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 10: another extended key usage") {
  for (const char* use : {"serverAuth", "codeSigning", "anyExtendedKeyUsage"}) {
    CAPTURE(use);
    certificate_wish wish;
    wish.extended_use = use;
    check_refused_everywhere(*this, issue(std::move(wish)), "unsuitable certificate purpose");
  }
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 11: names another peer, or another node") {
  tls_options options = listener_options();
  options.admits = [](const peer_identity& peer) -> result<void> {
    if (to_string(peer) == head_end)
      return {};
    return error{errc::usage, to_string(peer) + " is not admitted here"};
  };
  const auto listener = open(options);
  const test_certificate own = issue({});
  check_accepted(meet(*listener, client_with(own).get()));
  const test_certificate other = issue(named(uri_der("urn:gridtwin:device:head-end-2")));
  check_refused(meet(*listener, client_with(other).get()), "urn:gridtwin:device:head-end-2 is not admitted");
  // And of a server, as our client sees it.
  write_own("client", own, {&planes.at(trust_plane::devices).intermediate});
  tls_options calling;
  calling.side = tls_role::client;
  calling.certificate = path("client.pem");
  calling.key = path("client.key");
  calling.planes = {files_of(trust_plane::services)};
  calling.server_name = "node.example";
  check_accepted(shake_hands(listener->new_connection(), open(calling)->new_connection()));
  calling.server_name = "other.example";
  const handshake met = shake_hands(listener->new_connection(), open(calling)->new_connection());
  CHECK(!met.connected);
  CHECK(met.client_refusal.find("hostname mismatch") != std::string::npos);
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 12: a common name and no alternative names") {
  certificate_wish wish = named("");
  wish.subject = head_end;
  check_refused_everywhere(*this, issue(std::move(wish)), "no alternative names");
  check_refused_everywhere(*this, issue(named(names_der({{0x82, "head-end-1"}}))), "no URI");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 13: a wildcard among its names") {
  check_refused_everywhere(*this, issue(named(uri_der("urn:gridtwin:device:*"))), "wildcard");
  check_refused_everywhere(*this, issue(named(names_der({{0x86, head_end}, {0x82, "*.example"}}))), "wildcard");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 14: a zero byte in its names") {
  using namespace std::string_literals;
  check_refused_everywhere(*this, issue(named(uri_der(head_end + "\0.example"s))), "zero byte");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 15: RSA of 1024 bits, and EC below P-256") {
  certificate_wish small;
  small.key.reset(EVP_RSA_gen(1024));
  check_refused_everywhere(*this, issue(std::move(small)), "key too weak");
  certificate_wish curve;
  curve.key.reset(EVP_EC_gen("P-224"));
  const test_certificate own = issue(std::move(curve));
  const auto listener = open(listener_options());
  CHECK(!meet(*listener, client_with(own).get()).accepted);
  STACK_OF(X509)* const sent = sk_X509_new_null();
  sk_X509_push(sent, planes.at(trust_plane::devices).intermediate.certificate.get());
  const auto now = listener->still_valid(own.certificate.get(), sent);
  sk_X509_free(sent);
  REQUIRE(!now);
  CHECK(now.failure().message.find("too weak") != std::string::npos);
  certificate_wish large;
  large.key.reset(EVP_RSA_gen(2048));
  check_accepted(meet(*listener, client_with(issue(std::move(large))).get()));
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 16: signed with SHA-1") {
  certificate_wish wish;
  wish.hash = EVP_sha1();
  check_refused_everywhere(*this, issue(std::move(wish)), "signature digest algorithm too weak");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 17: a path longer than its authority allows, or than we do") {
  // The issuing authority may make no authorities.
  const authorities& of = planes.at(trust_plane::devices);
  const test_certificate under = make_authority("one more", &of.intermediate);
  folder.write("devices.crl", read_file(path("devices.crl")) + make_revocations(under, 1));
  const test_certificate own = make_certificate({}, &under);
  check_refused_everywhere(*this, own, "path length constraint exceeded",
                           {under.certificate.get(), of.intermediate.certificate.get()});
  // Three that may.
  std::vector<test_certificate> line;
  for (int i = 0; i < 3; ++i) {
    line.push_back(make_authority("step " + std::to_string(i), i == 0 ? &of.root : &line.back()));
    folder.write("devices.crl", read_file(path("devices.crl")) + make_revocations(line.back(), 1));
  }
  const test_certificate two = make_certificate({}, &line[1]);
  check_accepted(meet(*open(listener_options()),
                      foreign_client(&two, {line[1].certificate.get(), line[0].certificate.get()}).get()));
  const test_certificate three = make_certificate({}, &line[2]);
  check_refused_everywhere(*this, three, "certificate chain too long",
                           {line[2].certificate.get(), line[1].certificate.get(), line[0].certificate.get()});
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 18, T10: a chain of 1 MB") {
  const test_certificate own = issue({});
  certificate_wish wish;
  for (int i = 0; i < 16; ++i)
    wish.names += uri_der("urn:padding:" + std::string(60'000, 'x'));
  const test_certificate padding = make_certificate(std::move(wish), nullptr);
  REQUIRE(pem_of(padding).size() > 1'000'000);
  check_refused(meet(*open(listener_options()),
                     foreign_client(&own, {planes.at(trust_plane::devices).intermediate.certificate.get(),
                                           padding.certificate.get()})
                       .get()),
                "excessive message size");
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 19: TLS 1.0 and 1.1") {
  const test_certificate own = issue({});
  const auto client = client_with(own);
  tls_options options = listener_options();
  options.also_tls_1_2 = true;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    REQUIRE(SSL_CTX_set_min_proto_version(client.get(), version) == 1);
    REQUIRE(SSL_CTX_set_max_proto_version(client.get(), version) == 1);
    check_refused(meet(*open(options), client.get()), "unsupported protocol");
    check_refused(meet(*open(listener_options()), client.get()), "unsupported protocol");
  }
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 20: suites that prove or hide nothing") {
  const test_certificate own = issue({});
  tls_options options = listener_options();
  options.also_tls_1_2 = true;
  const auto listener = open(options);
  for (const char* suites : {"aNULL", "eNULL", "AECDH-AES256-SHA", "ADH-AES256-GCM-SHA384"}) {
    CAPTURE(suites);
    const auto client = client_with(own);
    REQUIRE(SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION) == 1);
    REQUIRE(SSL_CTX_set_cipher_list(client.get(), suites) == 1);
    check_refused(meet(*listener, client.get()), "no shared cipher");
  }
}

TEST_CASE_FIXTURE(tls_fixture, "P7 refuse 21, T31: resumed after it was revoked; and nothing is resumed at all") {
  const test_certificate own = issue({});
  tls_options options = listener_options();
  options.also_tls_1_2 = true;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto listener = open(options);
    const auto client = client_with(own);
    SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT);
    REQUIRE(SSL_CTX_set_max_proto_version(client.get(), version) == 1);
    const auto again = [&](SSL_SESSION* session) {
      openssl_ptr<SSL> connecting(SSL_new(client.get()));
      SSL_set_session(connecting.get(), session);
      SSL_set_connect_state(connecting.get());
      return shake_hands(listener->new_connection(), std::move(connecting));
    };
    const handshake first = meet(*listener, client.get());
    check_accepted(first, version);
    SSL_SESSION* const session = SSL_get1_session(first.client.get());
    REQUIRE(session != nullptr);
    CHECK(SSL_SESSION_has_ticket(session) == 0);
    const handshake second = again(session);
    check_accepted(second, version);
    CHECK(SSL_session_reused(second.client.get()) == 0);
    revoke(trust_plane::devices, 2, {&own});
    REQUIRE(listener->reload());
    check_refused(again(session), "certificate revoked");
    SSL_SESSION_free(session);
    revoke(trust_plane::devices, 1, {});
  }
}
