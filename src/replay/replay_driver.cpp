#include "src/replay/replay_driver.hpp"

#include "actors/commit_writer.hpp"
#include "actors/transformer.hpp"
#include "src/process/clock.hpp"
#include "src/process/interrupt.hpp"
#include "src/replay/letter_batches.hpp"
#include "twins/bounds.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace gridtwin {

std::vector<std::uint32_t> source_numbers(const replay_plan& plan, const store_writer& store) {
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < plan.sources.size(); ++i)
    numbers.push_back(store.source_number(i));
  return numbers;
}

namespace {

std::int64_t meter_quantities(const estate& e) {
  std::int64_t sum = 0;
  for (const connection& c : e.connections)
    sum += std::popcount(c.quantities);
  return sum;
}

/// A replay has no time, a node has.
run_transformers::clock_function clock_of(const replay_plan& plan) {
  if (!plan.live)
    return {};
  return [] { return monotonic_time(std::chrono::microseconds(monotonic_us())); };
}

} // namespace

replay_driver::replay_driver(const replay_plan& plan, stored_days_list stored, std::shared_ptr<run_context> run,
                             const std::shared_ptr<store_writer>& store, caf::actor_system& system,
                             run_transformers::reload_function reload, const progress_function& progress)
  : plan_(plan), run_(std::move(run)), system_(system), self_(system), progress_(progress), meters_(plan.meters),
    blocks_(plan.sources, plan.format, plan.meters), sequencer_(plan.meters, source_numbers(plan, *store)),
    decoders_(*run_, plan.sources, self_, bounds::blocks_in_flight(plan.threads)),
    writer_(system.spawn<caf::detached>(commit_writer,
                                        commit_writer_options{run_, store, caf::actor_cast<caf::actor>(self_)})),
    transformers_(run_, writer_, std::move(stored), self_, std::move(reload), clock_of(plan)),
    open_days_limit_(bounds::open_days_limit(meter_quantities(*plan.estate))) {
  outcome_.faults.resize(plan.estate->connections.size());
  self_->monitor(writer_);
  if (plan.live)
    intake_.emplace(*plan.live->feed, plan.meters, *run_->topology, store->sources(), store->next_source(),
                    run_->sources, run_->limits);
}

replay_driver::~replay_driver() {
  // Every actor is ended before the system goes, which would wait for a living one.
  caf::anon_send_exit(writer_, caf::exit_reason::user_shutdown);
}

void replay_driver::stop(error reason) {
  if (!outcome_.stopped_by)
    outcome_.stopped_by = std::move(reason);
  blocks_.stop();
}

bool replay_driver::stopped_by_user() {
  if (interrupted())
    stop({errc::interrupted, "interrupted: what was committed stays; run the same command again to go on"});
  return interrupted();
}

void replay_driver::show_progress(bool finishing) {
  progress_({blocks_.bytes_done(), blocks_.bytes_total(),
             static_cast<std::uint64_t>(std::max<std::int64_t>(outcome_.counts.readings(), 0)), finishing,
             &outcome_.counts});
}

void replay_driver::read_ahead() {
  (void)stopped_by_user();
  while (decoders_.in_hand() + sequencer_.waiting() < bounds::blocks_in_flight(plan_.threads)
         && bounds::may_go_on(groups_sent_ - groups_done_, readings_out_)) {
    auto block = blocks_.next();
    if (!block)
      return stop(block.failure());
    if (!*block)
      return;
    decoders_.decode(std::move(**block));
  }
}

void replay_driver::dispatch(std::vector<reading_batch> batches, std::size_t readings) {
  std::vector<kept_reject> rejects = keep_early_rejects(batches, *meters_, outcome_.counts, outcome_.faults);
  const auto group = std::make_shared<reading_group>(++groups_sent_, std::move(batches), std::move(rejects));
  readings_of_.emplace(group->number(), readings);
  readings_out_ += readings;
  if (intake_)
    intake_->prepare(group);
  if (group->transformers().empty())
    self_->send(writer_, group_assessed{group});
  transformers_.assess(group);
}

void replay_driver::dispatch_gathered() {
  const std::size_t readings = sequencer_.size();
  dispatch(sequencer_.take_group(), readings);
}

/// Dead letters, which need no decoding.
void replay_driver::dispatch_letters() {
  const std::span all(plan_.letters);
  for (std::size_t first = 0; first < all.size() && !store_failed_ && !stopped_by_user();
       first += bounds::letters_in_group) {
    const std::size_t count = std::min(bounds::letters_in_group, all.size() - first);
    dispatch(batches_of(all.subspan(first, count), *meters_), count);
    while (!bounds::may_go_on(groups_sent_ - groups_done_, readings_out_) && !store_failed_)
      wait();
  }
}

/// What waits in the feed: taken as soon as there is room for a group, so that a commit is shared by what has come
/// while the one before it was under way.
void replay_driver::dispatch_submissions() {
  while (bounds::may_go_on(groups_sent_ - groups_done_, readings_out_) && !store_failed_) {
    submission_intake::taken taken = intake_->take(groups_sent_ + 1, bounds::submitted_readings);
    if (taken.readings == 0)
      return;
    dispatch(std::move(taken.batches), taken.readings);
  }
}

/// One list at a time: what comes meanwhile goes together.
void replay_driver::dispatch_acts() {
  if (!plan_.live || !plan_.live->acts || acts_out_ > 0 || store_failed_)
    return;
  auto acts = std::make_shared<const std::vector<audit_event>>(plan_.live->acts());
  if (acts->empty())
    return;
  ++acts_out_;
  self_->send(writer_, record_acts{std::move(acts)});
}

/// Files and submissions, until the files are read and there is nobody to wait for.
void replay_driver::take_readings() {
  if (plan_.live)
    plan_.live->feed->on_waiting(
      [to = caf::actor_cast<caf::actor>(self_)] { caf::anon_send(to, submissions_waiting{}); });
  const auto may_wait = plan_.live ? std::optional(std::chrono::milliseconds(100)) : std::nullopt;
  while (!store_failed_) {
    read_ahead();
    if (intake_)
      dispatch_submissions();
    dispatch_acts();
    if (store_failed_)
      break;
    if (decoders_.in_hand() == 0 && blocks_.at_end()) {
      sequencer_.finish();
      if (sequencer_.size() > 0)
        dispatch_gathered();
      if (!plan_.live || interrupted() || plan_.live->over())
        break;
    }
    wait(may_wait);
  }
  if (plan_.live)
    plan_.live->feed->on_waiting({});
}

void replay_driver::release_when_full() {
  if (run_->open_days.load(std::memory_order_relaxed) <= open_days_limit_
      || groups_done_ < last_release_ + bounds::groups_of_use || groups_done_ <= bounds::groups_of_use)
    return;
  last_release_ = groups_done_;
  transformers_.release(groups_done_ - bounds::groups_of_use);
}

void replay_driver::note(const transformer_report& report) {
  for (const auto& meter : report.faults)
    outcome_.faults[meter.connection.value] += meter.faults;
  if (report.peak)
    outcome_.most_loaded.push_back({report.transformer, *report.peak, report.peak_wh});
}

/// For the next thing that happens, or until a pause is over; `most`: no longer than that.
void replay_driver::wait(std::optional<std::chrono::milliseconds> most) {
  if (const auto pause = transformers_.next_due()) {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*pause);
    most = std::min(most.value_or(whole), whole);
  }
  const auto receive = [&](auto&&... last) {
    self_->receive(
      [&](decoded_text& block) {
        if (!decoders_.decoded(block))
          return;
        if (block.failure)
          return stop(*block.failure); // what stands before it in the file is still taken
        sequencer_.add(std::move(block));
        if (sequencer_.group_full())
          dispatch_gathered();
      },
      [&](const group_committed& done) {
        groups_done_ = done.group;
        outcome_.counts += *done.counts;
        outcome_.supervision += *done.supervision;
        readings_out_ -= readings_of_.at(done.group);
        readings_of_.erase(done.group);
        if (intake_)
          intake_->committed(done.group);
        if (auto kept = transformers_.committed(done.group, done.supervision->parked); !kept)
          return give_up(kept.failure());
        release_when_full();
        show_progress(false);
      },
      [&](const store_failed& failed) {
        stop(failed.reason);
        outcome_.stopped_by = failed.reason; // matters more than what may have stopped the run before
        store_failed_ = true;
      },
      [&](const summary_taken& taken) {
        if (!transformers_.is_current(*taken.part))
          return;
        days_summarised_ += taken.part->days;
        if (taken.part->finished) {
          days_summarised_ += taken.part->days == 0 ? 1 : 0;
          --summaries_out_;
          transformers_.summarised(taken.part->transformer);
          note(taken.part->report);
        } else {
          transformers_.summarise(taken.part->transformer, groups_sent_);
        }
        show_progress(true);
      },
      [&](const summaries_committed&) { summaries_durable_ = true; }, [&](const acts_recorded&) { --acts_out_; },
      [&](const caf::down_msg& down) { ended(down); }, [](const submissions_waiting&) {}, last...);
  };
  if (most)
    receive(caf::after(*most) >> [] {});
  else
    receive();
  if (store_failed_)
    return;
  if (auto started = transformers_.start_due(); !started)
    give_up(started.failure());
}

/// Of the writer, which says why before it goes, or of a decoder or a transformer, which another takes the place of.
void replay_driver::ended(const caf::down_msg& down) {
  if (store_failed_)
    return;
  const auto decoder = decoders_.ended(down);
  if (!decoder)
    return stop(decoder.failure()); // what stands before it in the file is still taken
  if (*decoder)
    return;
  const auto again = transformers_.ended(down);
  if (!again)
    return give_up(again.failure());
  if (!*again)
    give_up({errc::store_failed, "a part of the program failed (" + system_.render(down.reason)
                                   + "): what was committed stays; run the same command again to go on"});
}

/// Nothing more can be judged or committed, which matters more than what may have stopped the run before.
void replay_driver::give_up(error reason) {
  stop(reason);
  outcome_.stopped_by = std::move(reason);
  store_failed_ = true;
}

/// All of them, or, where a sender waits for the next run, as many as it may wait for: days without a summary are
/// marked, readers make their own.
void replay_driver::summarise() {
  const auto all = static_cast<std::uint32_t>(transformers_.size());
  std::uint32_t* const from = plan_.live ? plan_.live->summarised_from : nullptr;
  const std::uint32_t first = from != nullptr ? *from : 0;
  for (std::uint32_t passed = 0; passed < all && !store_failed_ && !stopped_by_user(); ++passed) {
    const transformer_index t{(first + passed) % all};
    if (!transformers_.has_work(t))
      continue;
    // Of those that are asked at least a day is to come.
    const std::size_t days = days_summarised_ + summaries_out_;
    if (plan_.live && days >= bounds::days_summarised_while_waited_for && plan_.live->feed->has_waiting()) {
      if (from != nullptr)
        *from = t.value;
      break;
    }
    transformers_.summarise(t, groups_sent_);
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
  dispatch_letters();
  take_readings();
  // Days are hashed as soon as their transformer has judged its part of the last groups, while those are committed.
  if (!store_failed_ && !stopped_by_user())
    summarise();
  while ((groups_done_ < groups_sent_ || acts_out_ > 0) && !store_failed_)
    wait();
  outcome_.supervision.transformer_restarts = transformers_.restarts(); // one waits for commits, so not when it is told
  outcome_.supervision.decoder_restarts = decoders_.restarts();
  return std::move(outcome_);
}

} // namespace gridtwin
