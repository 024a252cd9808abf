#pragma once

#include "src/store/journal.hpp"
#include "src/store/store_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// An act of an operator, or of the program for him, that no reading brought about.
struct audit_event {
  std::int64_t at_s = 0; ///< seconds since the epoch
  std::string who;       ///< as the caller knows him; not empty
  std::string act;       ///< what was done: a word such as `drop-letter`; not empty
  std::string subject;   ///< what it was done to
  std::string detail;    ///< why, and what else is to be known
  /// What is gone by from now on, whole. Kept beside the record (`kept_texts.hpp`), which has what `recorded_text` is
  /// read from as `detail`; empty where an event was read.
  std::string text = {};
  bool operator==(const audit_event&) const = default;
};

// Acts that bring a text into force: settings of a node, its policy, and a file that this names. `subject` is the
// file's name. Settings and policy are one thing each, by whatever name; of the files that it names each is one by
// itself, in force where the policy in force names it.
inline constexpr std::string_view use_settings_act = "use-settings";
inline constexpr std::string_view use_policy_act = "use-policy";
inline constexpr std::string_view use_policy_file_act = "use-policy-file";

/// A SHA-256 in hex by words of eight, so that no 13 digits follow one another, as those of an MPAN do.
std::string grouped_hash(std::string_view hex);
/// And back.
std::string ungrouped_hash(std::string_view words);

/// Bytes of a text that is kept, at most: of one that is longer only its hash and length are recorded.
inline constexpr std::size_t longest_kept_text = std::size_t{16} << 20;

/// What an act that brings a text into force says of it: `detail`.
struct recorded_text {
  std::string hash; ///< SHA-256 in hex
  bool kept = true; ///< false: it was longer than `longest_kept_text`
};
recorded_text read_recorded_text(std::string_view detail);

/// Bytes of each text of an audit event, at most.
inline constexpr std::size_t longest_audit_text = std::size_t{16} << 10;

std::string encode_audit(const audit_event& event);
/// False where the bytes are damaged.
bool decode_audit(std::string_view body, audit_event& event);

/// Writes an event to the journal and the table, inside the caller's transaction. One that brings a text into force
/// that is in force already changes nothing, and nothing is written. Error: usage where it lacks a name or has a text
/// that is too long.
result<void> write_audit(sqlite_database& database, journal_appender& journal, const audit_event& event);

/// The same in a transaction of its own, synced before it returns, for acts that change nothing else. `folder`: open
/// for writing, with no other writer at work.
result<void> record_act(const store_folder& folder, const audit_event& event);

/// An act as the journal has it.
struct journal_act {
  record_id record;
  std::uint32_t place = 0; ///< a record holds one
  audit_event event;
};
struct journal_acts {
  std::vector<journal_act> acts;
  std::int64_t last_offset = 0; ///< of the records that were passed, whatever they hold
  bool at_end = false;          ///< nothing more is durable now
};
/// The acts behind an offset of the journal's `estate_shard`, some records at a time.
result<journal_acts> read_acts(sqlite_database& database, std::int64_t after);
/// The last offset of that shard before the first act that was done at an instant (seconds since the epoch) or later.
result<std::int64_t> acts_before(sqlite_database& database, std::int64_t at_s);

struct recorded_act {
  std::int64_t id = 0; ///< ascends with the order in which they were recorded
  audit_event event;
};

/// Those of a store, in the order in which they were recorded, until `next` says false. `last`: only so many, the
/// newest; 0: all.
result<void> for_each_act(sqlite_database& database, std::int64_t last,
                          const std::function<bool(const recorded_act&)>& next);
/// Those of one kind, in the same order.
result<std::vector<audit_event>> acts_of(sqlite_database& database, std::string_view act);
/// All of them.
result<std::vector<recorded_act>> recorded_acts(sqlite_database& database);

} // namespace gridtwin
