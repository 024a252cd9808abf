#include "src/node/node_run.hpp"

#include "config/printable_text.hpp"
#include "src/process/interrupt.hpp"
#include "src/replay/rule_binding.hpp"
#include "src/replay/run_inputs.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace gridtwin {

result<node_run> node_run::prepare(node_settings settings, surroundings s) {
  auto format = format_called(settings.inbox_format);
  if (!format)
    return format.failure();
  replay_plan estate;
  if (auto loaded = load_estate(settings.estate, estate); !loaded)
    return loaded.failure();
  auto folder = store_folder::for_writing(settings.store);
  if (!folder)
    return folder.failure();
  node_run out(std::move(settings), std::move(s), std::move(*folder));
  out.format_ = std::move(*format);
  out.meters_->replace(estate.meters);
  out.estate_ = std::move(estate);
  if (!out.settings_.inbox_folder.empty()) {
    auto opened = inbox::open(out.settings_.inbox_folder);
    if (!opened)
      return opened.failure();
    out.inbox_ = std::move(*opened);
  }
  return out;
}

result<void> node_run::run() {
  status_->set_not_ready({});
  result<void> taken;
  while (taken && !interrupted())
    taken = take_turn();
  status_->set_not_ready("the node is ending");
  return taken;
}

result<void> node_run::record_last_acts() {
  for (const audit_event& act : audit_->take_all())
    if (auto recorded = record_act(folder_, act); !recorded)
      return recorded;
  return {};
}

/// The plan of a run that takes these files and what is submitted.
result<replay_plan> node_run::plan_of(std::int64_t from_s, std::vector<std::filesystem::path> files,
                                      turn_report& report) {
  if (auto loaded = load_estate(settings_.estate, *estate_); loaded) {
    meters_->replace(estate_->meters);
  } else {
    report.problem = "the estate stays as it was: " + loaded.failure().message;
  }
  replay_plan plan = *estate_;
  std::optional<rule_pack> given;
  if (!settings_.rules.empty()) {
    auto pack = read_rule_pack(settings_.rules);
    if (!pack)
      return pack.failure();
    given = std::move(*pack);
  }
  const auto rules = bind_rules(folder_, std::move(given));
  if (!rules)
    return rules.failure();
  plan.format = format_;
  plan.limits.energy = rules->pack.settings.energy;
  plan.format.rows.drift_tolerance_s = rules->pack.settings.drift_tolerance_s;
  plan.binds_rules = rules->changed;
  if (settings_.judges_by_clock())
    plan.limits.as_of_s = from_s;
  (void)close_past_final_runs(plan.limits);
  plan.known.at_s = from_s + seconds_per_period;
  plan.options_text = "{\"live\":" + json_string(format_instant(from_s))
                      + ",\"judge_by\":" + json_string(settings_.judge_by) + "," + describe_rules(*rules) + "}";
  plan.threads = settings_.threads != 0 ? static_cast<std::size_t>(settings_.threads)
                                        : std::max(1U, std::thread::hardware_concurrency());
  for (std::filesystem::path& file : files) {
    std::error_code unknown;
    const std::uintmax_t bytes = std::filesystem::file_size(file, unknown);
    const std::string name = "inbox/" + file.filename().string();
    plan.sources.push_back({std::move(file), name, unknown ? 0 : bytes, false});
  }
  return plan;
}

result<void> node_run::put_away(const std::vector<std::filesystem::path>& files, const std::string& why,
                                turn_report& report) {
  report.files = files.size();
  for (const std::filesystem::path& file : files)
    if (auto moved = inbox_->put_away(file, why); !moved)
      return moved;
  return {};
}

result<void> node_run::take_turn() {
  turn_report report;
  const std::int64_t now = now_();
  report.from_s = now - now % seconds_per_period;
  const std::int64_t end_s = report.from_s + seconds_per_period;
  std::vector<std::filesystem::path> files;
  if (inbox_) {
    auto taken = inbox_->take(now);
    if (!taken)
      return taken.failure();
    files = std::move(*taken);
    if (one_by_one_ && files.size() > 1)
      files.resize(1);
  }
  auto plan = plan_of(report.from_s, files, report);
  if (!plan)
    return plan.failure();
  if (auto readable = check_sources(*plan); !readable) {
    one_by_one_ = files.size() > 1;
    if (!one_by_one_) {
      report.problem = readable.failure().message;
      if (auto moved = put_away(files, report.problem, report); !moved)
        return moved;
      report_(report);
    }
    return {};
  }
  // A run that has files ends with them, so that they are put away when all that they hold is durable.
  plan->live = live_turn{
    feed_,
    [this, end_s, has_files = !files.empty()] { return has_files || now_() >= end_s || (inbox_ && inbox_->waiting()); },
    [this] { return audit_->take(); }, &summarised_from_};
  const auto outcome = run_replay(
    *plan, folder_, [this](const replay_progress& p) { status_->committed(*p.counts, now_()); },
    [](const known_estate&) {});
  if (!outcome)
    return outcome.failure();
  status_->run_ended(outcome->counts);
  report.counts = outcome->counts;
  if (outcome->stopped_by) {
    const error& reason = *outcome->stopped_by;
    if (reason.code == errc::interrupted)
      return {}; // files that were not read to the end are read again
    if (reason.code == errc::store_failed || files.empty())
      return reason;
    one_by_one_ = files.size() > 1;
    if (one_by_one_)
      return {};
    report.problem = reason.message;
  } else if (files.size() > 1 || (inbox_ && !inbox_->waiting())) {
    one_by_one_ = false;
  }
  if (auto moved = put_away(files, outcome->stopped_by ? report.problem : std::string(), report); !moved)
    return moved;
  report_(report);
  return {};
}

} // namespace gridtwin
