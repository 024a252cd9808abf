#pragma once

#include "twins/result.hpp"

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// A reading by its place in its source: what it is called by a process and by the next one that reads it again.
struct reading_place {
  std::string source; ///< its name
  std::uint64_t line = 0;
  std::uint8_t item = 0; ///< of the line
  auto operator<=>(const reading_place&) const = default;
};

/// Longest name of a source in a marker; of a longer one the end counts, which tells files apart.
inline constexpr std::size_t in_flight_name_bytes = 200;
std::string_view in_flight_name(std::string_view source) noexcept;

/// What one thread has in hand. Only that thread writes; a watchdog may look at any time. It lies in a file that is
/// mapped into memory, so that it is there when the process is not any more, however that ended.
class alignas(64) in_flight_slot {
public:
  /// Whether work on a part of this source may begin: it was the last that was opened. `number`: of the source in this
  /// run.
  bool is_open(std::uint32_t number) const noexcept {
    return number_ == number && name_size_.load(std::memory_order_relaxed) != 0;
  }
  /// Work on a part of a source begins that is not open.
  void open(std::uint32_t number, std::string_view source) noexcept { name_source(number, source); }
  /// A reading is about to be judged; a plain store, for it is done for each.
  void hold(std::uint64_t line, std::uint8_t item) noexcept { at_.store(line << 8 | item, std::memory_order_relaxed); }
  /// The reading at hand is tried alone, because it is suspected.
  void hold_alone(std::uint64_t line, std::uint8_t item) noexcept {
    alone_.store(1, std::memory_order_relaxed);
    at_.store(line << 8 | item, std::memory_order_release);
  }
  /// The reading at hand waits, for the disk; what comes meanwhile is not its doing.
  std::uint64_t pause() noexcept { return at_.exchange(0, std::memory_order_relaxed); }
  /// Goes on with what was paused.
  void resume(std::uint64_t paused) noexcept { at_.store(paused, std::memory_order_relaxed); }
  /// Nothing is in hand.
  void close() noexcept {
    at_.store(0, std::memory_order_relaxed);
    alone_.store(0, std::memory_order_relaxed);
  }

  bool holds() const noexcept { return at_.load(std::memory_order_relaxed) != 0; }
  bool alone() const noexcept { return alone_.load(std::memory_order_relaxed) != 0; }
  /// What is in hand, for somebody who looks while it may change: equal twice means that nothing went on.
  std::uint64_t position() const noexcept { return at_.load(std::memory_order_relaxed); }
  reading_place place() const;

private:
  void name_source(std::uint32_t number, std::string_view source) noexcept;

  std::atomic<std::uint64_t> at_; ///< line and item; 0: nothing, for lines are counted from 1
  std::atomic<std::uint32_t> alone_;
  std::atomic<std::uint32_t> name_size_;
  std::uint32_t number_; ///< of the source that is named
  char name_[in_flight_name_bytes + 36];
};
static_assert(sizeof(in_flight_slot) == 256);

/// The marker of a run: what each of its threads has in hand. Made and synced before the first reading is judged, taken
/// away when the run ends in order. One that is found tells what was in hand when a process died; a power cut may empty
/// it, which loses nothing, for no reading cuts the power.
class in_flight_marker_file {
public:
  static constexpr std::size_t slots = 256;

  /// Readings that were in hand when an earlier process died with this marker; of those that were tried alone, these
  /// only. Nothing: there is no marker, or nothing was in hand. A file that is no marker counts as none.
  static std::vector<reading_place> found(const std::filesystem::path& file);

  /// Makes it anew. Error: `errc::store_unusable`.
  static result<in_flight_marker_file> make(const std::filesystem::path& file);

  ~in_flight_marker_file();
  in_flight_marker_file(in_flight_marker_file&& other) noexcept;
  in_flight_marker_file& operator=(in_flight_marker_file&& other) noexcept;
  in_flight_marker_file(const in_flight_marker_file&) = delete;
  in_flight_marker_file& operator=(const in_flight_marker_file&) = delete;

  /// The calling thread's slot; nothing where there are more threads than slots.
  in_flight_slot* mine() noexcept;
  /// By number, for a watchdog.
  const in_flight_slot& at(std::size_t number) const noexcept;

  /// The run has ended in order: nothing is suspected.
  void remove() noexcept;

private:
  explicit in_flight_marker_file(std::filesystem::path file) : file_(std::move(file)) {}

  std::filesystem::path file_;
  void* mapped_ = nullptr;
  std::uint64_t instance_ = 0; ///< told apart from others by threads that have a slot in each
};

} // namespace gridtwin
