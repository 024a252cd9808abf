#pragma once

#include "src/messages/message_reader.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What central settlement's rules object to in a message by itself, whatever meter it is of: of each half hour the
/// first that does (`check_message`), by its name and code, with the path of the field that is at fault. `root` is the
/// message's own path, `$` or `$[3]`; at most `most` faults, and one that says that there are more.
/// Rules that need to know the meter are not asked: whether it is known, energised, appointed, what it may use at most.
std::vector<message_fault> faults_by_rule(const if021_message& m, std::string_view root, std::size_t most);

/// The same by half hour, in the order of the message; `accepted`: no rule objects.
std::vector<verdict> objections_to(const if021_message& m);

/// Whether a verdict is one that no twin gives, for it does not see the message.
bool is_of_message(verdict v) noexcept;
/// What was expected by the rule of such a verdict, for a person.
std::string objection_text(verdict v, const if021_message& m);

/// `off-grid (ECS1005)`
std::string verdict_with_code(verdict v);

} // namespace gridtwin
