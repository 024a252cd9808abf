// A rule pack of any bytes is refused with a reason, or has limits in order. A message of any entries gives each of
// them a verdict that does not depend on their order.

#include "config/rule_settings.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace gridtwin;
using fuzz::require;

/// Of what is believed of feeders, whatever their rating and their meters.
void check_feeders(const rule_settings& settings) {
  if (!settings.feeders)
    return;
  meter_kinds expected{};
  const auto limit_wh = [&](std::int64_t rating_ma) {
    return feeder_limit_wh(*settings.feeders, settings.energy, rating_ma, expected);
  };
  require(limit_wh(0) == settings.feeders->unrated_wh, "nothing is expected of no meters");
  for (const std::int64_t rating_ma : {1, 630'000}) {
    expected = {};
    const std::int64_t rated = limit_wh(rating_ma);
    require(rated >= 0, "a limit is no less than nothing");
    for (auto& segments : expected) {
      const std::int64_t before = limit_wh(0);
      segments.fill(1000);
      require(limit_wh(0) >= before, "more meters may sum more");
    }
    require(limit_wh(rating_ma) == limit_wh(0), "a rating counts for nothing at a high voltage");
  }
}

void check_settings(std::string_view text) {
  const auto settings = parse_rule_settings(text, "fuzz.toml");
  if (!settings) {
    require(settings.failure().code == errc::bad_profile, "what is refused is a bad pack");
    require(settings.failure().message.find("fuzz.toml") != std::string::npos, "the message names the file");
    require(settings.failure().message.find('\n') == std::string::npos, "the message is one line");
    return;
  }
  require(settings->version >= 1, "a pack has a version");
  for (const auto& segments : settings->energy)
    for (const energy_limit& limit : segments)
      require(limit.alarm_wh >= 0 && limit.alarm_wh <= limit.maximum_wh, "what is rejected raises no alarm");
  check_feeders(*settings);
}

/// Two bytes of a day, then three bytes an entry: half hours since midnight, seconds, value.
void check_entries(std::string_view bytes) {
  constexpr std::size_t bytes_of_day = 2;
  constexpr std::size_t bytes_of_entry = 3;
  constexpr std::int64_t midnight_s = 20'000LL * 86'400;
  if (bytes.size() < bytes_of_day)
    return;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  consumption_message message;
  message.days.resize(1);
  consumption_day& day = message.days.front();
  day.day_s = midnight_s + byte(0) * 60;
  day.duration_minutes = byte(1);
  const std::size_t most = bytes_of_day + 400 * bytes_of_entry;
  for (std::size_t at = bytes_of_day; at + bytes_of_entry <= std::min(bytes.size(), most); at += bytes_of_entry)
    day.entries.push_back({midnight_s + byte(at) * std::int64_t{1800} + byte(at + 1), {byte(at + 2), actual, {}}});
  connection meter;
  message_context context;
  context.rows = std::span(&meter, 1);
  const auto outcomes_of = [&] {
    std::multiset<std::tuple<std::int64_t, std::int64_t, verdict>> out;
    const auto outcomes = check_message(message, context, {});
    require(outcomes.size() == day.entries.size(), "each entry has a verdict");
    std::set<std::int64_t> accepted;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      out.emplace(day.entries[i].end_s, day.entries[i].content.wh, outcomes[i].verdict);
      if (outcomes[i].verdict == verdict::accepted)
        require(accepted.insert(day.entries[i].end_s).second, "a half hour is accepted once");
    }
    require(accepted.size() <= periods_per_day, "a day has 48 half hours");
    return out;
  };
  const auto before = outcomes_of();
  std::reverse(day.entries.begin(), day.entries.end());
  require(outcomes_of() == before, "verdicts do not depend on the order");
}

} // namespace

/// A zero byte and a message, or a rule pack.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = fuzz::text_of(data, size);
  if (all.starts_with('\0'))
    check_entries(all.substr(1));
  else
    check_settings(all);
  return 0;
}
