#pragma once

#include "actors/supervision_tally.hpp"
#include "src/store/dead_letters.hpp"
#include "src/store/operator_acts.hpp"
#include "src/store/store_folder.hpp"
#include "twins/run_counts.hpp"

#include <cstddef>
#include <vector>

namespace gridtwin {

/// What came of dead letters that were judged again.
struct played_letters {
  run_counts counts;
  supervision_tally supervision;
  std::size_t unknown_meters = 0; ///< of letters whose meter the estate no longer has; they still wait
};

/// Has dead letters judged again as the readings that they are: with the key, source, line and known time that they
/// came with, by the rules and the estate that the store has bound. What is judged is settled; what its twin fails on
/// again waits on. Played twice, a letter is a duplicate. `folder`: open for writing. Recorded as an act.
result<played_letters> play_letters(const store_folder& folder, std::vector<kept_letter> letters, const acting& by);

} // namespace gridtwin
