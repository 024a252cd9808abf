#pragma once

#include "actors/run_context.hpp"
#include "src/replay/replay_run.hpp"
#include "src/store/dead_letters.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/supervision_record.hpp"
#include "supervision/careful_readings.hpp"
#include "supervision/in_flight.hpp"
#include "supervision/watchdog.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gridtwin {

/// What a run takes over from those before it, and leaves behind should its process die: readings that were in hand at
/// a death, with how many deaths; twins that are parked; dead letters that wait; a marker of what is in hand now, and a
/// watchdog on it.
///
/// A file is read to its end, so that a run knows which suspects it will meet. What a sender had in hand comes again
/// when it comes: in a live run every suspect waits for its reading, and is one no more when that is judged or set
/// aside. Then its letter stands for it, and knows it by what it says; a sender's numbers may begin anew, and must not
/// condemn what comes under them then.
class run_supervision {
public:
  /// Processes that may die with a reading in hand before it is set aside.
  static constexpr std::uint32_t most_deaths = 3;

  /// Finds out whether the process before died over a reading and counts that. To be called with the store's lock held,
  /// before its writer is opened.
  static result<std::unique_ptr<run_supervision>> begin(const store_folder& folder, const replay_plan& plan);

  /// Tells a run what it must know, and begins to mark and watch. `numbers`: of the plan's sources in the store.
  void take_part(run_context& run, const std::vector<std::uint32_t>& numbers);

  /// The run has come to its end in order. `all_judged`: every reading of its sources; those of them that were
  /// suspected are so no more. `all_durable`: all that was judged; submissions that were suspected are so no more.
  result<void> end(bool all_judged, bool all_durable);

private:
  run_supervision(const store_folder& folder, const replay_plan& plan, in_flight_marker_file marker)
    : folder_(&folder), plan_(&plan), marker_(std::move(marker)) {}

  result<void> read(sqlite_database& database);
  /// By an operator: it, or one whose reading is equal.
  bool is_asked_for(const dead_letter& letter) const noexcept;
  void suspect_in(run_context& run, const suspect& s, bool set_aside);
  void wait_for_senders(run_context& run);
  void find_parked(run_context& run) const;
  void find_letters(run_context& run) const;

  const store_folder* folder_;
  const replay_plan* plan_;
  in_flight_marker_file marker_;
  std::vector<suspect> suspects_;
  std::vector<parked_twin> parked_;
  std::vector<kept_letter> letters_;
  std::vector<suspect> in_hand_; ///< when the process before died; without their deaths
  std::vector<suspect> tried_;   ///< of the suspects, those that this run judges
  std::vector<suspect> awaited_; ///< those that a sender may bring
  const careful_readings* careful_ = nullptr;
  std::optional<watchdog> watchdog_;
};

} // namespace gridtwin
