#include "src/settlement/settle_all.hpp"

#include "src/settlement/transformer_settler.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// Transformers that a thread may be ahead of the one that is taken next.
constexpr std::uint32_t ahead_a_thread = 8;

/// Hands out transformers to threads, and what they made of them to the owner.
class settling {
public:
  settling(const settlement_job& job, const store_folder& folder, std::size_t threads)
    : job_(&job), folder_(&folder), count_(static_cast<std::uint32_t>(job.estate->transformers.size())),
      ahead_(ahead_a_thread * static_cast<std::uint32_t>(threads)) {
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { work(); });
  }
  ~settling() {
    end({});
    for (std::thread& t : threads_)
      t.join();
  }
  settling(const settling&) = delete;
  settling& operator=(const settling&) = delete;

  /// Nothing behind the last. Error: the store could not be read.
  result<std::optional<settled_transformer>> next() {
    std::unique_lock lock(mutex_);
    if (taken_ == count_)
      return std::optional<settled_transformer>();
    changed_.wait(lock, [this] { return failure_ || settled_.contains(taken_); });
    if (failure_)
      return *failure_;
    settled_transformer out = std::move(settled_.extract(taken_++).mapped());
    changed_.notify_all();
    return std::optional(std::move(out));
  }

private:
  void work() {
    auto reader = store_reader::open(*folder_);
    if (!reader)
      return end(reader.failure());
    transformer_settler settler(*job_, *reader);
    for (std::optional<std::uint32_t> t = begin_next(); t; t = begin_next()) {
      auto settled = settler.settle({*t});
      if (!settled)
        return end(settled.failure());
      const std::lock_guard lock(mutex_);
      settled_.emplace(*t, std::move(*settled));
      changed_.notify_all();
    }
  }

  std::optional<std::uint32_t> begin_next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || begun_ == count_ || begun_ < taken_ + ahead_; });
    if (ended_ || begun_ == count_)
      return std::nullopt;
    return begun_++;
  }

  void end(std::optional<error> why) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (why && !failure_)
      failure_ = std::move(why);
    changed_.notify_all();
  }

  const settlement_job* job_;
  const store_folder* folder_;
  std::uint32_t count_;
  std::uint32_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t begun_ = 0;
  std::uint32_t taken_ = 0;
  std::map<std::uint32_t, settled_transformer> settled_;
  std::optional<error> failure_;
  bool ended_ = false;
  std::vector<std::thread> threads_; ///< last: they use all of the above
};

} // namespace

result<void> settle_all(const settlement_job& job, const store_folder& folder, std::size_t threads,
                        const std::function<result<void>(settled_transformer&&)>& take) {
  settling at_work(job, folder, std::max<std::size_t>(threads, 1));
  for (;;) {
    auto settled = at_work.next();
    if (!settled)
      return settled.failure();
    if (!*settled)
      return {};
    if (auto taken = take(std::move(**settled)); !taken)
      return taken;
  }
}

} // namespace gridtwin
