#include "src/replay/replay_run.hpp"

#include "src/replay/actor_system_options.hpp"
#include "src/replay/planted_faults.hpp"
#include "src/replay/replay_driver.hpp"
#include "src/replay/run_supervision.hpp"
#include "src/store/gap_scan.hpp"
#include "src/store/moved_readings.hpp"
#include "src/store/store_reader.hpp"

#include <caf/actor_system.hpp>

#include <optional>
#include <utility>

namespace gridtwin {

namespace {

/// What the actors of a run refer to, and they themselves.
struct replay_session {
  replay_session(std::size_t threads, const store_folder& folder, std::unique_ptr<run_supervision> watching)
    : supervision(std::move(watching)), days(folder), config(threads), system(config) {}

  std::unique_ptr<run_supervision> supervision;
  stored_days days;
  actor_system_options config;
  caf::actor_system system;
  std::optional<replay_driver> driver;
};

std::vector<std::pair<std::string_view, std::int64_t>> counters_of(const supervision_tally& t) {
  const auto number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  std::vector<std::pair<std::string_view, std::int64_t>> out{
    {"twin-restarts-threw", number(t.twins.restarts[index_of(death_reason::threw)])},
    {"twin-restarts-killed", number(t.twins.restarts[index_of(death_reason::killed)])},
    {"transformer-restarts", number(t.transformer_restarts)},
    {"decoder-restarts", number(t.decoder_restarts)},
    {"twins-parked", number(t.twins.parked)},
    {"escalations", number(t.twins.escalations)},
    {"dead-letters-settled", number(t.settled_letters)}};
  static constexpr std::array<std::string_view, letter_cause_count> names{
    "dead-letters-threw", "dead-letters-process-died", "dead-letters-twin-parked"};
  for (std::size_t i = 0; i < names.size(); ++i)
    out.emplace_back(names[i], number(t.letters[i]));
  return out;
}

/// After a run that went well the process ends soon, with all that it has: to take its twins down one by one before
/// would cost a thirtieth of the run. They have nothing to do any more.
void leave_running(std::unique_ptr<replay_session> session) {
  static auto* const left = new std::vector<replay_session*>(); // still pointed at, and so no leak
  left->push_back(session.release());
}

} // namespace

result<replay_outcome> run_replay(const replay_plan& plan, const store_folder& folder,
                                  const std::function<void(const replay_progress&)>& progress,
                                  const std::function<void(const known_estate&)>& finished) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  auto binding = bind_topology(*database, *plan.estate, *plan.estate_files);
  if (!binding)
    return binding.failure();
  if (auto moved = move_readings(folder, *plan.estate, *plan.estate_files, *binding); !moved)
    return moved.failure();
  auto stored = list_stored_days(folder, binding->topology);
  if (!stored)
    return stored.failure();
  auto supervision = run_supervision::begin(folder, plan);
  if (!supervision)
    return supervision.failure();
  std::vector<std::string> names;
  for (const source& s : plan.sources)
    names.push_back(s.name);
  auto store = store_writer::open(
    folder, {plan.options_text, names, binding->change, plan.estate_files, plan.known, plan.binds_rules});
  if (!store)
    return store.failure();
  const auto writer = std::make_shared<store_writer>(std::move(*store));
  auto session = std::make_unique<replay_session>(plan.threads, folder, std::move(*supervision));
  auto run = std::make_shared<run_context>();
  run->estate = plan.estate;
  run->topology = std::make_shared<const topology>(std::move(binding->topology));
  run->meters_across = meters_across_transformers(*plan.estate);
  run->limits = plan.limits;
  run->appointed = plan.appointed;
  run->run = writer->run();
  run->known = plan.known;
  run->days = &session->days;
  plant_faults(*run);
  session->supervision->take_part(*run, source_numbers(plan, *writer));
  replay_outcome outcome = session->driver
                             .emplace(
                               plan, std::move(*stored), run, writer, session->system,
                               [&folder, run] { return list_stored_days(folder, *run->topology); }, progress)
                             .drive();
  const auto can_write = [&outcome] { return !outcome.stopped_by || outcome.stopped_by->code != errc::store_failed; };
  if (can_write()) // a run that was stopped keeps what it committed, and so what it counted
    if (auto counted = writer->commit_counters(counters_of(outcome.supervision)); !counted)
      outcome.stopped_by = counted.failure();
  if (run->before_commit != nullptr)
    run->before_commit();
  if (can_write())
    if (auto closed = writer->close(); !closed)
      outcome.stopped_by = closed.failure();
  const bool all_durable = !outcome.stopped_by || outcome.stopped_by->code == errc::interrupted;
  if (auto ended = session->supervision->end(!outcome.stopped_by, all_durable); !ended && !outcome.stopped_by)
    outcome.stopped_by = ended.failure();
  if (!outcome.stopped_by)
    finished({run->estate, run->topology, run->meters_across, binding->change.hash});
  if (!outcome.stopped_by && !plan.live)
    leave_running(std::move(session));
  return outcome;
}

} // namespace gridtwin
