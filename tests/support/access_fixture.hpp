#pragma once

#include "src/security/access_policy.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace gridtwin::testing {

// Two tenants of each role, with a meter, a transformer and a consent of their own.

inline const mpan first_meter = *parse_mpan("3000000000009");
inline const mpan second_meter = *parse_mpan("3000000000018");

inline result<std::string> test_file(const std::string& name) {
  const std::string first = to_string(first_meter);
  const std::string second = to_string(second_meter);
  if (name == "first.csv")
    return "mpan\n" + first + "\n";
  if (name == "second.csv")
    return "mpan\r\n" + second; // no line end, CR LF
  if (name == "consent-first.csv")
    return "mpan,consent\n" + first + ",H\n" + second + ",D\n";
  if (name == "consent-second.csv")
    return "mpan,consent\n" + first + ",N\n" + second + ",H\n";
  return error{errc::unreadable_input, "there is no " + name};
}

inline constexpr std::string_view two_tenants = R"(
version = 1
privacy_floor = 5
[identities."urn:gridtwin:device:first"]
meters_file = "first.csv"
[identities."urn:gridtwin:device:second"]
meters_file = "second.csv"
[identities."urn:gridtwin:service:settlement:first"]
[identities."urn:gridtwin:service:settlement:second"]
[identities."urn:gridtwin:service:network-operator:first"]
transformers = ["T1"]
[identities."urn:gridtwin:service:network-operator:second"]
transformers = ["T2", "T3"]
[identities."urn:gridtwin:service:flexibility:first"]
consent_file = "consent-first.csv"
[identities."urn:gridtwin:service:flexibility:second"]
consent_file = "consent-second.csv"
[identities."urn:gridtwin:service:auditor:first"]
[identities."urn:gridtwin:service:auditor:second"]
[identities."urn:gridtwin:operator:first"]
[identities."urn:gridtwin:operator:second"]
)";

inline constexpr std::string_view widest_roles = R"(
[roles.settlement]
rights = ["read reading", "read settlement.day", "read gap", "extract"]
[roles.network-operator]
rights = ["read feeder.half_hour", "read transformer.half_hour", "read alarm", "extract", "acknowledge"]
[roles.operator]
rights = ["operate", "acknowledge", "read alarm", "read gap", "read feeder.half_hour", "read transformer.half_hour"]
)";

inline access_policy policy_of(std::string_view toml) {
  auto parsed = parse_access_policy(toml, "mine.toml", test_file);
  REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.failure().message));
  return std::move(*parsed);
}

/// How a resource stands to a tenant. `own-meter` has consent for the tenant's flexibility reader.
inline const std::vector<std::string> relations{"own-meter",       "other-meter", "own-aggregate",     "own-small",
                                                "other-aggregate", "other-small", "own-feeder-of-one", "nothing"};

inline access_resource resource_of(const std::string& relation, bool second_tenant) {
  const bool own = relation.starts_with("own");
  const bool second = second_tenant == own;
  access_resource out;
  if (relation == "nothing")
    return out;
  out.transformer = second ? "T2" : "T1";
  if (relation.ends_with("meter") || relation.ends_with("of-one"))
    out.meter = second ? second_meter : first_meter;
  if (relation.ends_with("aggregate") || relation.ends_with("of-one"))
    out.contributors = 5;
  if (relation.ends_with("small"))
    out.contributors = 4;
  return out;
}

} // namespace gridtwin::testing
