#pragma once

#include "tests/support/actor_fixture.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include "src/replay/run_transformers.hpp"
#include "src/replay/stored_days_list.hpp"

#include <caf/exit_reason.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gridtwin::testing {

/// Three transformers of two feeders and three meters each.
inline std::vector<estate_row> three_transformers() {
  std::vector<estate_row> out;
  for (std::uint64_t meter = 0; meter < 18; ++meter)
    out.push_back({"T" + std::to_string(meter / 6), meter / 3 % 2 == 0 ? "01" : "02", meter});
  return out;
}

/// A reading of a connection of `three_transformers`.
struct run_row {
  std::uint32_t connection = 0;
  int slot = 0; ///< from the test day's first on
  std::int64_t wh = 0;
  std::uint16_t version = 1;
};

/// Groups of readings over two days, some of them corrected, contradicted, repeated or refused.
inline std::vector<std::vector<run_row>> random_groups(seeded_random& random, std::size_t groups) {
  std::vector<std::vector<run_row>> out(groups);
  for (std::vector<run_row>& rows : out) {
    const std::uint32_t first = random.chance(1, 3) ? 6 : 0; // not every transformer is in every group
    for (int n = 0; n < 150; ++n)
      rows.push_back({random.between(first, 17U), random.between(0, 95),
                      random.chance(1, 20) ? -1 : random.between<std::int64_t>(0, random.chance(1, 4) ? 90'000 : 3),
                      random.between<std::uint16_t>(1, 2)});
  }
  return out;
}

/// A run as `replay` drives it, over a real store, a step at a time: transformers, their supervision, the writer. On a
/// system whose scheduler runs when told, or on threads.
class run_under_test {
public:
  /// Of a run that came to its end, or to a failure.
  struct outcome {
    run_counts counts;
    supervision_tally supervision;
    std::uint64_t acknowledged = 0; ///< groups that were told to be durable, by their number
    bool in_order = true;           ///< each once, one after the other, none after a failure
    std::optional<error> stopped_by;
    std::map<transformer_index, int> last_parts; ///< summaries that came to their end
  };
  static constexpr std::size_t groups_in_flight = 3;

  /// `now`: nothing, the run has no time.
  run_under_test(caf::actor_system& system, const store_fixture& store, run_transformers::clock_function now = {})
    : store_(&store), self_(system), days_(store.folder()),
      stepped_(dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler())) {
    const std::vector<estate_row> rows = three_transformers();
    run_ = std::make_shared<run_context>();
    run_->estate = std::make_shared<const estate>(make_estate(rows));
    run_->topology = std::make_shared<const topology>(store.bind(rows).topology);
    run_->days = &days_;
    const auto writer = std::make_shared<store_writer>(store.writer(rows, {"reads.csv"}));
    run_->run = writer->run();
    commit_writer_options options{run_, writer, caf::actor_cast<caf::actor>(self_)};
    writer_ = stepped_ != nullptr ? system.spawn(commit_writer, std::move(options))
                                  : system.spawn<caf::detached>(commit_writer, std::move(options));
    self_->monitor(writer_);
    auto stored = list_stored_days(store.folder(), *run_->topology);
    REQUIRE(stored);
    transformers_ = std::make_unique<run_transformers>(
      run_, writer_, std::move(*stored), self_, [this] { return list_stored_days(store_->folder(), *run_->topology); },
      std::move(now));
  }
  ~run_under_test() {
    for (transformer_index t{0}; t.value < transformers_->size(); ++t.value)
      end(transformers_->handle(t));
    end(writer_);
  }
  run_under_test(const run_under_test&) = delete;
  run_under_test& operator=(const run_under_test&) = delete;

  /// Which of two actors that have something to do goes on: at random, or where there is none the one that waits
  /// longest.
  seeded_random* order = nullptr;
  /// Called before each step.
  std::function<void()> before_step = [] {};
  /// Called for each group that is told to be durable.
  std::function<void()> acknowledged = [] {};
  /// Called where nobody can go on before so much time has passed.
  std::function<void(std::chrono::nanoseconds)> paused = [](std::chrono::nanoseconds) {};

  run_context& context() noexcept { return *run_; }
  caf::scoped_actor& self() noexcept { return self_; }
  const caf::actor& writer() const noexcept { return writer_; }
  const run_transformers& transformers() const noexcept { return *transformers_; }
  bool summarising() const noexcept { return summarising_; }

  void kill(transformer_index t) const {
    if (const caf::actor& victim = transformers_->handle(t))
      caf::anon_send_exit(victim, caf::exit_reason::kill);
  }

  /// Has all groups judged, committed and their days summarised.
  outcome drive(const std::vector<std::vector<run_row>>& groups) {
    while (out_.acknowledged < groups.size() && !out_.stopped_by) {
      while (sent_ < groups.size() && sent_ - out_.acknowledged < groups_in_flight) {
        transformers_->assess(group(groups[sent_], sent_ + 1));
        ++sent_;
      }
      step();
    }
    summarise();
    out_.supervision.transformer_restarts = transformers_->restarts();
    return out_;
  }

private:
  void end(const caf::actor& who) {
    if (!who)
      return;
    self_->demonitor(who);
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
    if (stepped_ != nullptr)
      stepped_->run();
    else
      self_->wait_for(who);
  }

  std::shared_ptr<reading_group> group(std::vector<run_row> rows, std::uint64_t number) const {
    const auto transformer_of = [&](const run_row& r) {
      return run_->estate->transformer_of(run_->estate->connections[r.connection]);
    };
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const run_row& a, const run_row& b) { return transformer_of(a) < transformer_of(b); });
    std::vector<reading_batch> batches(1);
    reading_batch& batch = batches.front();
    batch.source = 1;
    batch.first_line = number * 1000;
    for (const run_row& r : rows) {
      if (batch.slices.empty() || batch.slices.back().transformer != transformer_of(r))
        batch.slices.push_back({transformer_of(r), static_cast<std::uint32_t>(batch.readings.size())});
      sourced_reading s;
      s.wh = r.wh;
      s.connection = {r.connection};
      s.period = period_at(test_day, r.slot);
      s.line = batch.lines++;
      s.version = r.version;
      batch.readings.push_back(s);
    }
    return std::make_shared<reading_group>(number, std::move(batches), std::vector<kept_reject>());
  }

  void summarise() {
    summarising_ = true;
    for (transformer_index t{0}; t.value < transformers_->size() && !out_.stopped_by; ++t.value)
      if (transformers_->has_work(t)) {
        transformers_->summarise(t, sent_);
        ++summaries_out_;
      }
    while (summaries_out_ > 0 && !out_.stopped_by)
      step();
    if (out_.stopped_by)
      return;
    self_->send(writer_, flush_summaries{});
    while (!flushed_ && !out_.stopped_by)
      step();
  }

  void step() {
    before_step();
    if (stepped_ != nullptr && !run_one() && !self_->has_next_message()) {
      const auto pause = transformers_->next_due();
      REQUIRE(pause); // nobody has anything to do: the run would hang
      paused(*pause);
    }
    bool more = true;
    const auto none = [&more] { more = false; };
    const auto wait = stepped_ != nullptr ? std::chrono::milliseconds(0) : std::chrono::milliseconds(20);
    while (more)
      self_->receive(
        [&](const group_committed& done) { take(done); }, [&](const store_failed& failed) { stop(failed.reason); },
        [&](const summary_taken& taken) { take(*taken.part); }, [&](const summaries_committed&) { flushed_ = true; },
        [&](const caf::down_msg& down) { ended(down); }, caf::after(wait) >> none);
    if (auto started = transformers_->start_due(); !started)
      stop(started.failure());
  }

  bool run_one() const {
    return order != nullptr && order->chance(1, 2) ? stepped_->try_run_once_lifo() : stepped_->try_run_once();
  }

  void take(const group_committed& done) {
    out_.in_order = out_.in_order && done.group == out_.acknowledged + 1 && !out_.stopped_by;
    out_.acknowledged = done.group;
    out_.counts += *done.counts;
    out_.supervision += *done.supervision;
    if (auto kept = transformers_->committed(done.group, done.supervision->parked); !kept)
      stop(kept.failure());
    acknowledged();
  }

  void take(const summary_part::content& part) {
    if (!transformers_->is_current(part))
      return;
    if (!part.finished)
      return transformers_->summarise(part.transformer, sent_);
    ++out_.last_parts[part.transformer];
    --summaries_out_;
    transformers_->summarised(part.transformer);
  }

  void ended(const caf::down_msg& down) {
    const auto again = transformers_->ended(down);
    if (!again)
      stop(again.failure());
    else if (!*again)
      stop({errc::store_failed, "the writer has ended"});
  }

  void stop(error reason) {
    if (!out_.stopped_by)
      out_.stopped_by = std::move(reason);
  }

  const store_fixture* store_;
  caf::scoped_actor self_;
  stored_days days_;
  caf::scheduler::test_coordinator* stepped_; ///< nothing: on threads
  std::shared_ptr<run_context> run_;
  caf::actor writer_;
  std::unique_ptr<run_transformers> transformers_;
  outcome out_;
  std::size_t sent_ = 0;
  std::size_t summaries_out_ = 0;
  bool summarising_ = false;
  bool flushed_ = false;
};

/// What a run leaves that may not depend on who was killed meanwhile: the journal, loads, hashes, masks, gaps,
/// refusals.
inline std::string result_of(const store_fixture& store) {
  return store.content_of({{"journal", 5}, {"days", 4}, {"summaries", 3}, {"gap_counts", 3}, {"rejects", 11}});
}

} // namespace gridtwin::testing
