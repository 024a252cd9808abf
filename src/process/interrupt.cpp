#include "src/process/interrupt.hpp"

#include <atomic>
#include <csignal>

namespace gridtwin {

namespace {

std::atomic<bool> asked{false};
std::atomic<bool> reload_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void on_interrupt(int) { asked.store(true, std::memory_order_relaxed); }
extern "C" void on_hangup(int) { reload_asked.store(true, std::memory_order_relaxed); }

} // namespace

void catch_interrupts() noexcept {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A full file size limit must come back as an error of the write, not end the process.
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  sigaction(SIGXFSZ, &action, nullptr);
}

void catch_reload_requests() noexcept {
  struct sigaction action {};
  action.sa_handler = on_hangup;
  action.sa_flags = static_cast<int>(SA_RESTART);
  sigaction(SIGHUP, &action, nullptr);
}

bool reload_requested() noexcept { return reload_asked.exchange(false, std::memory_order_relaxed); }

bool interrupted() noexcept { return asked.load(std::memory_order_relaxed); }

} // namespace gridtwin
