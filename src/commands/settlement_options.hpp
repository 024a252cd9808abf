#pragma once

#include "config/settlement_settings.hpp"
#include "twins/settlement_calendar.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace gridtwin {

/// What a command was told about settlement: files, or nothing for what is built in.
struct settlement_options {
  std::string settings; ///< `--settings`: path of a TOML file
  std::string holidays; ///< `--holidays`: path of a list of dates
};

/// Adds `--settings` and `--holidays` to a command. `o` lives as long as the command.
void add_settlement_options(CLI::App& app, settlement_options& o);

/// When runs are held and how what is missing is estimated, with the texts that say so: those of the files, byte for
/// byte, or those that are built in. Two commands that go by equal texts come to equal results.
struct settlement_basis {
  std::string settings_text;
  std::string holidays_text;
  settlement_settings settings;
  settlement_calendar calendar;
};

/// Error: `errc::unreadable_input` or `errc::bad_profile`, with the option and what to mend.
result<settlement_basis> read_settlement_basis(const settlement_options& o);

} // namespace gridtwin
