#pragma once

#include "twins/codes.hpp"
#include "twins/mpan.hpp"
#include "twins/period.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gridtwin {

/// A reading as a sender offers it: decoded, its meter not yet looked up.
struct submitted_reading {
  mpan meter;
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  gridtwin::period period;
  std::uint16_t version = 1;
  gridtwin::content content; ///< watt-hours, quality, reasons
};

/// A reading that is to be refused for what it came in: its message breaks a rule that speaks of messages.
struct refused_reading {
  std::uint32_t index = 0; ///< among the submission's readings
  gridtwin::verdict verdict = gridtwin::verdict::unparseable;
  std::string period_end; ///< `2026-03-01T00:30:00Z`, empty where it is none
  std::string detail;     ///< what was expected, for a person
  std::string raw;        ///< its text, as it came
};

/// Readings that a sender offers together and is answered for together.
struct submission {
  std::string sender; ///< its identity as it was proved, never as a body says; the readings' source
  /// The sender's own number of the first reading, which it keeps when it sends again; the others follow it. It is the
  /// readings' line.
  std::uint64_t first_number = 1;
  std::vector<submitted_reading> readings;
  /// By index. A rule that comes first in the contract's order and objects to the reading itself goes before.
  std::vector<refused_reading> refusals{};
};

/// What a sender may rely on, for one reading.
enum class answer_kind : std::uint8_t {
  accepted,    ///< durable; stands at `shard` and `offset`, unless a contradiction takes it away later
  duplicate,   ///< the same was accepted before; nothing has changed
  conflict,    ///< its key has another content; none of them stands, all are kept
  quarantined, ///< kept with its reason, in no total; may become valid when more is known
  rejected,    ///< kept with its reason, in no total
  busy         ///< definitely not stored: send again, with the same numbers
};

struct submission_answer {
  answer_kind kind = answer_kind::busy;
  gridtwin::verdict verdict = gridtwin::verdict::accepted; ///< the reason of what is quarantined or rejected
  std::uint32_t shard = 0;                                 ///< of what is accepted
  std::int64_t offset = 0;                                 ///< of its record in the shard's journal
};

/// Where readings enter a live node, whatever brought them.
class submission_gate {
public:
  /// By reading; or empty where the node has ended before it knew: then what became of them is unknown.
  using answered = std::function<void(std::vector<submission_answer>)>;

  virtual ~submission_gate() = default;

  /// Takes a submission and answers it once, from another thread, when all of it is durable. False: busy, nothing was
  /// taken and nothing is answered. From any thread.
  virtual bool offer(submission s, answered then) = 0;
};

} // namespace gridtwin
