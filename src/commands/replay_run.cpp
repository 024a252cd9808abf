#include "src/commands/replay_run.hpp"

#include "src/commands/actor_system_options.hpp"
#include "src/commands/replay_driver.hpp"
#include "src/store/gap_scan.hpp"
#include "src/store/moved_readings.hpp"
#include "src/store/store_reader.hpp"

#include <caf/actor_system.hpp>

#include <optional>
#include <unordered_map>
#include <utility>

namespace gridtwin {

namespace {

result<stored_days_list> list_stored_days(const store_folder& folder, const topology& names) {
  auto reader = store_reader::open(folder);
  if (!reader)
    return reader.failure();
  std::unordered_map<std::uint32_t, std::uint32_t> index_of_number;
  for (std::uint32_t i = 0; i < names.number_of.size(); ++i)
    index_of_number.emplace(names.number_of[i].value, i);
  stored_days_list out;
  out.all.resize(names.number_of.size());
  out.unsummarised.resize(names.number_of.size());
  const auto listed = reader->for_each_day([&](transformer_number t, utc_day day, bool summarised) {
    const auto at = index_of_number.find(t.value);
    if (at == index_of_number.end())
      return;
    out.all[at->second].push_back(day);
    if (!summarised)
      out.unsummarised[at->second].push_back(day);
  });
  if (!listed)
    return listed.failure();
  return out;
}

/// What the actors of a run refer to, and they themselves.
struct replay_session {
  replay_session(std::size_t threads, const store_folder& folder) : days(folder), config(threads), system(config) {}

  stored_days days;
  actor_system_options config;
  caf::actor_system system;
  std::optional<replay_driver> driver;
};

/// After a run that went well the process ends, with all that it has: to take its twins down one by one before would
/// cost a thirtieth of the run. They have nothing to do any more.
void leave_running(std::unique_ptr<replay_session> session) {
  static replay_session* volatile left = session.release(); // still pointed at, and so no leak
  static_cast<void>(left);
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
  std::vector<std::string> names;
  for (const source& s : plan.sources)
    names.push_back(s.name);
  auto store = store_writer::open(
    folder, {plan.options_text, names, binding->change, plan.estate_files, plan.known, plan.binds_rules});
  if (!store)
    return store.failure();
  const auto writer = std::make_shared<store_writer>(std::move(*store));
  auto session = std::make_unique<replay_session>(plan.threads, folder);
  auto run = std::make_shared<run_context>();
  run->estate = plan.estate;
  run->topology = std::make_shared<const topology>(std::move(binding->topology));
  run->meters_across = meters_across_transformers(*plan.estate);
  run->limits = plan.limits;
  run->appointed = plan.appointed;
  run->run = writer->run();
  run->known = plan.known;
  run->days = &session->days;
  replay_outcome outcome =
    session->driver.emplace(plan, std::move(*stored), run, writer, session->system, progress).drive();
  if (!outcome.stopped_by || outcome.stopped_by->code != errc::store_failed)
    if (auto closed = writer->close(); !closed)
      outcome.stopped_by = closed.failure();
  if (!outcome.stopped_by)
    finished({run->estate, run->topology, run->meters_across, binding->change.hash});
  if (!outcome.stopped_by)
    leave_running(std::move(session));
  return outcome;
}

} // namespace gridtwin
