#include "src/security/identity.hpp"

#include "src/security/peer_trust.hpp"
#include "tests/support/test_certificates.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

result<peer_identity> of_names(const std::string& der) {
  return identity_of_names({reinterpret_cast<const std::uint8_t*>(der.data()), der.size()});
}

bool refused_for(const result<peer_identity>& found, std::string_view what) {
  REQUIRE(!found);
  const std::string& why = found.failure().message;
  CAPTURE(why);
  CHECK(why.find('\0') == std::string::npos);
  return why.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("identity: each kind is read from its URI, and written as it was") {
  struct row {
    std::string uri;
    access_role role;
    std::string name;
    trust_plane plane;
  };
  const std::vector<row> rows{
    {"urn:gridtwin:device:head-end-1", access_role::head_end, "head-end-1", trust_plane::devices},
    {"urn:gridtwin:device:a", access_role::head_end, "a", trust_plane::devices},
    {"urn:gridtwin:service:settlement:s.1", access_role::settlement, "s.1", trust_plane::services},
    {"urn:gridtwin:service:network-operator:n", access_role::network_operator, "n", trust_plane::services},
    {"urn:gridtwin:service:flexibility:f", access_role::flexibility, "f", trust_plane::services},
    {"urn:gridtwin:service:auditor:x", access_role::auditor, "x", trust_plane::services},
    {"urn:gridtwin:operator:ann.b", access_role::operator_, "ann.b", trust_plane::operators},
    {"urn:gridtwin:operator:" + std::string(64, 'z'), access_role::operator_, std::string(64, 'z'),
     trust_plane::operators},
  };
  for (const row& one : rows) {
    CAPTURE(one.uri);
    const auto found = parse_identity(one.uri);
    REQUIRE(found);
    CHECK(found->role == one.role);
    CHECK(found->name == one.name);
    CHECK(plane_of(found->role) == one.plane);
    CHECK(to_string(*found) == one.uri);
  }
}

TEST_CASE("identity: what is merely like an identity is none") {
  const std::vector<std::string> wrong{"",
                                       "urn:gridtwin:",
                                       "urn:gridtwin:device",
                                       "urn:gridtwin:device:",
                                       "URN:gridtwin:device:a",
                                       "urn:gridtwin:Device:a",
                                       " urn:gridtwin:device:a",
                                       "urn:gridtwin:device:a ",
                                       "urn:gridtwin:device:A",
                                       "urn:gridtwin:device:a_b",
                                       "urn:gridtwin:device:a/b",
                                       "urn:gridtwin:device:a:b",
                                       "urn:gridtwin:device:a%2e",
                                       "urn:gridtwin:device:*",
                                       "urn:gridtwin:device:\xC3\xA9",
                                       "urn:gridtwin:device:a\n",
                                       std::string("urn:gridtwin:device:a\0b", 23),
                                       "urn:gridtwin:device:" + std::string(65, 'a'),
                                       "urn:gridtwin:service:head-end:a",
                                       "urn:gridtwin:service:operator:a",
                                       "urn:gridtwin:service:settlement",
                                       "urn:gridtwin:service:settlement:",
                                       "urn:gridtwin:service:admin:a",
                                       "urn:gridtwin:service::a",
                                       "urn:gridtwin:operator:",
                                       "urn:gridtwin:node:a",
                                       "urn:other:device:a",
                                       "spiffe://gridtwin/device/a"};
  for (const std::string& uri : wrong) {
    CAPTURE(uri);
    CHECK(!parse_identity(uri));
  }
}

TEST_CASE("identity: T1, a certificate is who its one URI says; hosts beside it do not matter") {
  const std::string uri = "urn:gridtwin:device:head-end-1";
  CHECK(of_names(uri_der(uri)).value() == peer_identity{access_role::head_end, "head-end-1"});
  CHECK(of_names(names_der({{0x82, "a.example"}, {0x86, uri}, {0x87, "\x7F\x01\x01\x01"}}))->name == "head-end-1");
}

TEST_CASE("identity: names that could be read in two ways are refused with the reason") {
  const std::string uri = "urn:gridtwin:device:head-end-1";
  using namespace std::string_literals;
  CHECK(refused_for(of_names(names_der({{0x82, "head-end-1"}})), "no URI"));
  CHECK(refused_for(of_names(names_der({})), "no URI"));
  CHECK(refused_for(of_names(names_der({{0x86, uri}, {0x86, uri}})), "several URIs"));
  CHECK(refused_for(of_names(names_der({{0x86, uri + "\0.evil"s}})), "zero byte"));
  CHECK(refused_for(of_names(names_der({{0x86, uri}, {0x82, "a\0b"s}})), "zero byte"));
  CHECK(refused_for(of_names(names_der({{0x86, "urn:gridtwin:device:*"}})), "wildcard"));
  CHECK(refused_for(of_names(names_der({{0x86, uri}, {0x82, "*.example"}})), "wildcard"));
  CHECK(refused_for(of_names(names_der({{0x86, uri}, {0x81, "a@example"}})), "neither URI, host nor address"));
  CHECK(refused_for(of_names(names_der({{0x86, "urn:gridtwin:device:A"}})), "no name of an identity"));
  CHECK(refused_for(of_names(""), "cannot be read"));
  CHECK(refused_for(of_names(uri_der(uri) + "x"), "cannot be read"));
  CHECK(refused_for(of_names(uri_der(uri).substr(0, 20)), "cannot be read"));
  CHECK(refused_for(of_names(std::string(20'000, 'x')), "16 KiB"));
  CHECK(refused_for(of_names(names_der(std::vector<std::pair<unsigned char, std::string>>(101, {0x82, "a"}))), "100"));
}

TEST_CASE("identity: a common name is never looked at, and alternative names that stand twice are refused") {
  certificate_wish wish;
  wish.subject = "urn:gridtwin:device:head-end-1";
  wish.names.clear();
  const test_certificate named = make_certificate(std::move(wish), nullptr);
  CHECK(refused_for(identity_of(named.certificate.get()), "no alternative names"));
  test_certificate twice = make_certificate({}, nullptr);
  REQUIRE(identity_of(twice.certificate.get()));
  const int at = X509_get_ext_by_NID(twice.certificate.get(), NID_subject_alt_name, -1);
  REQUIRE(X509_add_ext(twice.certificate.get(), X509_get_ext(twice.certificate.get(), at), -1) == 1);
  CHECK(refused_for(identity_of(twice.certificate.get()), "twice"));
}

TEST_CASE("identity: roles go by their names, and no other word is one") {
  for (const access_role role : all_roles)
    CHECK(parse_access_role(name_of(role)) == role);
  for (const char* word : {"", "admin", "Head-end", "head-end ", "root", "node"})
    CHECK(!parse_access_role(word));
  CHECK(name_of(static_cast<access_role>(99)).empty());
}
