#pragma once

namespace gridtwin {

/// From now on Ctrl-C and SIGTERM ask the command to end in good order; a second one ends it at once, which is safe
/// too.
void catch_interrupts() noexcept;

/// The user asked to stop.
bool interrupted() noexcept;

} // namespace gridtwin
