#pragma once

#include "src/messages/if021_message.hpp"

#include <cstddef>
#include <string>

namespace gridtwin {

/// Appends a message as compact JSON, `{"payload":{...}}`, with the keys of the schema in the schema's order, all of
/// them there. The same message gives the same bytes. Values lie within `largest_message_wh`, instants in the years 0
/// to 9999, and the rest keeps to the schema: what `build_messages` makes and what a reader took does.
void append_message(std::string& out, const if021_message& m);

/// Bytes that `append_message` would write.
std::size_t size_of(const if021_message& m);

} // namespace gridtwin
