#pragma once

#include "src/store/commit.hpp"
#include "src/store/dead_letters.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/supervision_record.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Who does something to a store, when and why: see `audit_event`.
struct acting {
  std::int64_t at_s = 0;
  std::string who;
  std::string why;
};

// What acts are called in their audit events.
inline constexpr std::string_view drop_letter_act = "drop-letter";
inline constexpr std::string_view unpark_twin_act = "unpark-twin";
inline constexpr std::string_view note_deaths_act = "note-deaths";
inline constexpr std::string_view forget_suspects_act = "forget-suspects";

// Each is one transaction with its audit event and the journal's record of it, synced before it returns; what changes
// nothing is no act. `folder`: open for writing, with no other writer at work. Errors: usage where `by` cannot be
// recorded.

/// Drops a letter that waits; another stays as it is. The state that it had; nothing where there is no such letter.
result<std::optional<letter_state>> drop_letter(const store_folder& folder, std::int64_t id, const acting& by);

/// Lets a parked twin judge again. False where it was not parked.
result<bool> unpark_twin(const store_folder& folder, transformer_number t, twin_slot twin, const acting& by);

/// A process died with these inputs in hand: one death more for each, however often it is named; their own `deaths` do
/// not count. Returns all that the store suspects by now.
result<std::vector<suspect>> note_deaths(const store_folder& folder, std::span<const suspect> in_hand,
                                         const acting& by);

/// These are suspected no more; their `deaths` do not count.
result<void> forget_suspects(const store_folder& folder, std::span<const suspect> cleared, const acting& by);

} // namespace gridtwin
