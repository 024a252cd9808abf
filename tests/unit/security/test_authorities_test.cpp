#include "src/security/test_authorities.hpp"

#include "src/security/pem_files.hpp"
#include "tests/support/tls_fixture.hpp"

#include <algorithm>

using namespace gridtwin;
using gridtwin::testing::handshake;
using gridtwin::testing::temporary_folder;
using gridtwin::testing::test_now_s;

namespace {

/// A set of the program's own, with a node and clients from its files alone.
struct made_set {
  explicit made_set(std::vector<std::string> hosts = {}) {
    const auto made = make_test_authorities({path(""), 30, std::move(hosts)}, test_now_s);
    REQUIRE_MESSAGE(made, (made ? "" : made.failure().message));
    files = *made;
  }

  std::string path(const std::string& name) const { return (folder.path() / "pki" / name).string(); }

  trusted_plane plane(trust_plane one) const {
    const std::string name(name_of(one));
    return {one, {path(name + "/root.pem")}, {path(name + "/revoked.pem")}};
  }

  std::unique_ptr<tls_context> open(tls_options options, const std::string& own) const {
    options.certificate = path(own + ".pem");
    options.key = path(own + ".key");
    auto out = tls_context::open(std::move(options), [this] { return now_s; });
    REQUIRE_MESSAGE(out, (out ? "" : out.failure().message));
    return std::move(*out);
  }

  std::unique_ptr<tls_context> listener(std::vector<trust_plane> admitted = {all_planes.begin(),
                                                                             all_planes.end()}) const {
    tls_options options;
    for (const trust_plane one : admitted)
      options.planes.push_back(plane(one));
    return open(std::move(options), "server");
  }

  std::unique_ptr<tls_context> client(const std::string& own, const std::string& host = "localhost") const {
    tls_options options;
    options.side = tls_role::client;
    options.server_name = host;
    options.planes = {plane(trust_plane::services)};
    return open(std::move(options), own);
  }

  static handshake meet(const tls_context& listener, const tls_context& client) {
    return gridtwin::testing::shake_hands(listener.new_connection(), client.new_connection());
  }

  temporary_folder folder;
  std::vector<std::string> files;
  std::int64_t now_s = test_now_s;
};

const std::vector<std::pair<std::string, std::string>> clients{
  {"head-end-1", "urn:gridtwin:device:head-end-1"},
  {"head-end-2", "urn:gridtwin:device:head-end-2"},
  {"settlement-1", "urn:gridtwin:service:settlement:settlement-1"},
  {"network-operator-1", "urn:gridtwin:service:network-operator:network-operator-1"},
  {"flexibility-1", "urn:gridtwin:service:flexibility:flexibility-1"},
  {"auditor-1", "urn:gridtwin:service:auditor:auditor-1"},
  {"operator-1", "urn:gridtwin:operator:operator-1"}};

} // namespace

TEST_CASE("test_authorities: the set that is made connects each of its clients to its server, as who it is") {
  const made_set set({"node.example", "192.0.2.7"});
  CHECK(set.files.size() == 3 * 5 + 2 * (clients.size() + 1));
  const auto listener = set.listener();
  for (const auto& [name, uri] : clients) {
    CAPTURE(name);
    for (const char* host : {"localhost", "127.0.0.1", "::1", "node.example", "192.0.2.7"}) {
      CAPTURE(host);
      const handshake met = set.meet(*listener, *set.client(name, host));
      REQUIRE_MESSAGE(met.accepted, met.refusal);
      CHECK(met.connected);
      CHECK(to_string(*peer_of(met.listener.get())) == uri);
    }
  }
  CHECK(!set.meet(*listener, *set.client("head-end-1", "other.example")).connected);
  CHECK(!set.meet(*set.listener({trust_plane::devices}), *set.client("settlement-1")).accepted);
  CHECK(!set.meet(*set.listener({trust_plane::services}), *set.client("head-end-1")).accepted);
}

TEST_CASE("test_authorities: keys are the user's alone, and everything is for as many days as was said") {
  const made_set set;
  using std::filesystem::perms;
  for (const std::string& name : set.files) {
    CAPTURE(name);
    const perms mode = std::filesystem::status(set.path(name)).permissions();
    CHECK((mode & (perms::group_all | perms::others_all) & ~(perms::group_read | perms::others_read)) == perms::none);
    if (name.ends_with(".key"))
      CHECK(mode == (perms::owner_read | perms::owner_write));
  }
  made_set late;
  const auto listener = late.listener();
  const auto client = late.client("head-end-1");
  late.now_s += 30 * 86'400 - 1;
  CHECK(late.meet(*listener, *client).accepted);
  late.now_s += 2;
  CHECK(!late.meet(*listener, *client).accepted);
}

TEST_CASE("test_authorities: T31, who is revoked is refused from the next reload on, and the others are not") {
  made_set set;
  const auto listener = set.listener();
  const handshake first = set.meet(*listener, *set.client("head-end-1"));
  const handshake second = set.meet(*listener, *set.client("head-end-2"));
  REQUIRE(first.accepted);
  REQUIRE(second.accepted);
  const auto revoked = revoke_test_certificate(set.path(""), "head-end-2", set.now_s + 60);
  REQUIRE(revoked);
  CHECK(revoked->changed);
  CHECK(revoked->number == 2);
  set.now_s += 61;
  REQUIRE(listener->reload());
  CHECK(listener->still_valid(first.listener.get()));
  CHECK(!listener->still_valid(second.listener.get()));
  CHECK(set.meet(*listener, *set.client("head-end-1")).accepted);
  CHECK(!set.meet(*listener, *set.client("head-end-2")).accepted);
  const auto again = revoke_test_certificate(set.path(""), "head-end-2", set.now_s);
  REQUIRE(again);
  CHECK(!again->changed);
  CHECK(again->number == 2);
  CHECK(again->serial == revoked->serial);
  // A second one stays beside the first; then all that the plane has issued.
  REQUIRE(revoke_test_certificate(set.path(""), "head-end-1", set.now_s)->number == 3);
  REQUIRE(listener->reload());
  CHECK(!set.meet(*listener, *set.client("head-end-1")).accepted);
  CHECK(!set.meet(*listener, *set.client("head-end-2")).accepted);
  CHECK(set.meet(*listener, *set.client("settlement-1")).accepted);
  REQUIRE(revoke_test_certificate(set.path(""), "services/issuing", set.now_s)->changed);
  REQUIRE(listener->reload());
  CHECK(!set.meet(*listener, *set.client("operator-1")).connected); // the server's is of that plane
  const handshake met = set.meet(*listener, *set.client("settlement-1"));
  CHECK(!met.connected);
}

TEST_CASE("test_authorities: a revocation that ended halfway does not stand in the way of the next") {
  const made_set set;
  gridtwin::testing::write_file(set.path("devices/revoked.pem.new"), "half of");
  REQUIRE(revoke_test_certificate(set.path(""), "head-end-1", set.now_s)->changed);
  CHECK(!std::filesystem::exists(set.path("devices/revoked.pem.new")));
  const auto lists = read_revocations(set.path("devices/revoked.pem"));
  REQUIRE(lists);
  CHECK(lists->size() == 2);
}

TEST_CASE("test_authorities: nothing is overwritten, and nonsense is refused before anything is made") {
  const made_set set;
  const auto refused = [](const result<std::vector<std::string>>& made, std::string_view what) {
    REQUIRE(!made);
    CAPTURE(made.failure().message);
    CHECK(made.failure().message.find(what) != std::string::npos);
  };
  const std::string before = gridtwin::testing::read_file(set.path("server.key"));
  refused(make_test_authorities({set.path(""), 30, {}}, test_now_s), "nothing is overwritten");
  CHECK(gridtwin::testing::read_file(set.path("server.key")) == before);
  const std::string other = (set.folder.path() / "other").string();
  refused(make_test_authorities({other, 0, {}}, test_now_s), "1 to 3650");
  refused(make_test_authorities({other, 3651, {}}, test_now_s), "1 to 3650");
  for (const char* host : {"", "*.example", "a,DNS:b", "a b", "a\nb", "http://a"})
    refused(make_test_authorities({other, 30, {host}}, test_now_s), "neither host nor address");
  refused(make_test_authorities({other + "/in/none", 30, {}}, test_now_s), "cannot make a folder");
  CHECK(!std::filesystem::exists(other));
  std::filesystem::create_directory(other);
  CHECK(make_test_authorities({other + "/", 30, {}}, test_now_s));
  const auto entries = std::distance(std::filesystem::directory_iterator(set.folder.path()), {});
  CHECK(entries == 2); // nothing unfinished is left
  for (const char* name :
       {"", "nobody", "../pki/server", "devices/root", "devices/issuing/", "/etc/passwd", ".", ".."}) {
    CAPTURE(name);
    CHECK(!revoke_test_certificate(set.path(""), name, test_now_s));
  }
  CHECK(!revoke_test_certificate((set.folder.path() / "absent").string(), "server", test_now_s));
  // The server of one set is nobody's of another.
  std::filesystem::copy_file(set.path("head-end-1.pem"), other + "/stranger.pem");
  const auto stranger = revoke_test_certificate(other, "stranger", test_now_s);
  REQUIRE(!stranger);
  CHECK(stranger.failure().message.find("no authority of this folder") != std::string::npos);
}
