#pragma once

#include "src/load/latency_histogram.hpp"
#include "src/load/load_check.hpp"
#include "src/wire/wire_messages.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace gridtwin {

/// What a load came to.
struct load_report {
  std::uint64_t readings = 0; ///< of the plan
  std::uint64_t sent = 0;     ///< of them, each once
  std::uint64_t unanswered = 0;
  std::array<std::uint64_t, wire_outcome_count> by_outcome{};
  std::int64_t began_us = 0;       ///< when the first message was due, by the machine's clock that never goes back
  std::int64_t last_answer_us = 0; ///< from the load's beginning
  latency_histogram answer;        ///< from due to the final answer
  latency_histogram reader;        ///< from due to being read from the log
  std::optional<load_findings> store;

  std::uint64_t of(wire_outcome o) const noexcept { return by_outcome[static_cast<std::size_t>(o)]; }
};

/// One object on a line. Times in milliseconds.
std::string load_json(const load_report& r);
/// For a person.
std::string load_text(const load_report& r);

} // namespace gridtwin
