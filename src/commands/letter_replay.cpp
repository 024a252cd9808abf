#include "src/commands/letter_replay.hpp"

#include "src/ingest/estate_files.hpp"
#include "src/ingest/estate_settlement.hpp"
#include "src/replay/replay_run.hpp"
#include "src/replay/rule_binding.hpp"
#include "src/store/audit.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace gridtwin {

namespace {

/// A run by what the store has bound, of no sources.
result<replay_plan> plan_of(const store_folder& folder) {
  auto database = folder.connect_reader();
  if (!database)
    return database.failure();
  auto bytes = read_bound_estate(*database);
  if (!bytes)
    return bytes.failure();
  auto parsed = parse_estate({bytes->transformers, bytes->feeders, bytes->meters}, "the store's estate");
  if (!parsed)
    return parsed.failure();
  replay_plan plan;
  plan.estate = std::make_shared<const estate>(std::move(*parsed));
  plan.meters = std::make_shared<const meter_index>(plan.estate);
  const auto inputs = parse_settlement_files(bytes->optional, *plan.meters, "the store's estate");
  if (!inputs)
    return inputs.failure();
  plan.appointed = appointed_ranges(*plan.estate, *inputs);
  plan.estate_files = std::make_shared<const estate_bytes>(std::move(*bytes));
  const auto rules = bind_rules(*database, {});
  if (!rules)
    return rules.failure();
  plan.limits.energy = rules->pack.settings.energy;
  plan.options_text = "{\"deadletters\":\"replay\"," + describe_rules(*rules) + "}";
  plan.threads = std::max(1U, std::thread::hardware_concurrency());
  return plan;
}

} // namespace

result<played_letters> play_letters(const store_folder& folder, std::vector<kept_letter> letters, const acting& by) {
  auto plan = plan_of(folder);
  if (!plan)
    return plan.failure();
  played_letters out;
  std::string subject;
  std::map<std::optional<std::int64_t>, std::vector<kept_letter>> by_known_time; // a run knows one
  for (kept_letter& letter : letters) {
    subject += (subject.empty() ? "" : " ") + std::to_string(letter.id);
    const auto meter = parse_mpan(letter.letter.input.meter);
    if (meter && plan->meters->find(*meter))
      by_known_time[letter.known.at_s].push_back(std::move(letter));
    else
      ++out.unknown_meters;
  }
  constexpr std::size_t shown_ids = 4'000;
  if (subject.size() > shown_ids)
    subject = subject.substr(0, shown_ids) + " ...";
  if (auto recorded = record_act(folder, {by.at_s, by.who, "replay-letters", subject, by.why}); !recorded)
    return recorded.failure();
  for (auto& [known, some] : by_known_time) {
    plan->known = {known};
    plan->letters = std::move(some);
    const auto outcome = run_replay(
      *plan, folder, [](const replay_progress&) {}, [](const known_estate&) {});
    if (!outcome)
      return outcome.failure();
    if (outcome->stopped_by)
      return *outcome->stopped_by;
    out.counts += outcome->counts;
    out.supervision += outcome->supervision;
  }
  return out;
}

} // namespace gridtwin
