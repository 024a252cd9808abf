#include "src/bench/twin_rounds.hpp"

#include "actors/commit_writer.hpp"
#include "actors/transformer.hpp"
#include "src/bench/round_conductor.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

/// Transformers whose twins have messages under way, on the path by handle.
constexpr std::size_t transformers_at_work_by_handle = 64;

} // namespace

twin_rounds::twin_rounds(caf::actor_system& system, const bench_estate_plan& plan)
  : run_(make_bench_run(make_bench_estate(plan))), half_hours_(run_, plan.exports), system_(&system), self_(system) {
  conductor_ = system.spawn(round_conductor, &half_hours_, &hosts_);
  // Without a store it has nothing to wait for and needs no thread of its own.
  writer_ = system.spawn(commit_writer, commit_writer_options{run_, nullptr, conductor_});
}

twin_rounds::~twin_rounds() {
  handles_.clear();
  for (const caf::actor& host : hosts_)
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(writer_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(conductor_, caf::exit_reason::user_shutdown);
}

std::uint64_t twin_rounds::intervals() const noexcept {
  return run_->estate->connections.size() * half_hours_.quantities().size();
}

void twin_rounds::spawn(delivery_path path) {
  const auto count = static_cast<std::uint32_t>(run_->estate->transformers.size());
  hosts_.reserve(count);
  for (std::uint32_t t = 0; t < count; ++t) {
    hosts_.push_back(system_->spawn(transformer, transformer_options{run_, {t}, writer_, {}, {}}));
    self_->send(hosts_.back(), accepted_query{}); // answered when its twins are made
  }
  for (std::uint32_t t = 0; t < count; ++t)
    self_->receive([](const accepted_count&) {});
  if (path == delivery_path::handle)
    find_handles();
}

bool twin_rounds::send_groups() {
  self_->send(conductor_, begin_round{});
  reading_tally counted;
  self_->receive([&](const round_done& done) { counted = done.counted; });
  return counted == half_hours_.end_round();
}

void twin_rounds::find_handles() {
  handles_.reserve(run_->estate->connections.size());
  for (std::uint32_t t = 0; t < half_hours_.transformers(); ++t) {
    const std::uint32_t count = half_hours_.first_meter(t + 1) - half_hours_.first_meter(t);
    for (std::uint32_t place = 0; place < count; ++place)
      self_->send(hosts_[t], twin_query{place});
    for (std::uint32_t place = 0; place < count; ++place) // in the same order
      self_->receive([&](const caf::actor& twin) { handles_.push_back(twin); });
  }
}

bool twin_rounds::send_by_handle() {
  reading_tally counted;
  std::size_t at_work = 0;
  const auto take_answer = [&] {
    self_->receive([&](const accepted_count& count) {
      counted.readings += count.readings;
      counted.wh += count.wh;
      --at_work;
    });
  };
  std::uint32_t meter = 0;
  for (std::uint32_t t = 0; t < half_hours_.transformers(); ++t) {
    for (; meter < half_hours_.first_meter(t + 1); ++meter)
      for (const quantity q : half_hours_.quantities()) {
        const std::int64_t wh = half_hours_.value_of(meter, q);
        half_hours_.count(wh);
        self_->send(handles_[meter], offered_reading{q, half_hours_.period(), wh});
      }
    self_->send(hosts_[t], accepted_query{}); // behind its twins' readings
    ++at_work;
    while (at_work > transformers_at_work_by_handle)
      take_answer();
  }
  while (at_work > 0)
    take_answer();
  const reading_tally before = std::exchange(by_handle_, counted); // the hosts count from their beginning
  return reading_tally{counted.readings - before.readings, counted.wh - before.wh} == half_hours_.end_round();
}

std::optional<std::vector<std::int64_t>> twin_rounds::time_single_readings(std::size_t most,
                                                                           const std::function<std::int64_t()>& now) {
  release_old_days();
  std::vector<reading_tally> counted(hosts_.size()); // by transformer, from its beginning
  const auto ask = [&](std::size_t t) {
    self_->send(hosts_[t], accepted_query{});
    self_->receive([&](const accepted_count& count) { counted[t] = {count.readings, count.wh}; });
  };
  for (std::size_t t = 0; t < hosts_.size(); ++t)
    ask(t);
  const std::uint32_t meters_a_transformer = half_hours_.first_meter(1);
  std::vector<std::int64_t> took;
  for (std::uint32_t place = 0; place < meters_a_transformer; ++place)
    for (std::uint32_t t = 0; t < half_hours_.transformers() && took.size() < most; ++t) {
      const std::uint32_t meter = half_hours_.first_meter(t) + place;
      if (meter >= half_hours_.first_meter(t + 1)) // the last transformer may have fewer
        continue;
      const std::int64_t wh = half_hours_.value_of(meter, quantity::active_import);
      const reading_tally expected{counted[t].readings + 1, counted[t].wh + wh};
      const std::int64_t begin = now();
      self_->send(handles_[meter], offered_reading{quantity::active_import, half_hours_.period(), wh});
      ask(t);
      took.push_back(now() - begin);
      if (!(counted[t] == expected))
        return std::nullopt;
      ++by_handle_.readings;
      by_handle_.wh += wh;
    }
  (void)half_hours_.end_round();
  return took;
}

/// Where a day is over, nothing of it is wanted any more.
void twin_rounds::release_old_days() {
  if (!half_hours_.day_begins())
    return;
  for (const caf::actor& host : hosts_)
    self_->send(host, release_days{half_hours_.groups() + 1});
}

bool twin_rounds::run_round(delivery_path path) {
  release_old_days();
  return path == delivery_path::group ? send_groups() : send_by_handle();
}

} // namespace gridtwin
