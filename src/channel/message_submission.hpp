#pragma once

#include "src/gate/submission.hpp"
#include "src/messages/message_reader.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// The half hours of a message as a submission of its sender, all with that version. `text`: the message as it came.
/// What rules on messages object to goes along as refused, so that it is kept; rules on readings are the twins'.
///
/// The sender gives no numbers, so the first is made of the text: 39 bits of its SHA-256, times 16,384, and 1. The same
/// message has the same numbers whenever it comes, and each fits into 53 bits, as JSON readers need.
submission submission_of(const if021_message& m, std::string_view text, std::string sender, std::uint16_t version);

} // namespace gridtwin
