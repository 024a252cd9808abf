#include "src/push/address_rules.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

namespace {

bool allows(const address_rules& rules, std::string_view text) {
  const auto address = parse_host_address(text);
  REQUIRE_MESSAGE(address, std::string(text));
  return rules.allows(*address);
}

address_rules rules_of(std::initializer_list<const char*> listed) {
  std::vector<host_network> out;
  for (const char* text : listed) {
    const auto network = parse_host_network(text);
    REQUIRE_MESSAGE(network, text);
    out.push_back(*network);
  }
  return address_rules(std::move(out));
}

} // namespace

TEST_CASE("address_rules: T38 by default no address of an inside, of a link, of this host or of many is allowed") {
  const address_rules rules;
  for (const char* text :
       {"0.0.0.0",     "0.1.2.3",          "10.0.0.1",        "10.255.255.255", "100.64.0.1",      "100.127.255.255",
        "127.0.0.1",   "127.255.0.1",      "169.254.169.254", "172.16.0.1",     "172.31.255.255",  "192.0.0.8",
        "192.0.2.1",   "192.88.99.1",      "192.168.1.1",     "198.18.0.1",     "198.19.255.255",  "198.51.100.7",
        "203.0.113.7", "224.0.0.1",        "239.1.1.1",       "240.0.0.1",      "255.255.255.255", "::",
        "::1",         "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::7f00:1",       "64:ff9b::7f00:1", "100::1",
        "2001::1",     "2001:db8::1",      "2002:7f00:1::",   "3fff::1",        "fc00::1",         "fd12::1",
        "fe80::1",     "fec0::1",          "ff02::1"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(allows(rules, text));
  }
  for (const char* text :
       {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",       "100.63.255.255", "100.128.0.0",     "126.255.255.255",
        "128.0.0.0",       "169.253.255.255", "169.255.0.0",    "172.15.255.255", "172.32.0.0",      "192.0.1.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255", "198.20.0.0",     "223.255.255.255", "::ffff:1.1.1.1",
        "2001:200::1",     "2606:4700::1111", "2a00:1450::1"}) {
    CAPTURE(std::string(text));
    CHECK(allows(rules, text));
  }
}

TEST_CASE("address_rules: T38 what is listed is allowed, and nothing beside it") {
  const address_rules rules = rules_of({"10.1.2.0/23", "127.0.0.1", "fd00::/8", "169.254.1.1/32"});
  for (const char* text : {"10.1.2.0", "10.1.3.255", "127.0.0.1", "::ffff:127.0.0.1", "fdff::1", "169.254.1.1"}) {
    CAPTURE(std::string(text));
    CHECK(allows(rules, text));
  }
  for (const char* text :
       {"10.1.1.255", "10.1.4.0", "127.0.0.2", "fc00::1", "169.254.1.2", "::1", "192.168.0.1", "fe80::1"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(allows(rules, text));
  }
  CHECK(allows(rules_of({"0.0.0.0/0"}), "10.0.0.1"));
  CHECK_FALSE(allows(rules_of({"0.0.0.0/0"}), "::1")); // of the other kind
}

TEST_CASE("address_rules: networks are written one way") {
  for (const char* text :
       {"", "10", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "fd00::1/8",
        "fd00::/129", "localhost", "10.0.0.0 /8", "[::1]", "fe80::1%eth0", "1.2.3.4:5"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_host_network(text));
  }
}
