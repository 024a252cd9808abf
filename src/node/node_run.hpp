#pragma once

#include "config/node_settings.hpp"
#include "src/gate/submission_feed.hpp"
#include "src/node/inbox.hpp"
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

  /// `feed` and the functions outlive this. Error: an estate, format or folder that cannot be used; nothing was begun.
  static result<node_run> prepare(node_settings settings, submission_feed& feed, second_clock now,
                                  report_function report);

  /// Runs until the user asks it to stop, which is no error. Error: the store failed, or a part of the program, again
  /// and again: the process is to be started anew.
  result<void> run();

private:
  node_run(node_settings settings, submission_feed& feed, second_clock now, report_function report, store_folder folder)
    : settings_(std::move(settings)), feed_(&feed), now_(std::move(now)), report_(std::move(report)),
      folder_(std::move(folder)) {}

  result<replay_plan> plan_of(std::int64_t from_s, std::vector<std::filesystem::path> files, turn_report& report);
  result<void> take_turn();
  result<void> put_away(const std::vector<std::filesystem::path>& files, const std::string& why, turn_report& report);

  node_settings settings_;
  submission_feed* feed_;
  second_clock now_;
  report_function report_;
  store_folder folder_;
  source_format format_;
  std::optional<inbox> inbox_;
  std::optional<replay_plan> estate_; ///< the estate that is in effect, alone
  bool one_by_one_ = false;           ///< files: one of several could not be read
};

} // namespace gridtwin
