#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace gridtwin {

/// Readings that were in hand when earlier processes died, by the name that a marker gives their source, line and item:
/// a sender may come that this run has no number for yet. Each is tried while nothing else is, so that another death
/// has one suspect; one that has been there at too many deaths is not tried any more. Filled before the run, read by
/// all threads.
class careful_readings {
public:
  struct suspect {
    suspect(std::uint32_t deaths_before, bool is_set_aside) noexcept : deaths(deaths_before), set_aside(is_set_aside) {}

    std::uint32_t deaths;
    bool set_aside;
    /// Some thread has judged it, or set it aside.
    mutable std::atomic<bool> handled{false};
  };

  /// Suspects of one source.
  class of_source {
  public:
    /// Nothing of a reading that nobody suspects.
    const suspect* find(std::uint64_t line, std::uint8_t item) const noexcept {
      const auto at = suspects_.find({line, item});
      return at == suspects_.end() ? nullptr : &at->second;
    }

    /// Whether any of so many lines, from `first` on, is suspected.
    bool within(std::uint64_t first, std::uint64_t lines) const noexcept {
      const auto at = suspects_.lower_bound({first, 0});
      return at != suspects_.end() && at->first.line - first < lines;
    }

  private:
    friend class careful_readings;
    struct key {
      std::uint64_t line = 0;
      std::uint8_t item = 0;
      auto operator<=>(const key&) const = default;
    };
    std::map<key, suspect> suspects_;
  };

  /// What is added again is as it was said last.
  void add(const std::string& source, std::uint64_t line, std::uint8_t item, std::uint32_t deaths, bool set_aside) {
    auto& suspects = sources_[source].suspects_;
    suspects.erase({line, item});
    suspects.try_emplace({line, item}, deaths, set_aside);
  }

  /// Nothing of a source none of whose readings is suspected.
  const of_source* of(std::string_view source) const noexcept {
    const auto at = sources_.find(source);
    return at == sources_.end() ? nullptr : &at->second;
  }
  /// As `of_source::find`.
  const suspect* find(std::string_view source, std::uint64_t line, std::uint8_t item) const noexcept {
    const of_source* const some = of(source);
    return some == nullptr ? nullptr : some->find(line, item);
  }

  /// Held shared while readings are judged, and alone while a suspect is.
  std::shared_mutex& turn() noexcept { return turn_; }

private:
  std::map<std::string, of_source, std::less<>> sources_;
  std::shared_mutex turn_;
};

} // namespace gridtwin
