#pragma once

#include "src/gate/submission.hpp"
#include "src/messages/message_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// What became of a message of a request.
enum class message_outcome : std::uint8_t {
  waiting,      ///< it is not durable yet
  created,      ///< all of its half hours stand, or stood before
  not_accepted, ///< kept; some of its half hours do not stand
  faulty,       ///< it breaks the schema; nothing of it is kept
  foreign,      ///< it is of a meter that its sender may not speak for; nothing of it is kept
  busy,         ///< definitely not stored: send it again
  unknown       ///< the node ended before it knew: send it again
};

/// Answers of a half hour, counted by `answer_kind`.
using answer_counts = std::array<std::size_t, 6>;

struct answered_message {
  message_outcome outcome = message_outcome::waiting;
  // As the message has them, for its sender to find it again; empty: it could not be read.
  std::string transaction_id;
  std::string sender_reference;
  std::string correlation_id;
  std::int64_t sender_s = 0;
  std::string sender_dip_id;
  std::string connection_provider_dip_id;
  std::string help; ///< for a person, beside the outcome; without an MPAN
};

/// Without outcome.
answered_message answered_of(const if021_message& m);
/// Of a message that broke the schema.
answered_message answered_of(const std::vector<message_fault>& faults);

/// Sets outcome and help by the answers to its half hours, whose ends are `ends_s`; none: unknown.
void settle(answered_message& m, const std::vector<submission_answer>& answers,
            const std::vector<std::int64_t>& ends_s);

/// The answer to a request.
struct channel_answer {
  unsigned status = 500;
  std::string body;                 ///< JSON: the platform's `messageArray` and `timestamp`
  std::optional<int> retry_after_s; ///< some of it is to be sent again
};

/// 201 where all was created; 400, 403, 500 or 503 where no message was kept, all for one reason; else 207. `now_s`:
/// when it is answered.
channel_answer answer_to_messages(const std::vector<answered_message>& messages, std::int64_t now_s);

} // namespace gridtwin
