#pragma once

#include "src/gate/submission.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace gridtwin {

/// A submission that was taken, and who is to be told.
struct taken_submission {
  submission offered;
  submission_gate::answered then;
};

/// The gate of a node: submissions wait here, bounded, for the run that takes them. Any thread may offer; one takes.
class submission_feed final : public submission_gate {
public:
  /// `most_readings`: offered and not answered yet.
  explicit submission_feed(std::size_t most_readings) : most_readings_(most_readings) {}
  /// What still waits is answered busy.
  ~submission_feed() override { close(); }

  bool offer(submission s, answered then) override;

  /// Whom to call when something has come to wait, from the offering thread: once, until the next `take`. Nobody: no
  /// run takes at the moment.
  void on_waiting(std::function<void()> ring);
  /// The submissions that have waited longest, with about so many readings together; at least one if any waits.
  std::vector<taken_submission> take(std::size_t readings);
  /// That many readings have been answered, or never will be.
  void let_go(std::size_t readings);
  /// Refuses everything from now on; what waits is answered busy: it was not stored.
  void close();

  std::uint64_t refused() const;   ///< submissions that were told busy
  std::size_t outstanding() const; ///< readings that were offered and are not answered yet
  bool has_waiting() const;        ///< something was offered that nobody has taken

private:
  const std::size_t most_readings_;
  mutable std::mutex mutex_;
  std::deque<taken_submission> waiting_;
  std::size_t outstanding_ = 0; ///< readings
  std::uint64_t refused_ = 0;
  std::function<void()> ring_;
  bool rung_ = false;
  bool closed_ = false;
};

} // namespace gridtwin
