#include "src/process/repeating_thread.hpp"

#include <utility>

namespace gridtwin {

repeating_thread::repeating_thread(first when, std::chrono::milliseconds pause, std::function<void()> turn)
  : thread_([this, when, pause, turn = std::move(turn)] {
      if (when == first::at_once)
        turn();
      while (wait(pause))
        turn();
    }) {}

repeating_thread::~repeating_thread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

/// False: it ends.
bool repeating_thread::wait(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, pause, [this] { return ending_; });
}

} // namespace gridtwin
