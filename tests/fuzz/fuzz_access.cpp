// A policy of any bytes, with files of any bytes, is refused with a reason, or gives nobody more than its role may ever
// have.

#include "src/security/access_policy.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <string>

namespace {

using namespace gridtwin;
using fuzz::require;

void check_grant(const access_policy& policy, const peer_identity& peer, const access_grant& grant) {
  require(parse_identity(to_string(peer)).value() == peer, "who is named is an identity");
  require(grant.rights.within(most_rights(peer.role)), "no right is beyond what the role may have");
  for (const access_field field : all_fields)
    require(policy.masks(peer, field) || !default_masks(peer.role)[static_cast<std::size_t>(field)],
            "no field is shown that the role never sees");
  for (const access_operation operation : all_operations)
    for (const access_topic topic : all_topics) {
      access_resource one{topic, mpan{}, "T1", 1'000'000};
      const bool household = policy.allows(peer, operation, one).allowed();
      require(!household || grant.enabled, "who is disabled may do nothing");
      require(!household || peer.role != access_role::network_operator, "a network operator sees no household");
      one.meter.reset();
      one.contributors = policy.privacy_floor() - 1;
      require(!policy.allows(peer, operation, one).allowed() || peer.role != access_role::network_operator,
              "a network operator sees nothing below the floor");
      one.contributors = 1'000'000;
      const bool together = policy.allows(peer, operation, one).allowed();
      if ((household || together) && operation == access_operation::read)
        require(policy.opens(peer, operation, topic).allowed(), "what may be read may be opened");
    }
}

} // namespace

/// A policy; behind a zero byte the text of every file that it names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view toml = fuzz::take_until(rest, '\0');
  const auto read = [rest](const std::string& name) -> result<std::string> {
    require(name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos && !name.starts_with('.'),
            "a file is in the policy's folder");
    return std::string(rest);
  };
  const auto policy = parse_access_policy(toml, "fuzz.toml", read);
  if (!policy) {
    require(policy.failure().code == errc::bad_profile, "what is refused is a bad policy");
    require(policy.failure().message.find("fuzz.toml") != std::string::npos, "the message names the file");
    require(policy.failure().message.find('\n') == std::string::npos, "the message is one line");
    return 0;
  }
  require(policy->privacy_floor() >= least_privacy_floor, "the floor is no lower than it may be");
  for (const auto& [peer, grant] : policy->grants())
    check_grant(*policy, peer, grant);
  const access_policy& all = *policy;
  require(!all.admits({access_role::operator_, ""}).allowed(), "who is not named is not admitted");
  return 0;
}
