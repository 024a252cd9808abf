#pragma once

#include "src/gate/submission.hpp"
#include "src/wire/wire_messages.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// A reading of a batch that is answered without being offered.
struct reading_refusal {
  std::uint32_t index = 0; ///< its place in the batch
  wire_code code;
  bool operator==(const reading_refusal&) const = default;
};

/// The body of a Submit.
struct submitted_batch {
  std::uint64_t batch = 0;
  std::uint64_t first_number = 1;
  std::vector<submitted_reading> readings; ///< all of them, in their order; those that are refused mean nothing
  std::vector<reading_refusal> refusals;   ///< by index: a field out of its range
};

enum class submit_fault : std::uint8_t { none, malformed, too_large };

/// Strict: what contradicts itself (columns of unlike lengths, exceptions out of order, no number) refuses the batch;
/// what is out of its range, or a wrong check digit, refuses the reading. Never throws for what a peer sent.
submit_fault decode_submit(std::string_view body, submitted_batch& out);

/// Appends the body of a Submit but for the batch's name. Runs are made of what follows one another, so the order
/// stays. At most `wire_bounds::batch_readings`; their fields in range.
void encode_submit(std::span<const submitted_reading> readings, std::uint64_t first_number, std::string& out);

/// Appends the batch's name to a body that has none: a field of a message may stand anywhere.
void append_batch_name(std::uint64_t batch, std::string& body);

} // namespace gridtwin
