#pragma once

#include "actors/run_context.hpp"

namespace gridtwin {

/// Plants faults in a run's twins and transformers: in `gridtwin_planted`, a program for tests alone. In `gridtwin` it
/// does nothing.
void plant_faults(run_context& run);

} // namespace gridtwin
