#pragma once

#include "actors/run_context.hpp"

namespace gridtwin {

/// What judges readings in place of their twins where faults are planted: in `gridtwin_planted`, a program for tests
/// alone. Nothing in `gridtwin`.
run_context::assess_function planted_faults();

} // namespace gridtwin
