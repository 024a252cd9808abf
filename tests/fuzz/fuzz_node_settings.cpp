// Settings of a node of any bytes are refused with a reason of one line, or say the same when what they say is read
// again.

#include "config/node_settings.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace gridtwin;
using fuzz::require;

void check_bounds(const node_settings& settings) {
  for (const node_option& o : node_options()) {
    if (const auto* number = std::get_if<node_option::number_member>(&o.member)) {
      const std::int64_t value = settings.**number;
      require(value >= o.least && value <= o.most, "a number lies in its bounds");
    } else if (!o.choices.empty()) {
      const std::string& word = settings.*std::get<node_option::text_member>(o.member);
      require((" " + std::string(o.choices) + " ").find(" " + word + " ") != std::string::npos,
              "a choice is one of them");
    }
  }
  require(settings.webhooks.size() <= most_webhooks, "webhooks are bounded");
  for (const webhook_settings& one : settings.webhooks)
    require(!one.name.empty() && one.name.size() <= longest_webhook_name && one.allow.size() <= most_allowed_networks,
            "so is what a webhook has");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto settings = parse_node_settings(fuzz::text_of(data, size), "fuzz.toml");
  if (!settings) {
    require(settings.failure().code == errc::bad_profile, "what is refused are bad settings");
    require(settings.failure().message.find("fuzz.toml") != std::string::npos, "the message names the file");
    require(settings.failure().message.find('\n') == std::string::npos, "the message is one line");
    return 0;
  }
  check_bounds(*settings);
  const std::string said = describe_node_settings(*settings);
  const auto again = parse_node_settings(said, "said.toml");
  require(static_cast<bool>(again), "what settings say can be read");
  require(describe_node_settings(*again) == said, "and says the same");
  return 0;
}
