#include "src/push/webhook_threads.hpp"

#include "config/printable_text.hpp"
#include "twins/counter_random.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gridtwin {

result<std::unique_ptr<webhook_threads>> webhook_threads::open(std::vector<webhook_plan> plans, surroundings around) {
  std::unique_ptr<webhook_threads> out(new webhook_threads(std::move(around)));
  auto pool = store_pool::open(out->around_.store, out->around_.alarms);
  if (!pool)
    return pool.failure();
  out->pool_ = std::move(*pool);
  for (webhook_plan& plan : plans) {
    const std::string name = plan.options.name;
    if (auto added = out->add(std::move(plan)); !added)
      return error{added.failure().code, "webhook " + in_quotes(name) + ": " + added.failure().message};
  }
  for (const auto& one : out->workers_)
    one->thread = std::thread([all = out.get(), mine = one.get()] { all->run(*mine); });
  return out;
}

webhook_threads::~webhook_threads() { stop(); }

result<void> webhook_threads::add(webhook_plan plan) {
  if (auto good = check_session_files(plan.session); !good)
    return good;
  auto kept = push_store::open(around_.store);
  if (!kept)
    return kept.failure();
  auto one = std::make_unique<worker>();
  one->name = plan.options.name;
  one->sender = open_webhook_session(std::move(plan.session), around_.now_us);
  const std::uint64_t seed = draw(around_.seed, workers_.size());
  auto opened = webhook_delivery::open(std::move(plan.options),
                                       {*pool_, *one->sender, *around_.signer, around_.policy, around_.now_s,
                                        around_.now_us, around_.tell, seed, one->counters},
                                       std::move(*kept));
  if (!opened)
    return opened.failure();
  one->delivery = std::move(*opened);
  workers_.push_back(std::move(one));
  return {};
}

void webhook_threads::run(worker& one) {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    const std::int64_t wait_us = std::max<std::int64_t>(0, one.delivery->step());
    lock.lock();
    changed_.wait_for(lock, std::chrono::microseconds(wait_us), [this] { return ending_; });
  }
}

void webhook_threads::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (const auto& one : workers_)
    one->sender->stop();
  for (const auto& one : workers_)
    if (one->thread.joinable())
      one->thread.join();
}

std::vector<webhook_threads::figures> webhook_threads::counters() const {
  std::vector<figures> out;
  for (const auto& one : workers_)
    out.push_back({one->name, &one->counters});
  return out;
}

} // namespace gridtwin
