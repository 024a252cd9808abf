#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gridtwin {

/// Does something again and again, in a thread of its own that ends with it.
class repeating_thread {
public:
  enum class first { at_once, after_a_pause };

  /// `turn` is called in the thread, with `pause` between two.
  repeating_thread(first when, std::chrono::milliseconds pause, std::function<void()> turn);
  /// Waits for the turn that is under way.
  ~repeating_thread();
  repeating_thread(const repeating_thread&) = delete;
  repeating_thread& operator=(const repeating_thread&) = delete;

private:
  bool wait(std::chrono::milliseconds pause);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_; ///< last: it uses the others
};

} // namespace gridtwin
