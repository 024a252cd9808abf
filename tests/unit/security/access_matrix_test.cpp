#include "tests/support/access_fixture.hpp"

#include <array>
#include <optional>
#include <sstream>
#include <utility>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// What is allowed: role, operation, topic, relation; `*` stands for all of them. Every other cell is refused.
constexpr std::string_view allowed_by_default = R"(
head-end          submit       *                      own-meter
head-end          submit       *                      own-feeder-of-one
settlement        read         reading                *
settlement        read         settlement.day         *
settlement        extract      reading                *
settlement        extract      settlement.day         *
network-operator  read         feeder.half_hour       own-aggregate
network-operator  read         transformer.half_hour  own-aggregate
network-operator  extract      feeder.half_hour       own-aggregate
network-operator  extract      transformer.half_hour  own-aggregate
flexibility       read         reading                own-meter
flexibility       read         reading                own-feeder-of-one
flexibility       extract      reading                own-meter
flexibility       extract      reading                own-feeder-of-one
auditor           audit        *                      *
auditor           read         audit                  *
auditor           extract      audit                  *
operator          operate      *                      *
operator          acknowledge  *                      *
operator          read         alarm                  *
operator          read         gap                    *
)";
constexpr std::string_view also_allowed_at_most = R"(
settlement        read         gap                    *
settlement        extract      gap                    *
network-operator  read         alarm                  own-aggregate
network-operator  extract      alarm                  own-aggregate
network-operator  acknowledge  *                      own-aggregate
operator          read         feeder.half_hour       own-aggregate
operator          read         feeder.half_hour       other-aggregate
operator          read         transformer.half_hour  own-aggregate
operator          read         transformer.half_hour  other-aggregate
)";

using cell = std::array<std::string, 4>;

std::vector<cell> cells_of(std::string_view text) {
  std::vector<cell> out;
  std::istringstream in{std::string(text)};
  for (cell one; in >> one[0] >> one[1] >> one[2] >> one[3];)
    out.push_back(one);
  return out;
}

bool listed(const std::vector<cell>& allowed, const cell& wanted) {
  for (const cell& one : allowed) {
    bool same = true;
    for (std::size_t i = 0; i < one.size(); ++i)
      same = same && (one[i] == "*" || one[i] == wanted[i]);
    if (same)
      return true;
  }
  return false;
}

/// Words and codes apart, so that a wrong name table does not go unseen. The last of each is no code at all.
const std::vector<std::pair<std::string, access_role>> roles{{"head-end", access_role::head_end},
                                                             {"settlement", access_role::settlement},
                                                             {"network-operator", access_role::network_operator},
                                                             {"flexibility", access_role::flexibility},
                                                             {"auditor", access_role::auditor},
                                                             {"operator", access_role::operator_},
                                                             {"no-role", static_cast<access_role>(99)}};
const std::vector<std::pair<std::string, access_operation>> operations{
  {"submit", access_operation::submit},
  {"read", access_operation::read},
  {"extract", access_operation::extract},
  {"acknowledge", access_operation::acknowledge},
  {"operate", access_operation::operate},
  {"audit", access_operation::audit},
  {"no-operation", static_cast<access_operation>(99)}};
const std::vector<std::pair<std::string, std::optional<access_topic>>> topics{
  {"reading", access_topic::reading},
  {"feeder.half_hour", access_topic::feeder_half_hour},
  {"transformer.half_hour", access_topic::transformer_half_hour},
  {"gap", access_topic::gap},
  {"settlement.day", access_topic::settlement_day},
  {"alarm", access_topic::alarm},
  {"audit", access_topic::audit},
  {"no-topic", static_cast<access_topic>(99)},
  {"nothing", std::nullopt}};

/// Cells of both tenants; how many were allowed.
std::size_t check_matrix(const access_policy& policy, const std::vector<cell>& allowed) {
  std::size_t count = 0;
  for (const auto& [role_word, role] : roles)
    for (const auto& [operation_word, operation] : operations)
      for (const auto& [topic_word, topic] : topics)
        for (const std::string& relation : relations)
          for (const bool second : {false, true}) {
            access_resource resource = resource_of(relation, second);
            resource.topic = topic;
            const auto decided = policy.allows({role, second ? "second" : "first"}, operation, resource);
            const bool expected = listed(allowed, {role_word, operation_word, topic_word, relation});
            if (decided.allowed() != expected)
              FAIL_CHECK(role_word << " " << operation_word << " " << topic_word << " " << relation << " of the "
                                   << (second ? "second" : "first") << " tenant: " << decided.reason());
            CHECK(decided.reason().empty() == false);
            const auto nobody = policy.allows({role, "nobody"}, operation, resource);
            CHECK(nobody.refusal == access_refusal::unknown_identity);
            count += decided.allowed() ? 1 : 0;
          }
  return count;
}

} // namespace

TEST_CASE("access_policy: P6, T7, SE-04: role by operation by topic by tenant, as a policy gives them that says "
          "nothing of rights") {
  const access_policy policy = policy_of(two_tenants);
  // 9 topics (known, unknown, none), 8 relations, two tenants: counted by hand from the list.
  CHECK(check_matrix(policy, cells_of(allowed_by_default))
        == 2 * (2 * 9 + 4 * 8 + 4 + 4 + 9 * 8 + 2 * 8 + 2 * 9 * 8 + 2 * 8));
}

TEST_CASE("access_policy: P6, T7: the same with all that a policy can give") {
  const access_policy policy = policy_of(std::string(two_tenants) + std::string(widest_roles));
  auto allowed = cells_of(allowed_by_default);
  for (const cell& more : cells_of(also_allowed_at_most))
    allowed.push_back(more);
  check_matrix(policy, allowed);
}

TEST_CASE("access_policy: P6: a policy that names nobody allows nothing, nor does one that is disabled") {
  CHECK(check_matrix(policy_of("version = 1"), {}) == 0);
  CHECK(check_matrix(access_policy(), {}) == 0);
  std::string disabled;
  std::istringstream in{std::string(two_tenants)};
  for (std::string line; std::getline(in, line);)
    disabled += line + "\n" + (line.starts_with("[identities") ? "state = \"disabled\"\n" : "");
  const access_policy policy = policy_of(disabled);
  for (const auto& [word, role] : roles) {
    if (role == static_cast<access_role>(99))
      continue;
    CHECK(policy.admits({role, "first"}).refusal == access_refusal::disabled);
    for (const auto& [name, operation] : operations)
      CHECK(policy.allows({role, "first"}, operation, resource_of("own-meter", false)).refusal
            == access_refusal::disabled);
    for (const access_field field : all_fields)
      CHECK(policy.masks({role, "first"}, field));
  }
}

TEST_CASE("access_policy: T8: who opens a topic must have a right to it, and is asked again for each event") {
  const access_policy policy = policy_of(two_tenants);
  const std::vector<cell> allowed = cells_of(allowed_by_default);
  for (const auto& [role_word, role] : roles)
    for (const auto& [operation_word, operation] : operations)
      for (const auto& [topic_word, topic] : topics) {
        if (!topic)
          continue;
        bool any = false;
        for (const std::string& relation : relations)
          any = any || listed(allowed, {role_word, operation_word, topic_word, relation});
        const bool about_topic = operation_word == "read" || operation_word == "extract";
        CAPTURE(role_word);
        CAPTURE(operation_word);
        CAPTURE(topic_word);
        CHECK(policy.opens({role, "first"}, operation, *topic).allowed() == (any && about_topic));
      }
  CHECK(!policy.opens({access_role::settlement, "nobody"}, access_operation::read, access_topic::reading).allowed());
}
