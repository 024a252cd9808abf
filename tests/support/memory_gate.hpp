#pragma once

#include "src/gate/submission.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// What a node would make of readings, in memory: judged by key as the contract says, answered when a test lets it.
class memory_gate final : public submission_gate {
public:
  using key = std::tuple<std::uint64_t, quantity, std::int32_t, std::uint16_t>;

  bool offer(submission s, answered then) override {
    const std::lock_guard lock(mutex_);
    ++offers_;
    if (busy_)
      return false;
    submissions_.push_back(s);
    waiting_.emplace_back(std::move(s), std::move(then));
    if (at_once_)
      answer_first();
    return true;
  }

  /// From now on each submission is answered within `offer`, from its thread.
  void at_once(bool yes) {
    const std::lock_guard lock(mutex_);
    at_once_ = yes;
  }
  void busy(bool yes) {
    const std::lock_guard lock(mutex_);
    busy_ = yes;
  }
  /// Answers what was offered first. False: nothing waits.
  bool answer_next() {
    const std::lock_guard lock(mutex_);
    return answer_first();
  }
  /// Answers what was offered last, or with nothing: unknown.
  void answer_last(bool known = true) {
    const std::lock_guard lock(mutex_);
    auto [s, then] = std::move(waiting_.back());
    waiting_.pop_back();
    then(known ? judge(s) : std::vector<submission_answer>());
  }

  std::size_t offers() const {
    const std::lock_guard lock(mutex_);
    return offers_;
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  /// What was taken, in its order.
  std::vector<submission> submissions() const {
    const std::lock_guard lock(mutex_);
    return submissions_;
  }
  std::size_t kept() const {
    const std::lock_guard lock(mutex_);
    return contents_.size();
  }

private:
  bool answer_first() {
    if (waiting_.empty())
      return false;
    auto [s, then] = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    then(judge(s));
    return true;
  }

  std::vector<submission_answer> judge(const submission& s) {
    std::vector<submission_answer> out;
    const std::int64_t offset = next_offset_++;
    for (const submitted_reading& r : s.readings) {
      const auto [at, fresh] = contents_.try_emplace(key{r.meter.number, r.quantity, r.period.number, r.version},
                                                     std::pair(r.content, offset));
      if (r.content.wh < 0)
        out.push_back({answer_kind::rejected, verdict::negative, 0, 0});
      else if (fresh)
        out.push_back({answer_kind::accepted, verdict::accepted, 3, offset});
      else if (at->second.first == r.content)
        out.push_back({answer_kind::duplicate, verdict::duplicate, 3, at->second.second});
      else
        out.push_back({answer_kind::conflict, verdict::conflict, 0, 0});
    }
    return out;
  }

  mutable std::mutex mutex_;
  bool at_once_ = false;
  bool busy_ = false;
  std::size_t offers_ = 0;
  std::int64_t next_offset_ = 1;
  std::vector<submission> submissions_;
  std::vector<std::pair<submission, answered>> waiting_;
  std::map<key, std::pair<content, std::int64_t>> contents_;
};

} // namespace gridtwin::testing
