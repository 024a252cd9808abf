#pragma once

#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gridtwin {

/// Names of a run's sources by the run's numbers, for the marker of what is in hand. Any thread may ask; one adds: the
/// files before the run, a sender with its first submission. A name stays as it was added first.
class source_names {
public:
  void add(std::uint32_t number, std::string name) {
    const std::unique_lock lock(mutex_);
    names_.try_emplace(number, std::move(name));
  }

  /// Empty where the number is not known; else good for as long as this lives.
  std::string_view of(std::uint32_t number) const {
    const std::shared_lock lock(mutex_);
    const auto at = names_.find(number);
    return at == names_.end() ? std::string_view() : std::string_view(at->second);
  }

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint32_t, std::string> names_;
};

} // namespace gridtwin
