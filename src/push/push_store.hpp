#pragma once

#include "src/store/sqlite.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What became of a dead letter.
enum class push_letter_state : std::uint8_t {
  waiting, ///< for an operator
  queued,  ///< an operator has asked for it to be sent again
  settled, ///< it was delivered after all
  dropped  ///< an operator has given it up
};
std::string_view name_of(push_letter_state state) noexcept;

/// A stretch of a topic that a receiver has refused. It holds no event: those stand in the journal, and what of them
/// may be sent is asked anew when it is.
struct push_letter {
  std::int64_t id = 0;
  std::string webhook;
  std::string topic;
  std::string after; ///< position before its first event
  std::string until; ///< position behind its last
  std::int64_t events = 0;
  unsigned status = 0; ///< of the answer; 0: it was never sent
  std::string reason;  ///< our own words
  std::int64_t attempts = 1;
  std::int64_t at_s = 0; ///< of the last refusal
  push_letter_state state = push_letter_state::waiting;
};

/// A request as the journal has it (domain notes, DL-10).
struct push_record {
  std::int64_t number = 0; ///< of its webhook, ascending
  std::string webhook;
  std::int64_t at_s = 0;
  std::string correlation; ///< of the body; the same each time that the same stretch is offered
  std::string recipient;   ///< identity of the reader
  std::string uri;
  std::string stage;  ///< how far it came: resolve, connect, tls, send, answer
  std::string status; ///< Delivered, Retrying, RejectedByRecipient
  unsigned answer = 0;
  std::int64_t duration_ms = 0;
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  std::int64_t attempt = 1;
  std::string trouble; ///< our own words; empty: none
};

/// How a webhook stands.
struct push_standing {
  std::string webhook;
  std::string topic;
  std::string position;
  std::string url;
  std::string reader;
  bool paused = false;                     ///< by an operator
  std::optional<std::int64_t> delivered_s; ///< last
  std::optional<std::int64_t> failing_s;   ///< since then nothing was delivered though it was tried
  std::int64_t attempts = 0;               ///< that failed in turn
  std::string trouble;                     ///< the last
  std::int64_t letters_waiting = 0;        ///< or queued
};

// What acts are called in the audit trail.
inline constexpr std::string_view pause_webhook_act = "pause-webhook";
inline constexpr std::string_view resume_webhook_act = "resume-webhook";
inline constexpr std::string_view replay_letter_act = "replay-webhook-letter";
inline constexpr std::string_view drop_webhook_letter_act = "drop-webhook-letter";

/// What an operator did, before the node has put it into the audit trail.
struct push_act {
  std::int64_t id = 0;
  std::string webhook;
  std::int64_t at_s = 0;
  std::string who;
  std::string act; ///< one of those above
  std::string subject;
  std::string why;
};

/// How far webhooks have come, what they could not deliver and what was tried: `webhooks.db` beside the store, written
/// by the node and by operators' commands at the same time. What is written is on the disk before a call returns. One
/// thread at a time; a thread of its own opens its own.
class push_store {
public:
  /// Makes the file where it is missing. Error: store_unusable or store_failed.
  static result<std::unique_ptr<push_store>> open(const std::filesystem::path& folder);
  /// To read, or for acts of operators; nothing where no webhook ever was.
  static result<std::unique_ptr<push_store>> open_existing(const std::filesystem::path& folder,
                                                           sqlite_database::mode how);

  /// All webhooks there are, by name.
  result<std::vector<push_standing>> list();
  result<std::optional<push_standing>> find(const std::string& webhook);
  /// Makes a webhook, or takes over its url and reader. Error: usage where it has delivered another topic.
  result<void> enter(const push_standing& fresh);

  /// Goes on to a position behind what is not to be sent.
  result<void> move(const std::string& webhook, const std::string& position);

  /// What came of a request, all of it or nothing: the journal's record (none without a stage), and this.
  struct outcome {
    std::optional<std::string> position; ///< the pointer moves here
    std::vector<push_letter> letters;    ///< new ones (id 0), or such as are written anew
    bool delivered = false;
    bool failing = false; ///< to be tried again
  };
  result<void> record(const push_record& request, const outcome& came);

  /// The oldest letter that is to be sent again.
  result<std::optional<push_letter>> queued_letter(const std::string& webhook);
  result<std::vector<push_letter>> letters(const std::string& webhook, std::optional<push_letter_state> state);
  /// The last so many requests, the oldest first. `webhook`: empty: of all.
  result<std::vector<push_record>> journal(const std::string& webhook, std::int64_t last);

  /// Acts of operators. Each returns how many webhooks or letters it changed; `ids` empty: all that wait.
  result<std::int64_t> set_paused(const push_act& by, bool paused);
  result<std::int64_t> set_letters(const push_act& by, const std::vector<std::int64_t>& ids, push_letter_state to);
  /// Acts that are not in the audit trail yet; from now on they count as if they were.
  result<std::vector<push_act>> take_acts(const std::string& webhook);

private:
  explicit push_store(sqlite_database database) : database_(std::move(database)) {}

  /// Of one webhook; empty: of all.
  result<std::vector<push_standing>> read_standings(std::string_view webhook);
  result<std::vector<push_letter>> read_letters(const std::string& webhook, std::string_view state, std::int64_t most);
  result<void> put_record(const push_record& request);
  result<void> put_letter(const push_letter& letter);
  result<void> put_act(const push_act& act);
  result<void> run(sqlite_statement& statement);

  sqlite_database database_;
};

} // namespace gridtwin
