#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <shared_mutex>

namespace gridtwin {

/// Readings of a run that were in hand when earlier processes died, by the run's number of their source, line and item.
/// Each is tried while nothing else is, so that another death has one suspect; one that has been there at too many
/// deaths is not tried any more. Filled before the run, read by all threads.
class careful_readings {
public:
  struct key {
    std::uint32_t source = 0;
    std::uint64_t line = 0;
    std::uint8_t item = 0;
    auto operator<=>(const key&) const = default;
  };
  struct suspect {
    std::uint32_t deaths = 0;
    bool set_aside = false;
  };

  void add(key which, suspect what) { suspects_[which] = what; }
  bool empty() const noexcept { return suspects_.empty(); }
  std::size_t size() const noexcept { return suspects_.size(); }

  /// Nothing of a reading that nobody suspects.
  const suspect* find(key which) const noexcept {
    const auto at = suspects_.find(which);
    return at == suspects_.end() ? nullptr : &at->second;
  }

  /// Whether any of so many lines of a source, from `first` on, is suspected.
  bool within(std::uint32_t source, std::uint64_t first, std::uint64_t lines) const noexcept {
    const auto at = suspects_.lower_bound({source, first, 0});
    return at != suspects_.end() && at->first.source == source && at->first.line - first < lines;
  }

  /// Held shared while readings are judged, and alone while a suspect is.
  std::shared_mutex& turn() noexcept { return turn_; }

private:
  std::map<key, suspect> suspects_;
  std::shared_mutex turn_;
};

} // namespace gridtwin
