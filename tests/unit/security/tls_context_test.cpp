#include "src/security/tls_context.hpp"

#include "tests/support/tls_fixture.hpp"

#include <set>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

void check_failed(const result<void>& found, std::string_view reason) {
  REQUIRE(!found);
  CAPTURE(found.failure().message);
  CHECK(found.failure().message.find(reason) != std::string::npos);
}

void check_not_opened(tls_options options, std::string_view reason) {
  const auto opened = tls_context::open(std::move(options), [] { return test_now_s; });
  REQUIRE(!opened);
  CAPTURE(opened.failure().message);
  CHECK(opened.failure().message.find(reason) != std::string::npos);
}

} // namespace

TEST_CASE_FIXTURE(tls_fixture, "tls_context: T31, a connected peer that is revoked is noticed with the next reload") {
  const test_certificate own = issue({});
  const test_certificate other = issue({});
  const auto listener = open(listener_options());
  const handshake met = meet(*listener, client_with(own).get());
  const handshake beside = meet(*listener, client_with(other).get());
  REQUIRE(met.accepted);
  REQUIRE(beside.accepted);
  CHECK(listener->still_valid(met.listener.get()));
  revoke(trust_plane::devices, 2, {&own});
  CHECK(listener->still_valid(met.listener.get())); // not read yet
  REQUIRE(listener->reload());
  check_failed(listener->still_valid(met.listener.get()), "revoked");
  CHECK(listener->still_valid(beside.listener.get()));
  revoke(trust_plane::devices, 3, {&own}, {&planes.at(trust_plane::devices).intermediate});
  REQUIRE(listener->reload());
  check_failed(listener->still_valid(beside.listener.get()), "revoked");
}

TEST_CASE_FIXTURE(tls_fixture, "tls_context: T31, a connected peer's certificate expires by the clock that is given") {
  certificate_wish wish;
  wish.until_s = test_now_s + 100;
  const test_certificate own = issue(std::move(wish));
  const auto listener = open(listener_options());
  const handshake met = meet(*listener, client_with(own).get());
  REQUIRE(met.accepted);
  now_s += 99;
  CHECK(listener->still_valid(met.listener.get()));
  now_s += 2;
  check_failed(listener->still_valid(met.listener.get()), "expired");
  CHECK(!meet(*listener, client_with(own).get()).accepted);
}

TEST_CASE_FIXTURE(tls_fixture, "tls_context: T31, a connected peer that is admitted no more is noticed") {
  const test_certificate own = issue({});
  std::set<std::string> admitted{"head-end-1"};
  tls_options options = listener_options();
  options.admits = [&admitted](const peer_identity& peer) -> result<void> {
    return admitted.contains(peer.name) ? result<void>() : error{errc::usage, "not admitted"};
  };
  const auto listener = open(options);
  const handshake met = meet(*listener, client_with(own).get());
  REQUIRE(met.accepted);
  CHECK(listener->still_valid(met.listener.get()));
  admitted.clear();
  check_failed(listener->still_valid(met.listener.get()), "not admitted");
}

TEST_CASE_FIXTURE(tls_fixture,
                  "tls_context: P19, where a revocation list is out of date or missing nobody is believed") {
  const test_certificate own = issue({});
  const auto listener = open(listener_options());
  const handshake met = meet(*listener, client_with(own).get());
  REQUIRE(met.accepted);
  now_s += 8 * one_day_s; // lists hold for seven days
  const handshake late = meet(*listener, client_with(own).get());
  CHECK(!late.accepted);
  CHECK(late.refusal.find("CRL has expired") != std::string::npos);
  check_failed(listener->still_valid(met.listener.get()), "CRL has expired");
  now_s = test_now_s;
  const authorities& of = planes.at(trust_plane::devices);
  folder.write("devices.crl", make_revocations(of.root, 2));
  REQUIRE(listener->reload());
  check_failed(listener->still_valid(met.listener.get()), "unable to get certificate CRL");
  // A list that somebody else has signed in the authority's name is none.
  const test_certificate forger = make_authority("devices issuing", nullptr);
  folder.write("devices.crl", make_revocations(of.root, 3) + make_revocations(forger, 3));
  REQUIRE(listener->reload());
  CHECK(!listener->still_valid(met.listener.get()));
}

TEST_CASE_FIXTURE(tls_fixture,
                  "tls_context: T32, whatever file is broken, a reload says which and all stays as it was") {
  const test_certificate own = issue({});
  const auto listener = open(listener_options());
  const auto works = [&] { return meet(*listener, client_with(own).get()).accepted; };
  REQUIRE(works());
  const auto before = listener->current();
  for (const std::string name : {"node.pem", "node.key", "devices.pem", "devices.crl"}) {
    CAPTURE(name);
    const std::string whole = read_file(path(name));
    std::vector<std::string> broken{"", "nonsense", whole + whole.substr(0, 100), std::string(200, '\0')};
    for (std::size_t at = 0; (at = whole.find("-----", at)) != std::string::npos; at += 5) {
      broken.push_back(whole.substr(0, at + 2)); // in a mark: of begin, of end, or behind either of them
      if (whole.substr(at).starts_with("-----END"))
        broken.push_back(whole.substr(0, at - 20)); // in the body
    }
    std::string flipped = whole;
    flipped[whole.find("-----END") - 30] = '!';
    broken.push_back(flipped);
    for (const std::string& text : broken) {
      write_file(path(name), text);
      const auto loaded = listener->reload();
      CAPTURE(text);
      REQUIRE(!loaded);
      CHECK(loaded.failure().code == errc::unreadable_input);
      CHECK(loaded.failure().message.find(path(name)) != std::string::npos);
      CHECK(listener->current() == before);
      CHECK(works());
    }
    std::filesystem::remove(path(name));
    check_failed(listener->reload(), path(name));
    CHECK(works());
    folder.write(name, whole);
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  REQUIRE(listener->reload());
  CHECK(listener->current() != before);
  CHECK(works());
}

TEST_CASE_FIXTURE(tls_fixture, "tls_context: T32, keys and authorities change under connections that go on") {
  const test_certificate own = issue({});
  const auto listener = open(listener_options());
  std::vector<handshake> connected;
  for (int i = 0; i < 20; ++i) {
    certificate_wish wish;
    wish.names = names_der({{0x82, "node.example"}});
    wish.extended_use = "serverAuth";
    node = issue(std::move(wish), trust_plane::services);
    write_own("node", node, {&planes.at(trust_plane::services).intermediate});
    REQUIRE(listener->reload());
    connected.push_back(meet(*listener, client_with(own).get()));
    REQUIRE(connected.back().accepted);
    CHECK(X509_cmp(SSL_get0_peer_certificate(connected.back().client.get()), node.certificate.get()) == 0);
    for (const handshake& one : connected) {
      CHECK(listener->still_valid(one.listener.get()));
      CHECK(SSL_write(one.client.get(), "x", 1) == 1);
      char got = 0;
      CHECK(SSL_read(one.listener.get(), &got, 1) == 1);
    }
  }
}

TEST_CASE_FIXTURE(tls_fixture, "tls_context: an older revocation list does not take the place of a newer one") {
  const test_certificate own = issue({});
  revoke(trust_plane::devices, 5, {&own});
  const auto listener = open(listener_options());
  CHECK(!meet(*listener, client_with(own).get()).accepted);
  revoke(trust_plane::devices, 4, {});
  check_failed(listener->reload(), "older than the one in force");
  CHECK(!meet(*listener, client_with(own).get()).accepted);
  revoke(trust_plane::devices, 6, {});
  REQUIRE(listener->reload());
  CHECK(meet(*listener, client_with(own).get()).accepted);
}

TEST_CASE_FIXTURE(tls_fixture, "tls_context: what cannot be trusted is refused when it is opened") {
  tls_options options = listener_options();
  options.planes.clear();
  check_not_opened(options, "no plane is trusted");
  options = listener_options();
  options.planes.front().revocations.clear();
  check_not_opened(options, "has no file of revocation lists");
  options = listener_options();
  options.planes.front().revocations = {path("services.crl")};
  check_not_opened(options, "has no revocation list that it has signed");
  options = listener_options({trust_plane::devices, trust_plane::services});
  options.planes.back().authorities = options.planes.front().authorities;
  check_not_opened(options, "another plane");
  folder.write("intermediate.pem", pem_of(planes.at(trust_plane::devices).intermediate));
  options = listener_options();
  options.planes.front().authorities = {path("intermediate.pem")};
  check_not_opened(options, "is no root");
  certificate_wish small;
  small.authority = true;
  small.key.reset(EVP_RSA_gen(1024));
  const test_certificate weak = make_certificate(std::move(small), nullptr);
  folder.write("weak.pem", pem_of(weak));
  options.planes.front().authorities = {path("weak.pem")};
  check_not_opened(options, "too weak a key");
}

TEST_CASE_FIXTURE(tls_fixture,
                  "tls_context: a certificate of our own that nobody would believe is refused when it is opened") {
  const auto try_own = [&](certificate_wish wish, std::string_view reason) {
    const test_certificate own = issue(std::move(wish), trust_plane::services);
    write_own("node", own, {&planes.at(trust_plane::services).intermediate});
    check_not_opened(listener_options(), reason);
  };
  try_own({}, "no serverAuth");
  certificate_wish expired;
  expired.extended_use = "serverAuth";
  expired.until_s = test_now_s - 1;
  try_own(std::move(expired), "has expired");
  certificate_wish early;
  early.extended_use = "serverAuth";
  early.from_s = test_now_s + 1;
  try_own(std::move(early), "not valid yet");
  certificate_wish small;
  small.extended_use = "serverAuth";
  small.key.reset(EVP_RSA_gen(1024));
  try_own(std::move(small), "key too small");
  write_own("node", node, {&planes.at(trust_plane::services).intermediate});
  tls_options options = listener_options();
  folder.write("other.key", pem_of_key(planes.at(trust_plane::services).root));
  std::filesystem::permissions(path("other.key"), std::filesystem::perms::owner_read);
  options.key = path("other.key");
  check_not_opened(options, "is not the key of");
  std::filesystem::permissions(path("node.key"), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  check_not_opened(listener_options(), "chmod 600");
}

TEST_CASE_FIXTURE(tls_fixture,
                  "tls_context: a client believes a server of the services' plane by its host's name alone") {
  const test_certificate own = issue({});
  write_own("client", own, {&planes.at(trust_plane::devices).intermediate});
  const auto listener = open(listener_options());
  tls_options calling;
  calling.side = tls_role::client;
  calling.certificate = path("client.pem");
  calling.key = path("client.key");
  calling.planes = {files_of(trust_plane::services)};
  const auto call = [&](const std::string& name) {
    calling.server_name = name;
    return shake_hands(listener->new_connection(), open(calling)->new_connection());
  };
  const auto serve = [&](const std::string& names, const std::string& use, trust_plane plane,
                         const std::string& subject) {
    certificate_wish wish;
    wish.names = names;
    wish.extended_use = use;
    wish.subject = subject;
    node = issue(std::move(wish), plane);
    write_own("node", node, {&planes.at(plane).intermediate});
    REQUIRE(listener->reload());
  };
  CHECK(call("node.example").connected);
  CHECK(!call("127.0.0.1").connected);
  serve(names_der({{0x87, std::string("\x7F\x00\x00\x01", 4)}}), "serverAuth", trust_plane::services, "node");
  CHECK(call("127.0.0.1").connected);
  CHECK(!call("node.example").connected);
  serve(names_der({{0x82, "*.example"}}), "serverAuth", trust_plane::services, "node");
  CHECK(!call("node.example").connected);
  serve(names_der({{0x82, "other.example"}}), "serverAuth", trust_plane::services, "node.example");
  CHECK(!call("node.example").connected);
  serve(names_der({{0x82, "node.example"}}), "serverAuth", trust_plane::devices, "node");
  CHECK(!call("node.example").connected);
  serve(names_der({{0x82, "node.example"}}), "serverAuth", trust_plane::services, "node");
  CHECK(call("node.example").connected);
  revoke(trust_plane::services, 2, {&node});
  const handshake met = call("node.example");
  CHECK(!met.connected);
  CHECK(met.client_refusal.find("revoked") != std::string::npos);
  calling.server_name.clear();
  CHECK(!shake_hands(listener->new_connection(), open(calling)->new_connection()).connected);
}

TEST_CASE_FIXTURE(tls_fixture, "tls_context: nothing is renegotiated") {
  tls_options options = listener_options();
  options.also_tls_1_2 = true;
  const auto listener = open(options);
  const test_certificate own = issue({});
  const auto client = client_with(own);
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  const handshake met = meet(*listener, client.get());
  REQUIRE(met.accepted);
  REQUIRE(SSL_renegotiate(met.client.get()) == 1);
  SSL_do_handshake(met.client.get());
  char byte = 0;
  CHECK(SSL_read(met.listener.get(), &byte, 1) <= 0);
  CHECK(SSL_read(met.client.get(), &byte, 1) <= 0);
  CHECK(SSL_get_error(met.client.get(), -1) == SSL_ERROR_SSL);
  ERR_clear_error();
}
