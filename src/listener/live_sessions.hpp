#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace gridtwin {

/// The sessions of a listener that are still there, without keeping any. From any thread.
template <class Session>
class live_sessions {
public:
  void add(const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() >= next_sweep_) {
      std::erase_if(sessions_, [](const auto& one) { return one.expired(); });
      next_sweep_ = 2 * sessions_.size() + sessions_between_sweeps;
    }
    sessions_.push_back(session);
  }

  std::vector<std::shared_ptr<Session>> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Session>> out;
    for (const auto& one : sessions_)
      if (auto session = one.lock())
        out.push_back(std::move(session));
    return out;
  }

private:
  static constexpr std::size_t sessions_between_sweeps = 64;

  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Session>> sessions_;
  std::size_t next_sweep_ = sessions_between_sweeps;
};

} // namespace gridtwin
