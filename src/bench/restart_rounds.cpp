#include "src/bench/restart_rounds.hpp"

#include "actors/commit_writer.hpp"
#include "src/replay/stored_days_list.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

constexpr utc_day day{20'513}; // 2026-03-01
constexpr std::uint32_t readings_in_group = 256 * 1024;
constexpr std::uint64_t groups_at_work = 2;

// Without a deadline: CAF keeps a request's timer, some 200 bytes, until it runs out, answered or not, and a million of
// them would be taken for a leak. A twin that is gone answers with an error.
using pending_answer = decltype(std::declval<caf::scoped_actor&>()->request(std::declval<const caf::actor&>(),
                                                                            caf::infinite, state_query{}));

std::int64_t value_of(std::uint32_t meter, int slot) noexcept {
  return (meter * 7 + static_cast<unsigned>(slot)) % 1500;
}

error defect(const std::string& what) { return {errc::store_failed, what + ": a defect of gridtwin"}; }

stored_days_list nothing_stored(std::size_t transformers) {
  return {std::vector<std::vector<utc_day>>(transformers), std::vector<std::vector<utc_day>>(transformers)};
}

} // namespace

result<std::unique_ptr<restart_rounds>> restart_rounds::make(caf::actor_system& system, const bench_estate_plan& plan,
                                                             int half_hours, const std::filesystem::path& folder) {
  auto opened = store_folder::for_writing(folder);
  if (!opened)
    return opened.failure();
  auto run = make_bench_run(make_bench_estate(plan));
  const auto files = std::make_shared<estate_bytes>(estate_bytes{"bench", "bench", "bench"});
  auto database = opened->connect_writer();
  if (!database)
    return database.failure();
  auto binding = bind_topology(*database, *run->estate, *files);
  if (!binding)
    return binding.failure();
  auto store = store_writer::open(*opened, {"{}", {"bench"}, binding->change, files, {}});
  if (!store)
    return store.failure();
  run->topology = std::make_shared<const topology>(std::move(binding->topology));
  run->run = store->run();
  run->stores = true;
  return std::unique_ptr<restart_rounds>(new restart_rounds(system, plan, half_hours, std::move(*opened), run,
                                                            std::make_shared<store_writer>(std::move(*store))));
}

restart_rounds::restart_rounds(caf::actor_system& system, const bench_estate_plan& plan, int half_hours,
                               store_folder folder, std::shared_ptr<run_context> run,
                               std::shared_ptr<store_writer> store)
  : plan_(plan), half_hours_(half_hours), folder_(std::move(folder)), days_(folder_), run_(std::move(run)),
    self_(system), writer_(system.spawn<caf::detached>(
                     commit_writer, commit_writer_options{run_, std::move(store), caf::actor_cast<caf::actor>(self_)})),
    transformers_(run_, writer_, nothing_stored(run_->estate->transformers.size()), self_,
                  [this] { return list_stored_days(folder_, *run_->topology); }) {
  run_->days = &days_;
}

restart_rounds::~restart_rounds() {
  // Those who read the store are gone before it is.
  handles_.clear();
  for (transformer_index t{0}; t.value < transformers_.size(); ++t.value)
    if (const caf::actor host = transformers_.handle(t)) {
      self_->demonitor(host);
      caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
      self_->wait_for(host);
    }
  caf::anon_send_exit(writer_, caf::exit_reason::user_shutdown);
  self_->wait_for(writer_);
}

/// The readings of meters `first` up to `end`, whole transformers but for the last, from a half hour on.
std::shared_ptr<reading_group> restart_rounds::group_of(std::uint32_t first, std::uint32_t end, int first_slot) {
  std::vector<reading_batch> batches(1);
  reading_batch& batch = batches.front();
  batch.source = 1;
  batch.lines = 1;
  sourced_reading r;
  for (std::uint32_t meter = first; meter < end; ++meter) {
    if (meter == first || place_of(meter) == 0)
      batch.slices.push_back({transformer_of(meter), static_cast<std::uint32_t>(batch.readings.size())});
    for (int slot = first_slot; slot < half_hours_; ++slot) {
      r.connection = {meter};
      r.period = period_at(day, slot);
      r.wh = value_of(meter, slot);
      batch.readings.push_back(r);
    }
  }
  return std::make_shared<reading_group>(++groups_, std::move(batches), std::vector<kept_reject>());
}

result<run_counts> restart_rounds::wait_for_group() {
  std::optional<result<run_counts>> out;
  while (!out)
    self_->receive(
      [&](const group_committed& done) {
        supervision_ += *done.supervision;
        if (auto kept = transformers_.committed(done.group, done.supervision->parked); !kept)
          out = kept.failure();
        else
          out = *done.counts;
      },
      [&](const store_failed& failed) { out = failed.reason; },
      [&](const caf::down_msg& down) {
        if (auto again = transformers_.ended(down); !again)
          out = again.failure();
      });
  return *out;
}

/// Has the first meters' half hours judged, from one of them on; they are durable when it returns.
result<run_counts> restart_rounds::judge(std::uint32_t meters, int first_slot) {
  run_counts sum;
  std::uint64_t at_work = 0;
  const auto take = [&]() -> result<void> {
    auto counts = wait_for_group();
    if (!counts)
      return counts.failure();
    sum += *counts;
    --at_work;
    return {};
  };
  const auto slots = static_cast<std::uint32_t>(half_hours_ - first_slot);
  const std::uint32_t step =
    plan_.meters_a_transformer * std::max(readings_in_group / (plan_.meters_a_transformer * slots), 1U);
  for (std::uint32_t first = 0; first < meters; first += std::min(step, meters - first)) {
    transformers_.assess(group_of(first, first + std::min(step, meters - first), first_slot));
    ++at_work;
    if (at_work == groups_at_work)
      if (auto taken = take(); !taken)
        return taken.failure();
  }
  while (at_work > 0)
    if (auto taken = take(); !taken)
      return taken.failure();
  return sum;
}

result<void> restart_rounds::fill() {
  const auto counts = judge(plan_.meters, 0);
  if (!counts)
    return counts.failure();
  if (counts->of(verdict::accepted) != std::int64_t{plan_.meters} * half_hours_)
    return defect("the twins did not accept what they were sent");
  return {};
}

result<void> restart_rounds::find_handles(std::uint32_t count) {
  handles_.clear();
  handles_.reserve(count);
  bool found = true;
  std::vector<pending_answer> asked;
  for (std::uint32_t first = 0; first < count && found;) {
    const std::uint32_t end = first + std::min(plan_.meters_a_transformer, count - first);
    asked.clear();
    for (std::uint32_t meter = first; meter < end; ++meter)
      asked.push_back(self_->request(host_of(meter), caf::infinite, twin_query{place_of(meter)}));
    for (auto& one : asked)
      one.receive([&](const caf::actor& twin) { handles_.push_back(twin); }, [&](const caf::error&) { found = false; });
    first = end;
  }
  return found ? result<void>() : defect("a twin was not to be found");
}

void restart_rounds::kill() {
  for (const caf::actor& twin : handles_)
    caf::anon_send_exit(twin, caf::exit_reason::kill);
}

result<void> restart_rounds::ask() {
  if (auto found = find_handles(static_cast<std::uint32_t>(handles_.size())); !found)
    return found;
  const std::int32_t last = period_at(day, half_hours_ - 1).number;
  std::size_t good = 0;
  std::vector<pending_answer> asked;
  for (std::size_t first = 0; first < handles_.size();) {
    const std::size_t end = std::min<std::size_t>(first + plan_.meters_a_transformer, handles_.size());
    asked.clear();
    for (std::size_t meter = first; meter < end; ++meter)
      asked.push_back(self_->request(handles_[meter], caf::infinite, state_query{}));
    for (auto& one : asked)
      one.receive([&](const meter_state& s) { good += s.open_days == 1 && s.last_period == last ? 1 : 0; },
                  [](const caf::error&) {});
    first = end;
  }
  return good == handles_.size() ? result<void>() : defect("a twin that was killed does not know what it knew");
}

result<void> restart_rounds::offer_again() {
  const auto counts = judge(static_cast<std::uint32_t>(handles_.size()), half_hours_ - 1);
  if (!counts)
    return counts.failure();
  if (counts->of(verdict::duplicate) != static_cast<std::int64_t>(handles_.size()))
    return defect("a twin that was killed took what it knew for new");
  return {};
}

} // namespace gridtwin
