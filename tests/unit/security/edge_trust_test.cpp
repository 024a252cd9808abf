#include "src/security/edge_trust.hpp"

#include "tests/support/tls_fixture.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr const char* only_first = "version = 1\n[identities.\"urn:gridtwin:device:head-end-1\"]\nmeters = \"all\"\n";
constexpr const char* only_second = "version = 1\n[identities.\"urn:gridtwin:device:head-end-2\"]\nmeters = \"all\"\n";

/// Two listeners, of devices and of services, under one policy; and stamps that change when the test says so.
struct trusting : tls_fixture {
  trusting() {
    folder.write("access.toml", only_first);
    auto opened = edge_trust::open(
      path("access.toml"), [this] { return now_s; }, stamp);
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.failure().message));
    trust = std::move(*opened);
    devices = add(trust_plane::devices);
    services = add(trust_plane::services);
    trust->on_change([this] { ++told; });
  }

  const tls_context* add(trust_plane plane) {
    auto added = trust->add_listener(listener_options({plane}));
    REQUIRE_MESSAGE(added, (added ? "" : added.failure().message));
    return *added;
  }

  handshake meet_devices() const { return meet(*devices, client_with(own).get()); }

  /// Looks until it reloads, at most so often.
  std::optional<result<void>> look(int most = 4) {
    for (int i = 0; i < most; ++i)
      if (auto done = trust->look())
        return done;
    return std::nullopt;
  }

  std::map<std::string, std::int64_t> versions; ///< of files that have changed
  stamp_function stamp = [this](const std::string& path) {
    const auto at = versions.find(std::filesystem::path(path).filename().string());
    return file_stamp{true, 1, 1, 1, at == versions.end() ? 0 : at->second, 0};
  };
  std::unique_ptr<edge_trust> trust;
  const tls_context* devices = nullptr;
  const tls_context* services = nullptr;
  test_certificate own = issue({});
  int told = 0;
};

} // namespace

TEST_CASE_FIXTURE(trusting, "edge_trust: T31, who is revoked is asked again after a reload and not believed") {
  const handshake met = meet_devices();
  REQUIRE(met.accepted);
  revoke(trust_plane::devices, 2, {&own});
  CHECK(devices->still_valid(met.listener.get()));
  REQUIRE(trust->reload());
  CHECK(told == 1);
  CHECK(!devices->still_valid(met.listener.get()));
  const handshake again = meet_devices();
  CHECK(!again.accepted);
  CHECK(again.refusal.find("revoked") != std::string::npos);
  CHECK(claim_of(again.listener.get()) == "urn:gridtwin:device:head-end-1");
}

TEST_CASE_FIXTURE(trusting,
                  "edge_trust: T8, who the policy names no more is not believed, at a connection that lives on") {
  const handshake met = meet_devices();
  REQUIRE(met.accepted);
  folder.write("access.toml", only_second);
  REQUIRE(trust->reload());
  CHECK(!devices->still_valid(met.listener.get()));
  CHECK(!meet_devices().accepted);
  CHECK(trust->policy()->grants().begin()->first.name == "head-end-2");
}

TEST_CASE_FIXTURE(trusting,
                  "edge_trust: T32, a reload takes all files of all listeners or none, and names the wrong one") {
  const std::pair<const char*, const char*> wrong[]{{"access.toml", "version = 1\nidentitties = 1\n"},
                                                    {"services.crl", "-----BEGIN X509 CRL-----\nhalf"},
                                                    {"devices.pem", ""},
                                                    {"node.key", "no key"}};
  for (const auto& [name, text] : wrong) {
    CAPTURE(name);
    const std::string was = [&] {
      std::ifstream in(path(name), std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(in), {});
    }();
    // All that is right would be taken, were it not for the one that is wrong.
    folder.write("access.toml", only_second);
    folder.write(name, text);
    const auto before = devices->current();
    const auto failed = trust->reload();
    REQUIRE(!failed);
    CHECK(failed.failure().message.find(name) != std::string::npos);
    CHECK(devices->current() == before);
    CHECK(trust->policy()->grants().begin()->first.name == "head-end-1");
    CHECK(meet_devices().accepted);
    folder.write(name, was);
    folder.write("access.toml", only_first);
  }
  CHECK(told == 0);
  REQUIRE(trust->reload());
  CHECK(told == 1);
}

TEST_CASE_FIXTURE(trusting,
                  "edge_trust: T31, files are read again when they have changed and are as they were a look ago") {
  CHECK(!look());
  revoke(trust_plane::devices, 2, {&own});
  versions["devices.crl"] = 1;
  CHECK(!trust->look());
  const auto done = trust->look();
  REQUIRE(done);
  CHECK(*done);
  CHECK(!meet_devices().accepted);
  CHECK(!look());
}

TEST_CASE_FIXTURE(trusting, "edge_trust: files that change at each look are read all the same, after a few") {
  versions["access.toml"] = 1;
  CHECK(!trust->look());
  versions["access.toml"] = 2;
  CHECK(!trust->look());
  versions["access.toml"] = 3;
  CHECK(trust->look());
}

TEST_CASE_FIXTURE(trusting, "edge_trust: a file that a policy comes to name is looked at from then on") {
  folder.write("mine.csv", "mpan\n3000000000009\n");
  folder.write("access.toml",
               "version = 1\n[identities.\"urn:gridtwin:device:head-end-1\"]\nmeters_file = \"mine.csv\"\n");
  REQUIRE(trust->reload());
  CHECK(!look());
  folder.write("mine.csv", "mpan\n3000000000018\n");
  versions["mine.csv"] = 1;
  const auto done = look();
  REQUIRE(done);
  CHECK(*done);
  CHECK(to_string(trust->policy()->grants().begin()->second.meters.at(0)) == "3000000000018");
  folder.write("access.toml", only_first); // and one that it names no more is not
  REQUIRE(trust->reload());
  CHECK(!look());
  versions["mine.csv"] = 2;
  CHECK(!look());
}

TEST_CASE_FIXTURE(trusting,
                  "edge_trust: a reload that failed is tried again after a while, though no file has changed") {
  folder.write("access.toml", "nonsense");
  REQUIRE(!trust->reload());
  folder.write("access.toml", only_second);
  for (int i = 1; i < looks_between_retries; ++i)
    REQUIRE(!trust->look());
  const auto done = trust->look();
  REQUIRE(done);
  CHECK(*done);
  CHECK(!look(2 * looks_between_retries));
}

TEST_CASE("file_stamps: a file that is written, replaced or removed looks another") {
  const temporary_folder folder;
  const std::string path = folder.write("a", "1").string();
  const file_stamp first = stamp_of_file(path);
  CHECK(first.there);
  CHECK(stamp_of_file(path) == first);
  folder.write("a", "22");
  const file_stamp longer = stamp_of_file(path);
  CHECK(longer != first);
  folder.write("b", "33");
  std::filesystem::rename(folder.path() / "b", path);
  CHECK(stamp_of_file(path) != longer);
  std::filesystem::remove(path);
  CHECK(stamp_of_file(path) == file_stamp{});
}
