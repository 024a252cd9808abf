#include "src/security/access_policy.hpp"

#include "tests/support/access_fixture.hpp"
#include "tests/support/temporary_folder.hpp"

#include <set>
#include <utility>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

void refused_for(std::string_view toml, std::string_view what) {
  const auto parsed = parse_access_policy(toml, "mine.toml", test_file);
  CAPTURE(toml);
  REQUIRE(!parsed);
  CAPTURE(parsed.failure().message);
  CHECK(parsed.failure().code == errc::bad_profile);
  CHECK(parsed.failure().message.find("mine.toml") != std::string::npos);
  CHECK(parsed.failure().message.find(what) != std::string::npos);
}

} // namespace

TEST_CASE("access_policy: each refusal says why, in words without anything personal") {
  const access_policy policy = policy_of(two_tenants);
  const auto why = [&](access_role role, access_operation operation, const std::string& relation,
                       std::optional<access_topic> topic) {
    access_resource resource = resource_of(relation, false);
    resource.topic = topic;
    return policy.allows({role, "first"}, operation, resource).refusal;
  };
  using enum access_refusal;
  CHECK(why(access_role::head_end, access_operation::submit, "other-meter", {}) == not_its_meter);
  CHECK(why(access_role::head_end, access_operation::submit, "nothing", {}) == incomplete);
  CHECK(why(access_role::head_end, access_operation::read, "own-meter", access_topic::reading) == not_granted);
  CHECK(why(access_role::network_operator, access_operation::read, "own-meter", access_topic::reading)
        == topic_not_granted);
  CHECK(why(access_role::network_operator, access_operation::read, "own-meter", access_topic::feeder_half_hour)
        == household);
  CHECK(why(access_role::network_operator, access_operation::read, "own-small", access_topic::feeder_half_hour)
        == below_floor);
  CHECK(why(access_role::network_operator, access_operation::read, "other-aggregate", access_topic::feeder_half_hour)
        == not_its_transformer);
  CHECK(why(access_role::flexibility, access_operation::read, "other-meter", access_topic::reading) == no_consent);
  CHECK(why(access_role::flexibility, access_operation::read, "own-meter", std::nullopt) == incomplete);
  CHECK(why(access_role::auditor, access_operation::read, "own-meter", access_topic::reading) == not_granted);
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(no_consent); ++i)
    words.insert(reason_of(static_cast<access_refusal>(i)));
  CHECK(words.size() == static_cast<std::size_t>(no_consent) + 1);
  CHECK(!access_decision().allowed());
}

TEST_CASE("access_policy: SE-04: only consent H opens a household to flexibility, and a head-end may have the meters "
          "of transformers") {
  const access_policy policy = policy_of(R"(
version = 1
[identities."urn:gridtwin:device:all"]
meters = "all"
[identities."urn:gridtwin:device:area"]
transformers = ["T2", "T1"]
[identities."urn:gridtwin:service:flexibility:first"]
consent_file = "consent-first.csv"
)");
  const auto submits = [&](const char* name, const std::string& transformer) {
    return policy.allows({access_role::head_end, name}, access_operation::submit, {{}, second_meter, transformer, {}})
      .allowed();
  };
  CHECK(submits("all", ""));
  CHECK(submits("area", "T1"));
  CHECK(submits("area", "T2"));
  CHECK(!submits("area", "T3"));
  CHECK(!submits("area", ""));
  for (const char* code : {"H", "D", "M", "N"}) {
    const auto read = [&](const std::string&) -> result<std::string> {
      return "mpan,consent\n" + to_string(first_meter) + "," + code + "\n";
    };
    const auto parsed = parse_access_policy(
      "version = 1\n[identities.\"urn:gridtwin:service:flexibility:f\"]\nconsent_file = \"c.csv\"", "mine.toml", read);
    REQUIRE(parsed);
    CHECK(parsed
            ->allows({access_role::flexibility, "f"}, access_operation::read,
                     {access_topic::reading, first_meter, "T1", {}})
            .allowed()
          == (std::string_view(code) == "H"));
  }
}

TEST_CASE("access_policy: fields are masked by role, a policy adds some, and who is not known sees none") {
  const access_policy policy = policy_of(std::string(two_tenants) + "[roles.settlement]\nmasked = [\"reason\"]\n");
  const auto masked = [&](access_role role) {
    std::set<std::string> out;
    for (const access_field field : all_fields)
      if (policy.masks({role, "first"}, field))
        out.emplace(name_of(field));
    return out;
  };
  using words = std::set<std::string>;
  CHECK(masked(access_role::settlement) == words{"sender", "source", "line", "reason"});
  CHECK(masked(access_role::network_operator) == words{"mpan", "sender", "source", "line", "supplier_mpid"});
  CHECK(masked(access_role::flexibility) == words{"sender", "source", "line", "supplier_mpid"});
  CHECK(masked(access_role::auditor) == words{"mpan"});
  CHECK(masked(access_role::operator_) == words{});
  CHECK(masked(access_role::head_end).size() == all_fields.size());
  CHECK(policy.masks({access_role::operator_, "nobody"}, access_field::version));
  CHECK(policy.masks({access_role::operator_, "first"}, static_cast<access_field>(99)));
  CHECK(policy.masks({static_cast<access_role>(99), "first"}, access_field::version));
}

TEST_CASE("access_policy: T7: what a role can never have no file gives it") {
  const std::vector<std::pair<std::string, std::string>> never{{"head-end", "read reading"},
                                                               {"head-end", "operate"},
                                                               {"settlement", "submit"},
                                                               {"settlement", "read feeder.half_hour"},
                                                               {"settlement", "audit"},
                                                               {"network-operator", "read reading"},
                                                               {"network-operator", "read gap"},
                                                               {"network-operator", "operate"},
                                                               {"flexibility", "read settlement.day"},
                                                               {"flexibility", "read alarm"},
                                                               {"auditor", "read reading"},
                                                               {"auditor", "operate"},
                                                               {"operator", "read reading"},
                                                               {"operator", "read settlement.day"},
                                                               {"operator", "extract"},
                                                               {"operator", "audit"},
                                                               {"operator", "submit"}};
  for (const auto& [role, right] : never)
    refused_for("version = 1\n[roles." + role + "]\nrights = [\"" + right + "\"]", "can never have");
  refused_for("version = 1\n[identities.\"urn:gridtwin:operator:a\"]\nrights = [\"read reading\"]", "can never have");
  // And what it can have, it may be given less of.
  const access_policy policy =
    policy_of("version = 1\n[identities.\"urn:gridtwin:operator:a\"]\nrights = [\"read gap\"]\n"
              "[identities.\"urn:gridtwin:operator:b\"]\n[roles.operator]\nrights = [\"operate\"]");
  CHECK(!policy.allows({access_role::operator_, "a"}, access_operation::operate, {}).allowed());
  CHECK(policy.allows({access_role::operator_, "b"}, access_operation::operate, {}).allowed());
  CHECK(!policy.allows({access_role::operator_, "b"}, access_operation::acknowledge, {}).allowed());
}

TEST_CASE("access_policy: a file that is wrong anywhere is refused whole, with what is wrong") {
  const std::string head = "version = 1\n[identities.\"urn:gridtwin:device:a\"]\n";
  refused_for("", "'version' must be 1");
  refused_for("version = 2", "'version' must be 1");
  refused_for("version = 1\nprivacy_flor = 5", "did you mean 'privacy_floor'?");
  refused_for("version = 1\nprivacy_floor = 2", "'privacy_floor'");
  refused_for("version = 1\nprivacy_floor = \"5\"", "'privacy_floor'");
  refused_for("version = 1\n[roles.admin]", "is no role");
  refused_for("version = 1\n[roles.operator]\nright = []", "unknown key 'right'");
  refused_for("version = 1\n[roles.operator]\nrights = \"operate\"", "must be a list");
  refused_for("version = 1\n[roles.operator]\nrights = [1]", "must be a list");
  refused_for("version = 1\n[roles.operator]\nrights = [\"destroy\"]", "is no right");
  refused_for("version = 1\n[roles.operator]\nrights = [\"read\"]", "is no right");
  refused_for("version = 1\n[roles.operator]\nrights = [\"read everything\"]", "is no right");
  refused_for("version = 1\n[roles.auditor]\nrights = [\"read audit\"]", "is no right");
  refused_for("version = 1\n[roles.operator]\nmasked = [\"everything\"]", "is no field");
  refused_for("version = 1\nroles = 1", "must be a table");
  refused_for("version = 1\n[identities]\n\"urn:gridtwin:device:a\" = 1", "must be a table");
  refused_for("version = 1\n[identities.\"urn:gridtwin:admin:a\"]", "is no kind of identity");
  refused_for("version = 1\n[identities.\"urn:gridtwin:device:*\"]", "is no name of an identity");
  refused_for(head, "needs one of 'meters'");
  refused_for(head + "meters = \"all\"\nmeters_file = \"first.csv\"", "needs one of 'meters'");
  refused_for(head + "meters = \"some\"", "must be \"all\"");
  refused_for(head + "meters = [\"" + to_string(first_meter) + "\"]", "must be \"all\"");
  refused_for(head + "transformers = \"all\"", "must be a list");
  refused_for(head + "transformers = [\"\"]", "id of 1 to 64 bytes");
  refused_for(head + "meters = \"all\"\nstate = \"on\"", "'state'");
  refused_for(head + "meters = \"all\"\nconsent_file = \"consent-first.csv\"", "unknown key 'consent_file'");
  refused_for(head + "meters_file = \"absent.csv\"", "there is no absent.csv");
  refused_for("version = 1\n[identities.\"urn:gridtwin:service:settlement:a\"]\ntransformers = \"all\"", "unknown key");
  refused_for("version = 1\n[identities.\"urn:gridtwin:service:network-operator:a\"]", "needs 'transformers'");
  refused_for("version = 1\n[identities.\"urn:gridtwin:service:flexibility:a\"]", "'consent_file' must be the name");
  refused_for(head + "meters = \"all\"\n" + head.substr(12), "it is not TOML"); // the same identity twice
  // T22: files are in the policy's folder alone.
  for (const char* name : {"../first.csv", "/etc/passwd", "a/b.csv", "..", ".hidden", "", "a\\\\b", "%2e%2e",
                           "caf\xC3\xA9", "a b", "nul\\u0000l"})
    refused_for(head + "meters_file = \"" + name + "\"", "must be the name of a file");
}

TEST_CASE("access_policy: files of meters and consents are refused with their line") {
  const auto refused = [](std::string_view key, const std::string& text, std::string_view what) {
    const bool consent = key == "consent_file";
    const auto parsed = parse_access_policy(
      std::string("version = 1\n[identities.\"urn:gridtwin:") + (consent ? "service:flexibility" : "device") + ":a\"]\n"
        + std::string(key) + " = \"f.csv\"",
      "mine.toml", [&](const std::string&) -> result<std::string> { return text; });
    CAPTURE(text);
    REQUIRE(!parsed);
    CAPTURE(parsed.failure().message);
    CHECK(parsed.failure().message.find(what) != std::string::npos);
  };
  const std::string meter = to_string(first_meter);
  refused("meters_file", "", "line 1: the header");
  refused("meters_file", "meter\n" + meter, "line 1: the header");
  refused("meters_file", "mpan\n" + meter + "\n3000000000005\n", "line 3: no MPAN");
  refused("meters_file", "mpan\n\n" + meter + "\n", "line 2: no MPAN");
  refused("meters_file", "mpan\n" + meter + "\n" + meter + "\n", "twice");
  refused("consent_file", "mpan\n" + meter + "\n", "line 1: the header");
  refused("consent_file", "mpan,consent\n" + meter + "\n", "line 2: consent is");
  refused("consent_file", "mpan,consent\n" + meter + ",h\n", "line 2: consent is");
  refused("consent_file", "mpan,consent\n" + meter + ",H,\n", "line 2: consent is");
  refused("consent_file", "mpan,consent\n" + meter + ",H\n" + meter + ",N\n", "twice");
}

TEST_CASE("access_policy: the example can be read, with its files beside it") {
  const temporary_folder folder;
  const std::string text = read_file(std::string(GRIDTWIN_SOURCE_DIR) + "/config/examples/access.toml");
  const std::string path = folder.write("access.toml", text).string();
  const auto lacking = read_access_policy(path);
  REQUIRE(!lacking);
  CHECK(lacking.failure().message.find("consent.csv") != std::string::npos);
  folder.write("consent.csv", "mpan,consent\n" + to_string(first_meter) + ",H\n");
  const auto policy = read_access_policy(path);
  REQUIRE_MESSAGE(policy, (policy ? "" : policy.failure().message));
  CHECK(policy->grants().size() == 7);
  CHECK(policy->privacy_floor() == 5);
  CHECK(policy
          ->allows({access_role::flexibility, "flexibility-1"}, access_operation::read,
                   {access_topic::reading, first_meter, "T000001", {}})
          .allowed());
  CHECK(policy->masks({access_role::flexibility, "flexibility-1"}, access_field::reason));
  CHECK(read_access_policy(std::string(GRIDTWIN_SOURCE_DIR) + "/config/examples/access.toml")); // and its own files
  CHECK(!read_access_policy(folder.path().string()));
  CHECK(!read_access_policy(path + ".absent"));
  folder.write("access.toml", std::string(70'000, ' '));
  CHECK(!read_access_policy(path));
}
