#pragma once

#include "src/gate/submission.hpp"
#include "src/wire/wire_bounds.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

// The messages of the protocol (`gridtwin.proto`) as the program has them, and their bodies. Encoding appends; decoding
// gives nothing where the bytes are not such a message. None of it throws for what a peer sent.

struct hello_message {
  std::uint32_t lowest_version = wire_bounds::protocol_version;
  std::uint32_t highest_version = wire_bounds::protocol_version;
  std::string software;
};

struct welcome_message {
  std::uint32_t version = wire_bounds::protocol_version;
  std::uint32_t credit_batches = wire_bounds::credit_batches;
  std::uint64_t credit_bytes = wire_bounds::credit_bytes;
  std::uint32_t batch_readings = wire_bounds::batch_readings;
};

struct credit_message {
  std::uint32_t batches = 0;
};

enum class goodbye_reason : std::uint8_t {
  unspecified,
  done,
  stopping,
  superseded,
  malformed,
  too_large,
  version,
  over_credit,
  too_slow,
  revoked
};
/// `over-credit`
std::string_view name_of(goodbye_reason r) noexcept;

struct goodbye_message {
  goodbye_reason reason = goodbye_reason::unspecified;
  std::string detail;
};

/// `answer_kind`, and what a node that ends leaves unknown.
enum class wire_outcome : std::uint8_t { unknown, accepted, duplicate, conflict, quarantined, rejected, busy };
inline constexpr std::size_t wire_outcome_count = 7;
std::string_view name_of(wire_outcome o) noexcept;
/// There will be no other answer: the sender need not send it again.
constexpr bool is_final(wire_outcome o) noexcept { return o != wire_outcome::unknown && o != wire_outcome::busy; }

/// Number of a reason on the wire: 1 more than its verdict's, or one of the protocol's own.
struct wire_code {
  std::uint8_t value = 0;
  bool operator==(const wire_code&) const = default;
};
inline constexpr wire_code no_code{0};
inline constexpr wire_code not_permitted{64};
constexpr wire_code code_of(verdict v) noexcept {
  return v < verdict::duplicate ? wire_code{static_cast<std::uint8_t>(index_of(v) + 1)} : no_code;
}
static_assert(index_of(verdict::unparseable) == 0 && index_of(verdict::twin_failed) == 24 && verdict_count == 28,
              "gridtwin.proto gives each verdict a number that stays: a new one needs a table here");
/// `over-maximum`, `not-permitted`; empty for none, `code-99` for one that this program does not know.
std::string name_of(wire_code c);

struct wire_answer {
  wire_outcome outcome = wire_outcome::unknown;
  wire_code code;
  std::uint32_t shard = 0;
  std::int64_t offset = 0;
  bool operator==(const wire_answer&) const = default;
};
wire_answer to_wire(const submission_answer& a) noexcept;

/// Readings that follow one another and are answered alike.
struct answer_run {
  std::uint32_t count = 0;
  wire_answer answer;
  bool operator==(const answer_run&) const = default;
};

struct answer_message {
  std::uint64_t batch = 0;
  std::vector<answer_run> runs;
  std::uint32_t retry_after_ms = 0;
};
void append_run(std::vector<answer_run>& runs, std::uint32_t count, const wire_answer& answer);
std::uint64_t readings_of(const answer_message& m) noexcept;

void encode(const hello_message& m, std::string& out);
void encode(const welcome_message& m, std::string& out);
void encode(const credit_message& m, std::string& out);
void encode(const goodbye_message& m, std::string& out);
void encode(const answer_message& m, std::string& out);

std::optional<hello_message> decode_hello(std::string_view body);
std::optional<welcome_message> decode_welcome(std::string_view body);
std::optional<credit_message> decode_credit(std::string_view body);
std::optional<goodbye_message> decode_goodbye(std::string_view body);
/// Strict: columns of one length, known outcomes, no more readings than a batch has.
std::optional<answer_message> decode_answer(std::string_view body);

/// A text of a peer's for a person: printable ASCII, cut.
std::string harmless_text(std::string_view text, std::size_t limit);

} // namespace gridtwin
