#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <mutex>

namespace gridtwin {

/// How many of each there are, up to so many of each and in all. From any thread.
template <class Key>
class bounded_counts {
public:
  explicit bounded_counts(std::size_t most_of_each,
                          std::size_t most_in_all = std::numeric_limits<std::size_t>::max()) noexcept
    : most_of_each_(most_of_each), most_in_all_(most_in_all) {}

  /// False: there are as many as there may be.
  bool enter(const Key& key) {
    const std::lock_guard lock(mutex_);
    if (in_all_ >= most_in_all_)
      return false;
    const auto at = counts_.try_emplace(key, 0).first;
    if (at->second >= most_of_each_) {
      if (at->second == 0)
        counts_.erase(at);
      return false;
    }
    ++at->second;
    ++in_all_;
    return true;
  }
  /// Of one that has entered.
  void leave(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto at = counts_.find(key);
    if (at == counts_.end())
      return;
    --in_all_;
    if (--at->second == 0)
      counts_.erase(at);
  }

private:
  const std::size_t most_of_each_;
  const std::size_t most_in_all_;
  std::mutex mutex_;
  std::map<Key, std::size_t> counts_;
  std::size_t in_all_ = 0;
};

} // namespace gridtwin
