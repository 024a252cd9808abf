#include "src/gate/submission_feed.hpp"

#include <utility>

namespace gridtwin {

bool submission_feed::offer(submission s, answered then) {
  const std::lock_guard lock(mutex_);
  const std::size_t readings = s.readings.size();
  // One that is larger than all there is room for may come alone.
  if (closed_ || (outstanding_ != 0 && outstanding_ + readings > most_readings_)) {
    ++refused_;
    return false;
  }
  outstanding_ += readings;
  waiting_.push_back({std::move(s), std::move(then)});
  if (ring_ && !std::exchange(rung_, true))
    ring_();
  return true;
}

void submission_feed::on_waiting(std::function<void()> ring) {
  const std::lock_guard lock(mutex_);
  ring_ = std::move(ring);
  rung_ = ring_ && !waiting_.empty();
  if (rung_)
    ring_();
}

std::vector<taken_submission> submission_feed::take(std::size_t readings) {
  const std::lock_guard lock(mutex_);
  rung_ = false;
  std::vector<taken_submission> out;
  for (std::size_t taken = 0; !waiting_.empty() && taken < readings;) {
    taken += waiting_.front().offered.readings.size();
    out.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return out;
}

void submission_feed::let_go(std::size_t readings) {
  const std::lock_guard lock(mutex_);
  outstanding_ -= readings;
}

void submission_feed::close() {
  std::deque<taken_submission> waiting;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting.swap(waiting_);
    for (const taken_submission& s : waiting)
      outstanding_ -= s.offered.readings.size();
    refused_ += waiting.size();
  }
  for (const taken_submission& s : waiting)
    s.then(std::vector<submission_answer>(s.offered.readings.size()));
}

std::uint64_t submission_feed::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::size_t submission_feed::outstanding() const {
  const std::lock_guard lock(mutex_);
  return outstanding_;
}

bool submission_feed::has_waiting() const {
  const std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

} // namespace gridtwin
