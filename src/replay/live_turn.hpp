#pragma once

#include "src/gate/submission_feed.hpp"
#include "src/replay/block_decoder.hpp"
#include "src/store/audit.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace gridtwin {

/// What a run takes beside its files, if it has any: submissions, until its turn is over or the user asks it to stop,
/// which is the usual end of such a run.
struct live_turn {
  submission_feed* feed = nullptr; ///< outlives the run
  std::function<bool()> over;      ///< asked ten times a second
  /// What is to be recorded of who did what; asked as often. Nothing: there is nobody to ask.
  std::function<std::vector<audit_event>()> acts{};
  /// Transformer whose days are summarised first; where the next run begins is put there, so that under senders that
  /// never pause each has its turn. Nothing: with the first.
  std::uint32_t* summarised_from = nullptr;
};

/// To the run: something waits in its feed.
struct submissions_waiting {};

} // namespace gridtwin

CAF_BEGIN_TYPE_ID_BLOCK(gridtwin_live, caf::id_block::gridtwin_commands::end)
CAF_ADD_TYPE_ID(gridtwin_live, (gridtwin::submissions_waiting))
CAF_END_TYPE_ID_BLOCK(gridtwin_live)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::submissions_waiting)
