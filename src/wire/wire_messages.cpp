#include "src/wire/wire_messages.hpp"

#include <google/protobuf/arena.h>
#include <src/wire/gridtwin.pb.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gridtwin {

namespace {

namespace pb = google::protobuf;

/// Memory that a small message needs, on the stack.
class message_arena {
public:
  message_arena() : arena_(room_.data(), room_.size()) {}

  template <class Message>
  Message& make() {
    return *pb::Arena::CreateMessage<Message>(&arena_);
  }

private:
  std::array<char, 4096> room_;
  pb::Arena arena_;
};

template <class Message>
bool parse(Message& message, std::string_view body) {
  return body.size() <= wire_bounds::frame_bytes && message.ParseFromArray(body.data(), static_cast<int>(body.size()));
}

constexpr std::array<std::string_view, 10> goodbye_names{"unspecified", "done",      "stopping", "superseded",
                                                         "malformed",   "too-large", "version",  "over-credit",
                                                         "too-slow",    "revoked"};
constexpr std::array<std::string_view, wire_outcome_count> outcome_names{
  "unknown", "accepted", "duplicate", "conflict", "quarantined", "rejected", "busy"};

} // namespace

std::string_view name_of(goodbye_reason r) noexcept { return goodbye_names[static_cast<std::size_t>(r)]; }
std::string_view name_of(wire_outcome o) noexcept { return outcome_names[static_cast<std::size_t>(o)]; }

std::string name_of(wire_code c) {
  if (c == no_code)
    return {};
  if (c == not_permitted)
    return "not-permitted";
  if (c.value <= index_of(verdict::twin_failed) + 1)
    return std::string(name_of(static_cast<verdict>(c.value - 1)));
  return "code-" + std::to_string(c.value);
}

wire_answer to_wire(const submission_answer& a) noexcept {
  switch (a.kind) {
  case answer_kind::accepted:
    return {wire_outcome::accepted, no_code, a.shard, a.offset};
  case answer_kind::duplicate:
    return {wire_outcome::duplicate, no_code, a.shard, a.offset};
  case answer_kind::conflict:
    return {wire_outcome::conflict, no_code, 0, 0};
  case answer_kind::quarantined:
    return {wire_outcome::quarantined, code_of(a.verdict), 0, 0};
  case answer_kind::rejected:
    return {wire_outcome::rejected, code_of(a.verdict), 0, 0};
  case answer_kind::busy:
    break;
  }
  return {wire_outcome::busy, no_code, 0, 0};
}

void append_run(std::vector<answer_run>& runs, std::uint32_t count, const wire_answer& answer) {
  if (count == 0)
    return;
  if (!runs.empty() && runs.back().answer == answer)
    runs.back().count += count;
  else
    runs.push_back({count, answer});
}

std::uint64_t readings_of(const answer_message& m) noexcept {
  std::uint64_t out = 0;
  for (const answer_run& r : m.runs)
    out += r.count;
  return out;
}

void encode(const hello_message& m, std::string& out) {
  message_arena arena;
  auto& message = arena.make<v1::Hello>();
  message.set_lowest_version(m.lowest_version);
  message.set_highest_version(m.highest_version);
  message.set_software(m.software);
  message.AppendToString(&out);
}

void encode(const welcome_message& m, std::string& out) {
  message_arena arena;
  auto& message = arena.make<v1::Welcome>();
  message.set_version(m.version);
  message.set_credit_batches(m.credit_batches);
  message.set_credit_bytes(m.credit_bytes);
  message.set_batch_readings(m.batch_readings);
  message.AppendToString(&out);
}

void encode(const credit_message& m, std::string& out) {
  message_arena arena;
  auto& message = arena.make<v1::Credit>();
  message.set_batches(m.batches);
  message.AppendToString(&out);
}

void encode(const goodbye_message& m, std::string& out) {
  message_arena arena;
  auto& message = arena.make<v1::Goodbye>();
  message.set_reason(static_cast<v1::Goodbye::Reason>(m.reason));
  message.set_detail(harmless_text(m.detail, wire_bounds::detail_bytes));
  message.AppendToString(&out);
}

void encode(const answer_message& m, std::string& out) {
  message_arena arena;
  auto& message = arena.make<v1::Answer>();
  message.set_batch(m.batch);
  message.set_retry_after_ms(m.retry_after_ms);
  std::uint64_t before = 0;
  for (const answer_run& r : m.runs) {
    message.add_count(r.count);
    message.add_outcome(static_cast<v1::Outcome>(r.answer.outcome));
    message.add_code(static_cast<v1::Code>(r.answer.code.value));
    message.add_shard(r.answer.shard);
    const auto offset = static_cast<std::uint64_t>(r.answer.offset);
    message.add_offset(static_cast<std::int64_t>(offset - before)); // wraps and comes back, whatever the offsets
    before = offset;
  }
  message.AppendToString(&out);
}

std::optional<hello_message> decode_hello(std::string_view body) {
  message_arena arena;
  auto& message = arena.make<v1::Hello>();
  if (!parse(message, body) || message.software().size() > wire_bounds::software_bytes)
    return std::nullopt;
  return hello_message{message.lowest_version(), message.highest_version(),
                       harmless_text(message.software(), wire_bounds::software_bytes)};
}

std::optional<welcome_message> decode_welcome(std::string_view body) {
  message_arena arena;
  auto& message = arena.make<v1::Welcome>();
  if (!parse(message, body) || message.credit_batches() == 0 || message.credit_bytes() == 0
      || message.batch_readings() == 0)
    return std::nullopt;
  return welcome_message{message.version(), message.credit_batches(), message.credit_bytes(), message.batch_readings()};
}

std::optional<credit_message> decode_credit(std::string_view body) {
  message_arena arena;
  auto& message = arena.make<v1::Credit>();
  if (!parse(message, body) || message.batches() == 0)
    return std::nullopt;
  return credit_message{message.batches()};
}

std::optional<goodbye_message> decode_goodbye(std::string_view body) {
  message_arena arena;
  auto& message = arena.make<v1::Goodbye>();
  if (!parse(message, body))
    return std::nullopt;
  const auto reason = static_cast<std::uint32_t>(message.reason());
  return goodbye_message{reason < goodbye_names.size() ? static_cast<goodbye_reason>(reason)
                                                       : goodbye_reason::unspecified,
                         harmless_text(message.detail(), wire_bounds::detail_bytes)};
}

std::optional<answer_message> decode_answer(std::string_view body) {
  pb::Arena arena;
  auto& message = *pb::Arena::CreateMessage<v1::Answer>(&arena);
  const int runs = parse(message, body) ? message.count_size() : 0;
  if (runs == 0 || message.outcome_size() != runs || message.code_size() != runs || message.shard_size() != runs
      || message.offset_size() != runs || static_cast<std::size_t>(runs) > wire_bounds::batch_readings)
    return std::nullopt;
  answer_message out{message.batch(), {}, message.retry_after_ms()};
  out.runs.reserve(static_cast<std::size_t>(runs));
  std::uint64_t readings = 0;
  std::uint64_t offset = 0;
  for (int i = 0; i < runs; ++i) {
    const auto outcome = static_cast<std::uint32_t>(message.outcome(i));
    const auto code = static_cast<std::uint32_t>(message.code(i));
    readings += message.count(i);
    if (message.count(i) == 0 || readings > wire_bounds::batch_readings || outcome >= wire_outcome_count || code > 0xFF)
      return std::nullopt;
    offset += static_cast<std::uint64_t>(message.offset(i));
    out.runs.push_back({message.count(i),
                        {static_cast<wire_outcome>(outcome),
                         {static_cast<std::uint8_t>(code)},
                         message.shard(i),
                         static_cast<std::int64_t>(offset)}});
  }
  return out;
}

std::string harmless_text(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  std::replace_if(
    out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

} // namespace gridtwin
