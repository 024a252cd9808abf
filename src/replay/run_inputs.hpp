#pragma once

#include "src/replay/replay_run.hpp"

#include <optional>
#include <string>

namespace gridtwin {

// What a run needs before it begins, read and checked: nothing is written yet.

/// The profile of rows that a name means: a built-in one, or a file (*.toml). Error: `errc::bad_profile`.
result<format_profile> profile_called(const std::string& format);
/// How sources of a format are read: the name of a built-in one, of a profile file (*.toml), or of messages.
result<source_format> format_called(const std::string& format);

/// Reads an estate's folder into a plan. A plan that was made of the same bytes stays as it is.
result<void> load_estate(const std::string& folder, replay_plan& plan);

/// Opens every source once, so that a missing column or an empty file is known before anything is written.
result<void> check_sources(const replay_plan& plan);

/// Closes the half hours whose final run has passed at the limits' "now", by the timetables that are built in; nothing
/// without a "now". What a person should know of it, if anything.
std::optional<std::string> close_past_final_runs(rule_limits& limits);

} // namespace gridtwin
