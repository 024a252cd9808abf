#pragma once

namespace gridtwin {

/// From now on Ctrl-C and SIGTERM ask the command to end in good order; a second one ends it at once, which is safe
/// too.
void catch_interrupts() noexcept;

/// From now on SIGHUP asks for files to be read again; without this it ends the process.
void catch_reload_requests() noexcept;

/// Whether that was asked for since the last time that this was called.
bool reload_requested() noexcept;

/// The user asked to stop.
bool interrupted() noexcept;

} // namespace gridtwin
