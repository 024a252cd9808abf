#pragma once

#include "config/rule_settings.hpp"
#include "src/store/store_folder.hpp"

#include <optional>
#include <string>

namespace gridtwin {

/// A rule pack with the text that it was read from.
struct rule_pack {
  rule_settings settings;
  std::string text;
};

/// Reads a rule pack. Error: says what to mend.
result<rule_pack> read_rule_pack(const std::string& path);

/// The rules that a run goes by.
struct rule_binding {
  rule_pack pack;
  bool changed = false; ///< they are not those that the store bound last: the run's opening record must hold their text
};

/// The pack that is given; else the one that the store bound last, and if it has bound none, the built-in one. A store
/// binds whatever its first run goes by, the built-in pack too: it is judged alike by a program with another one.
/// Error: the given pack differs from the bound one without a higher version; the store cannot be read.
result<rule_binding> bind_rules(const store_folder& folder, std::optional<rule_pack> given);
/// The same, of the state of the store that a connection sees.
result<rule_binding> bind_rules(sqlite_database& database, std::optional<rule_pack> given);

/// What the opening record of a run says of its rules, as members of a JSON object: version of pack and table, digest
/// of the text, and the text itself where the run binds it.
std::string describe_rules(const rule_binding& binding);

} // namespace gridtwin
