#include "src/channel/channel_answer.hpp"

#include "config/printable_text.hpp"
#include "src/channel/channel_bounds.hpp"
#include "src/messages/message_checks.hpp"
#include "src/messages/message_fields.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, 6> answer_names{"accepted",    "duplicate", "conflict",
                                                       "quarantined", "rejected",  "busy"};

/// The first two are the platform's; the notes name no others, so these are ours.
std::string_view message_of(message_outcome outcome) noexcept {
  switch (outcome) {
  case message_outcome::created:
    return "MSG0000 - Success";
  case message_outcome::faulty:
    return "MSG1001 - Schema Failure";
  case message_outcome::not_accepted:
    return "GTW0001 - Kept, and some half hours do not stand";
  case message_outcome::foreign:
    return "GTW0002 - Not this sender's meter";
  case message_outcome::busy:
    return "GTW0003 - Busy: not stored, send it again";
  default:
    return "GTW0004 - Not known: send it again";
  }
}

/// A text, or null for an empty one.
std::string text_or_null(const std::string& text) { return text.empty() ? "null" : json_string(text); }

std::string instant_text(std::int64_t s) {
  std::array<char, message_instant_size> out{};
  put_message_instant(out.data(), s);
  return '"' + std::string(out.data(), out.size()) + '"';
}

void append_json(std::string& out, const answered_message& m) {
  const bool was_read = !m.sender_reference.empty();
  out += "{\"transactionID\":" + text_or_null(m.transaction_id) + ",\"senderUniqueReference\":"
         + text_or_null(m.sender_reference) + ",\"correlationID\":" + text_or_null(m.correlation_id)
         + ",\"sentTimestamp\":" + (was_read ? instant_text(m.sender_s) : "null")
         + ",\"senderID\":" + text_or_null(m.sender_dip_id) + ",\"recipientID\":null,\"DIPConnectionProviderID\":"
         + text_or_null(m.connection_provider_dip_id) + ",\"message\":" + json_string(message_of(m.outcome))
         + ",\"help\":" + text_or_null(m.help) + ",\"serviceTicketURL\":null}";
}

/// `accepted 47, rejected 1`
std::string told(const answer_counts& counts) {
  std::string out;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0)
      out += (out.empty() ? "" : ", ") + std::string(answer_names[i]) + ' ' + std::to_string(counts[i]);
  return out;
}

bool does_not_stand(answer_kind kind) noexcept {
  return kind != answer_kind::accepted && kind != answer_kind::duplicate;
}

/// `; 2026-06-15T10:30:00Z off-grid (ECS1005)` for each half hour that does not stand.
std::string told_of_others(const std::vector<submission_answer>& answers, const std::vector<std::int64_t>& ends_s) {
  std::string out;
  std::size_t named = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!does_not_stand(answers[i].kind))
      continue;
    if (++named > channel_bounds::told_half_hours)
      return out + "; and more";
    out += "; " + format_instant(ends_s[i]) + ' ';
    out += answers[i].kind == answer_kind::conflict ? "conflict" : verdict_with_code(answers[i].verdict);
  }
  return out;
}

} // namespace

answered_message answered_of(const if021_message& m) {
  const message_envelope& e = m.envelope;
  answered_message out;
  out.transaction_id = e.published ? e.published->transaction_id : std::string();
  out.sender_reference = e.sender_reference;
  out.correlation_id = e.correlation_id.value_or("");
  out.sender_s = e.sender_s;
  out.sender_dip_id = e.sender_dip_id;
  out.connection_provider_dip_id = e.connection_provider_dip_id.value_or("");
  return out;
}

answered_message answered_of(const std::vector<message_fault>& faults) {
  answered_message out;
  out.outcome = message_outcome::faulty;
  for (std::size_t i = 0; i < std::min(faults.size(), channel_bounds::told_faults); ++i)
    out.help += (i == 0 ? "" : "; ") + faults[i].path + ": " + faults[i].what;
  if (faults.size() > channel_bounds::told_faults)
    out.help += "; and more";
  return out;
}

void settle(answered_message& m, const std::vector<submission_answer>& answers,
            const std::vector<std::int64_t>& ends_s) {
  if (answers.size() != ends_s.size()) {
    m.outcome = message_outcome::unknown;
    return;
  }
  answer_counts counts{};
  for (const submission_answer& a : answers)
    ++counts[static_cast<std::size_t>(a.kind)];
  const auto count = [&](answer_kind kind) { return counts[static_cast<std::size_t>(kind)]; };
  if (count(answer_kind::busy) != 0) {
    m.outcome = message_outcome::busy; // of a submission all or none: the gate took it whole
    return;
  }
  const bool all_stand = count(answer_kind::accepted) + count(answer_kind::duplicate) == answers.size();
  m.outcome = all_stand ? message_outcome::created : message_outcome::not_accepted;
  m.help = told(counts) + told_of_others(answers, ends_s);
}

channel_answer answer_to_messages(const std::vector<answered_message>& messages, std::int64_t now_s) {
  channel_answer out;
  const auto all = [&](message_outcome outcome) {
    return std::all_of(messages.begin(), messages.end(), [&](const auto& m) { return m.outcome == outcome; });
  };
  const auto any = [&](message_outcome outcome) {
    return std::any_of(messages.begin(), messages.end(), [&](const auto& m) { return m.outcome == outcome; });
  };
  out.status = all(message_outcome::created)   ? 201
               : all(message_outcome::faulty)  ? 400
               : all(message_outcome::foreign) ? 403
               : all(message_outcome::busy)    ? 503
               : all(message_outcome::unknown) ? 500
                                               : 207;
  if (any(message_outcome::busy) || any(message_outcome::unknown))
    out.retry_after_s = channel_bounds::retry_after_s;
  out.body = "{\"messageArray\":[";
  for (std::size_t i = 0; i < messages.size(); ++i) {
    out.body += i == 0 ? "" : ",";
    append_json(out.body, messages[i]);
  }
  out.body += "],\"timestamp\":" + instant_text(now_s) + "}\n";
  return out;
}

} // namespace gridtwin
