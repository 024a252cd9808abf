#include "src/bench/twin_rounds.hpp"

#include "actors/commit_writer.hpp"
#include "actors/transformer.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr period first_period{20'513 * periods_per_day + 1}; // 2026-03-01T00:30:00Z
constexpr std::uint32_t readings_in_group = 32 * 1024;
/// Groups that are under way: enough to keep every thread busy, few enough to keep a round of all of a country's meters
/// in a few megabytes.
constexpr std::uint64_t groups_at_work = 4;
/// Transformers whose twins have messages under way, on the path by handle.
constexpr std::size_t transformers_at_work_by_handle = 64;

} // namespace

twin_rounds::twin_rounds(caf::actor_system& system, const bench_estate_plan& plan)
  : run_(make_bench_run(make_bench_estate(plan))), quantities_{quantity::active_import}, system_(&system),
    self_(system) {
  // Without a store it has nothing to wait for and needs no thread of its own.
  writer_ = system.spawn(commit_writer, commit_writer_options{run_, nullptr, caf::actor_cast<caf::actor>(self_)});
  for (std::uint32_t t = 0; t <= run_->estate->transformers.size(); ++t)
    first_meter_.push_back(connections_of(*run_->estate, {t}).first);
  if (plan.exports)
    quantities_.push_back(quantity::active_export);
}

twin_rounds::~twin_rounds() {
  handles_.clear();
  for (const caf::actor& host : hosts_)
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(writer_, caf::exit_reason::user_shutdown);
}

std::uint64_t twin_rounds::intervals() const noexcept { return run_->estate->connections.size() * quantities_.size(); }

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

/// Some plausible watt-hours, different from meter to meter and round to round.
std::int64_t twin_rounds::value_of(std::uint32_t meter, quantity q) const noexcept {
  std::uint64_t mixed = (std::uint64_t{meter} << 16 | static_cast<std::uint64_t>(round_) << 2 | index_of(q)) + 1;
  mixed *= 0x9E37'79B9'7F4A'7C15;
  return static_cast<std::int64_t>((mixed >> 32) * 1500 >> 32);
}

/// The readings of transformers `first` up to `end`, as a decoder would hand them over.
std::shared_ptr<reading_group> twin_rounds::next_group(std::uint32_t first, std::uint32_t end) {
  std::vector<reading_batch> batches(1);
  reading_batch& batch = batches.front();
  std::uint32_t meter = first_meter_[first];
  batch.readings.reserve(std::size_t{first_meter_[end] - meter} * quantities_.size());
  sourced_reading r;
  r.period = {first_period.number + round_};
  std::int64_t wh = 0;
  for (std::uint32_t t = first; t < end; ++t) {
    batch.slices.push_back({{t}, static_cast<std::uint32_t>(batch.readings.size())});
    for (; meter < first_meter_[t + 1]; ++meter)
      for (const quantity q : quantities_) {
        r.connection = {meter};
        r.quantity = q;
        r.wh = value_of(meter, q);
        wh += r.wh;
        batch.readings.push_back(r);
      }
  }
  sent_.wh += wh;
  sent_.readings += batch.readings.size();
  return std::make_shared<reading_group>(++groups_, std::move(batches), std::vector<kept_reject>());
}

twin_rounds::expectation twin_rounds::send_groups() {
  expectation counted;
  std::uint64_t at_work = 0;
  const auto take_answer = [&] {
    self_->receive([&](const group_committed& done) {
      counted.readings += static_cast<std::uint64_t>(done.counts->of(verdict::accepted));
      for (const quantity q : quantities_)
        counted.wh += done.counts->energy_wh[index_of(q)];
      --at_work;
    });
  };
  const std::uint32_t meters_a_transformer = std::max(first_meter_[1], 1U);
  const std::uint32_t step = std::max(readings_in_group / meters_a_transformer, 1U);
  for (std::uint32_t first = 0; first < hosts_.size(); first += step) {
    const auto end = std::min(first + step, static_cast<std::uint32_t>(hosts_.size()));
    const caf::message work = caf::make_message(assess_group{next_group(first, end)});
    for (std::uint32_t t = first; t < end; ++t)
      self_->send(hosts_[t], work);
    ++at_work;
    while (at_work >= groups_at_work)
      take_answer();
  }
  while (at_work > 0)
    take_answer();
  return counted;
}

void twin_rounds::find_handles() {
  handles_.reserve(run_->estate->connections.size());
  for (std::uint32_t t = 0; t < hosts_.size(); ++t) {
    const std::uint32_t count = first_meter_[t + 1] - first_meter_[t];
    for (std::uint32_t place = 0; place < count; ++place)
      self_->send(hosts_[t], twin_query{place});
    for (std::uint32_t place = 0; place < count; ++place) // in the same order
      self_->receive([&](const caf::actor& twin) { handles_.push_back(twin); });
  }
}

twin_rounds::expectation twin_rounds::send_by_handle() {
  expectation counted;
  std::size_t at_work = 0;
  const auto take_answer = [&] {
    self_->receive([&](const accepted_count& count) {
      counted.readings += count.readings;
      counted.wh += count.wh;
      --at_work;
    });
  };
  const period now{first_period.number + round_};
  std::uint32_t meter = 0;
  for (std::uint32_t t = 0; t < hosts_.size(); ++t) {
    for (; meter < first_meter_[t + 1]; ++meter)
      for (const quantity q : quantities_) {
        const std::int64_t wh = value_of(meter, q);
        sent_.wh += wh;
        ++sent_.readings;
        self_->send(handles_[meter], offered_reading{q, now, wh});
      }
    self_->send(hosts_[t], accepted_query{}); // behind its twins' readings
    ++at_work;
    while (at_work > transformers_at_work_by_handle)
      take_answer();
  }
  while (at_work > 0)
    take_answer();
  // The hosts count from their beginning.
  return {counted.readings - std::exchange(by_handle_.readings, counted.readings),
          counted.wh - std::exchange(by_handle_.wh, counted.wh)};
}

std::optional<std::vector<std::int64_t>> twin_rounds::time_single_readings(std::size_t most,
                                                                           const std::function<std::int64_t()>& now) {
  release_old_days();
  std::vector<expectation> counted(hosts_.size()); // by transformer, from its beginning
  const auto ask = [&](std::size_t t) {
    self_->send(hosts_[t], accepted_query{});
    self_->receive([&](const accepted_count& count) { counted[t] = {count.readings, count.wh}; });
  };
  for (std::size_t t = 0; t < hosts_.size(); ++t)
    ask(t);
  const period at{first_period.number + round_};
  const std::uint32_t meters_a_transformer = std::max(first_meter_[1], 1U);
  std::vector<std::int64_t> took;
  for (std::uint32_t place = 0; place < meters_a_transformer; ++place)
    for (std::size_t t = 0; t < hosts_.size() && took.size() < most; ++t) {
      const std::uint32_t meter = first_meter_[t] + place;
      if (meter >= first_meter_[t + 1]) // the last transformer may have fewer
        continue;
      const std::int64_t wh = value_of(meter, quantity::active_import);
      const expectation expected{counted[t].readings + 1, counted[t].wh + wh};
      const std::int64_t begin = now();
      self_->send(handles_[meter], offered_reading{quantity::active_import, at, wh});
      ask(t);
      took.push_back(now() - begin);
      if (!(counted[t] == expected))
        return std::nullopt;
      ++by_handle_.readings;
      by_handle_.wh += wh;
    }
  ++round_;
  return took;
}

/// Where a day is over, nothing of it is wanted any more.
void twin_rounds::release_old_days() {
  if (round_ == 0 || round_ % periods_per_day != 0)
    return;
  for (const caf::actor& host : hosts_)
    self_->send(host, release_days{groups_ + 1});
}

bool twin_rounds::run_round(delivery_path path) {
  release_old_days();
  sent_ = {};
  const expectation counted = path == delivery_path::group ? send_groups() : send_by_handle();
  ++round_;
  return counted == sent_;
}

} // namespace gridtwin
