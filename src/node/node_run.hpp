#pragma once

#include "config/node_settings.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/gate/known_meters.hpp"
#include "src/gate/submission_feed.hpp"
#include "src/node/inbox.hpp"
#include "src/node/node_status.hpp"
#include "src/replay/replay_run.hpp"
#include "src/store/store_folder.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// What came of a turn, for a log.
struct turn_report {
  std::int64_t from_s = 0; ///< the half hour in which it took readings
  std::size_t files = 0;
  run_counts counts;
  std::string problem; ///< a file that could not be read, an estate that could not be taken over; empty: none
};

/// A live node: one run after another, each for a half hour of the clock, taking what senders and the inbox bring. With
/// each, a changed estate and changed rules take effect, days are summarised, and what was received counts as known by
/// the half hour's end. Between two of them submissions wait.
class node_run {
public:
  using second_clock = std::function<std::int64_t()>;
  using report_function = std::function<void(const turn_report&)>;

  /// What it takes from and tells; all of it outlives this.
  struct surroundings {
    submission_feed& feed;
    node_status& status;
    audit_trail& audit;
    known_meters& meters; ///< is told of each estate that takes effect
    second_clock now;
    report_function report;
  };

  /// Error: an estate, format or folder that cannot be used; nothing was begun.
  static result<node_run> prepare(node_settings settings, surroundings s);

  /// Runs until the user asks it to stop, which is no error. Error: the store failed, or a part of the program, again
  /// and again: the process is to be started anew.
  result<void> run();
  /// Records what waits in the audit trail, when no run is under way and nothing more will come.
  result<void> record_last_acts();

private:
  node_run(node_settings settings, surroundings s, store_folder folder)
    : settings_(std::move(settings)), feed_(&s.feed), status_(&s.status), audit_(&s.audit), meters_(&s.meters),
      now_(std::move(s.now)), report_(std::move(s.report)), folder_(std::move(folder)) {}

  result<replay_plan> plan_of(std::int64_t from_s, std::vector<std::filesystem::path> files, turn_report& report);
  result<void> take_turn();
  result<void> put_away(const std::vector<std::filesystem::path>& files, const std::string& why, turn_report& report);

  node_settings settings_;
  submission_feed* feed_;
  node_status* status_;
  audit_trail* audit_;
  known_meters* meters_;
  second_clock now_;
  report_function report_;
  store_folder folder_;
  source_format format_;
  std::optional<inbox> inbox_;
  std::optional<replay_plan> estate_; ///< the estate that is in effect, alone
  bool one_by_one_ = false;           ///< files: one of several could not be read
  std::uint32_t summarised_from_ = 0; ///< `live_turn::summarised_from`
};

} // namespace gridtwin
