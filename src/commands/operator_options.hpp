#pragma once

#include "src/store/operator_acts.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace gridtwin {

/// Who does something to a store and why, as given with `--by` and `--why`.
struct operator_options {
  std::string who;
  std::string why;

  /// With the time that it is now.
  acting act() const;
};

/// Adds `--by` and `--why`.
void add_operator_options(CLI::App& app, operator_options& o);

} // namespace gridtwin
