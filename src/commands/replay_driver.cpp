#include "src/commands/replay_driver.hpp"

#include "actors/commit_writer.hpp"
#include "actors/transformer.hpp"
#include "src/commands/block_decoder.hpp"
#include "src/commands/interrupt.hpp"
#include "twins/bounds.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace gridtwin {

namespace {

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

} // namespace

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

} // namespace gridtwin
