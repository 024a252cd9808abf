#include "src/commands/replay_run.hpp"

#include "actors/commit_writer.hpp"
#include "actors/transformer.hpp"
#include "src/commands/actor_system_options.hpp"
#include "src/commands/block_decoder.hpp"
#include "src/commands/interrupt.hpp"
#include "src/commands/readings_sequencer.hpp"
#include "src/commands/source_blocks.hpp"
#include "src/store/gap_scan.hpp"
#include "src/store/moved_readings.hpp"
#include "src/store/store_reader.hpp"
#include "twins/bounds.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <unordered_map>

namespace gridtwin {

namespace {

/// Days that the store has, by transformer, when the run begins.
struct stored_days_list {
  std::vector<std::vector<utc_day>> all;
  std::vector<std::vector<utc_day>> unsummarised;
};

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

/// Feeds the run: reads sources, hands blocks to decoders and groups to transformers, waits for what is durable. Runs
/// in the caller's thread.
class replay_driver {
public:
  using progress_function = std::function<void(const replay_progress&)>;

  replay_driver(const replay_plan& plan, stored_days_list stored, std::shared_ptr<run_context> run,
                const std::shared_ptr<store_writer>& store, caf::actor_system& system,
                const progress_function& progress);
  ~replay_driver();
  replay_driver(const replay_driver&) = delete;
  replay_driver& operator=(const replay_driver&) = delete;

  replay_outcome drive();

private:
  void read_ahead();
  void wait();
  void dispatch();
  void release_when_full();
  void summarise();
  void note(const transformer_report& report);
  const caf::actor& transformer_at(std::uint32_t index);
  void stop(error reason);
  void show_progress(bool finishing);

  const replay_plan& plan_;
  stored_days_list stored_;
  std::shared_ptr<run_context> run_;
  caf::actor_system& system_;
  caf::scoped_actor self_;
  const progress_function& progress_;
  std::shared_ptr<const meter_index> meters_;
  source_blocks blocks_;
  readings_sequencer sequencer_;
  std::vector<caf::actor> decoders_;
  std::vector<caf::actor> transformers_;
  caf::actor writer_;
  std::int64_t open_days_limit_ = 0;
  struct group_in_flight {
    std::vector<transformer_index> touched;
    std::size_t readings = 0;
  };
  std::map<std::uint64_t, group_in_flight> in_flight_; ///< by number
  std::size_t readings_out_ = 0;                       ///< of the groups in flight

  std::size_t blocks_out_ = 0; ///< being decoded
  std::uint64_t groups_sent_ = 0;
  std::uint64_t groups_done_ = 0;
  std::uint64_t last_release_ = 0;
  std::size_t summaries_out_ = 0;
  bool summaries_durable_ = false;
  bool store_failed_ = false;
  replay_outcome outcome_;
};

std::vector<std::uint32_t> source_numbers(const replay_plan& plan, const store_writer& store) {
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < plan.sources.size(); ++i)
    numbers.push_back(store.source_number(i));
  return numbers;
}

std::int64_t meter_quantities(const estate& e) {
  std::int64_t sum = 0;
  for (const connection& c : e.connections)
    sum += std::popcount(c.quantities);
  return sum;
}

replay_driver::replay_driver(const replay_plan& plan, stored_days_list stored, std::shared_ptr<run_context> run,
                             const std::shared_ptr<store_writer>& store, caf::actor_system& system,
                             const progress_function& progress)
  : plan_(plan), stored_(std::move(stored)), run_(std::move(run)), system_(system), self_(system), progress_(progress),
    meters_(plan.meters), blocks_(plan.sources, plan.profile, plan.meters, plan.decode),
    sequencer_(plan.meters, source_numbers(plan, *store)), transformers_(plan.estate->transformers.size()),
    open_days_limit_(bounds::open_days_limit(meter_quantities(*plan.estate))) {
  outcome_.faults.resize(plan.estate->connections.size());
  for (std::size_t i = 0; i < plan.threads; ++i)
    self_->monitor(decoders_.emplace_back(system.spawn<block_decoder>()));
  const caf::actor owner = caf::actor_cast<caf::actor>(self_);
  writer_ = system.spawn<caf::detached>(commit_writer, commit_writer_options{run_, store, owner});
  self_->monitor(writer_);
}

replay_driver::~replay_driver() {
  // Every actor is ended before the system goes, which would wait for a living one.
  for (const auto* group : {&decoders_, &transformers_})
    for (const caf::actor& a : *group)
      if (a)
        caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(writer_, caf::exit_reason::user_shutdown);
}

void replay_driver::stop(error reason) {
  if (!outcome_.stopped_by)
    outcome_.stopped_by = std::move(reason);
  blocks_.stop();
}

void replay_driver::show_progress(bool finishing) {
  progress_({blocks_.bytes_done(), blocks_.bytes_total(),
             static_cast<std::uint64_t>(std::max<std::int64_t>(outcome_.counts.readings(), 0)), finishing});
}

void replay_driver::read_ahead() {
  if (interrupted())
    stop({errc::interrupted, "interrupted: what was committed stays; run the same command again to go on"});
  while (blocks_out_ + sequencer_.waiting() < bounds::blocks_in_flight(plan_.threads)
         && bounds::may_go_on(groups_sent_ - groups_done_, readings_out_)) {
    auto block = blocks_.next();
    if (!block)
      return stop(block.failure());
    if (!*block)
      return;
    ++blocks_out_;
    const std::size_t to = (*block)->number % decoders_.size();
    self_->send(decoders_[to], std::move(**block));
  }
}

const caf::actor& replay_driver::transformer_at(std::uint32_t index) {
  caf::actor& at = transformers_[index];
  if (!at)
    at = system_.spawn(
      transformer, transformer_options{
                     run_, {index}, writer_, std::move(stored_.all[index]), std::move(stored_.unsummarised[index])});
  if (at)
    self_->monitor(at);
  return at;
}

void replay_driver::dispatch() {
  const std::size_t readings = sequencer_.size();
  std::vector<reading_batch> batches = sequencer_.take_group();
  std::vector<kept_reject> rejects = keep_early_rejects(batches, *meters_, outcome_.counts, outcome_.faults);
  const auto group = std::make_shared<reading_group>(++groups_sent_, std::move(batches), std::move(rejects));
  const std::span touched = group->transformers();
  in_flight_.emplace(group->number(), group_in_flight{std::vector(touched.begin(), touched.end()), readings});
  readings_out_ += readings;
  if (touched.empty())
    self_->send(writer_, group_assessed{group});
  const caf::message work = caf::make_message(assess_group{group}); // one for all
  for (const transformer_index t : touched)
    self_->send(transformer_at(t.value), work);
}

void replay_driver::release_when_full() {
  if (run_->open_days.load(std::memory_order_relaxed) <= open_days_limit_
      || groups_done_ < last_release_ + bounds::groups_of_use || groups_done_ <= bounds::groups_of_use)
    return;
  last_release_ = groups_done_;
  for (const caf::actor& t : transformers_)
    if (t)
      self_->send(t, release_days{groups_done_ - bounds::groups_of_use});
}

void replay_driver::note(const transformer_report& report) {
  for (const auto& meter : report.faults)
    outcome_.faults[meter.connection.value] += meter.faults;
  if (report.peak)
    outcome_.most_loaded.push_back({report.transformer, *report.peak, report.peak_wh});
}

void replay_driver::wait() {
  self_->receive(
    [&](decoded_text& block) {
      --blocks_out_;
      if (block.failure)
        return stop(*block.failure); // what stands before it in the file is still taken
      sequencer_.add(std::move(block));
      if (sequencer_.group_full())
        dispatch();
    },
    [&](const group_committed& done) {
      groups_done_ = done.group;
      outcome_.counts += *done.counts;
      const group_in_flight& group = in_flight_.at(done.group);
      for (const transformer_index t : group.touched)
        self_->send(transformers_[t.value], forget_durable{});
      readings_out_ -= group.readings;
      in_flight_.erase(done.group);
      release_when_full();
      show_progress(false);
    },
    [&](const store_failed& failed) {
      stop(failed.reason);
      outcome_.stopped_by = failed.reason; // matters more than what may have stopped the run before
      store_failed_ = true;
    },
    [&](const summary_taken& taken) {
      if (taken.part->finished) {
        --summaries_out_;
        note(taken.part->report);
      } else {
        self_->send(transformers_[taken.part->transformer.value], summarise_days{groups_sent_});
      }
      show_progress(true);
    },
    [&](const summaries_committed&) { summaries_durable_ = true; },
    [&](const caf::down_msg& down) {
      // The writer goes after it has said why; of any other the run would wait for an answer that never comes.
      if (!store_failed_)
        stop({errc::store_failed, "a part of the program failed (" + system_.render(down.reason)
                                    + "): what was committed stays; run the same command again to go on"});
      store_failed_ = true;
    });
}

void replay_driver::summarise() {
  for (std::uint32_t t = 0; t < transformers_.size() && !store_failed_; ++t) {
    if (!transformers_[t] && stored_.unsummarised[t].empty())
      continue;
    self_->send(transformer_at(t), summarise_days{groups_sent_});
    ++summaries_out_;
    while (summaries_out_ >= bounds::summaries_in_flight(plan_.threads) && !store_failed_)
      wait();
  }
  while (summaries_out_ > 0 && !store_failed_)
    wait();
  self_->send(writer_, flush_summaries{});
  while (!summaries_durable_ && !store_failed_)
    wait();
}

replay_outcome replay_driver::drive() {
  for (;;) {
    read_ahead();
    if (store_failed_ || (blocks_out_ == 0 && blocks_.at_end()))
      break;
    wait();
  }
  if (!store_failed_) {
    sequencer_.finish();
    if (sequencer_.size() > 0)
      dispatch();
  }
  // Days are hashed as soon as their transformer has judged its part of the last groups, while those are committed.
  if (!store_failed_ && !interrupted())
    summarise();
  while (groups_done_ < groups_sent_ && !store_failed_)
    wait();
  return std::move(outcome_);
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
