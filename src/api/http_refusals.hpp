#pragma once

#include "src/api/http_message.hpp"

#include <cstdint>
#include <string>

namespace gridtwin {

// What the listener answers by itself, before anybody looks at what is asked.

/// Sent where the connection ends with the answer.
http_response last_answer(unsigned status, std::string why);
/// There is no place for the connection.
http_response no_place();
/// The request is beyond its sender's rate, until so many microseconds have passed. The connection stays: a new one
/// would cost more.
http_response over_rate(std::int64_t wait_us);

} // namespace gridtwin
