#pragma once

#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What a store and its node go by.
enum class changed_thing : std::uint8_t { estate, rules, settings, policy };
/// `estate`, `rules`, `settings`, `policy`
std::string_view name_of(changed_thing thing) noexcept;

/// A new estate, new rules, settings of a node or a file of its policy: another text, and since when it holds.
struct recorded_change {
  record_id record; ///< of the journal
  changed_thing thing = changed_thing::estate;
  /// Seconds since the epoch; of an estate or rules that a node bound, the begin of the half hour of the run that
  /// brought them. Nothing: it holds for the readings from `run` on, and the run says of no instant.
  std::optional<std::int64_t> since_s;
  std::uint32_t run = 0; ///< that it came with; 0: none
  std::string name;      ///< of the file: of settings and policy
  std::string hash;      ///< SHA-256 in hex: of the text, of an estate `topology_change::hash`
  bool kept = true;      ///< false: the text was too long (`longest_kept_text`)
};

/// All of them, in the order in which they took effect: what the journal has.
result<std::vector<recorded_change>> recorded_changes(sqlite_database& database);

struct changed_text {
  std::string name; ///< `meters.csv`, `rules.toml`, or the file's own
  std::string text;
};

/// The files of a change, whole; none where a text is not `kept`. Error: store_failed where they are missing or not
/// what their hash says.
result<std::vector<changed_text>> texts_of(sqlite_database& database, const recorded_change& change);

} // namespace gridtwin
