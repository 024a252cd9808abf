#pragma once

#include "src/push/webhook_delivery.hpp"
#include "src/push/webhook_session.hpp"
#include "src/security/text_signer.hpp"
#include "twins/result.hpp"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gridtwin {

/// A webhook as it is to be run.
struct webhook_plan {
  webhook_options options;
  webhook_session_options session;
};

/// Webhooks at work, each in a thread of its own with a connection of its own: one whose receiver is slow, or lies,
/// keeps no other waiting.
class webhook_threads {
public:
  struct surroundings {
    std::filesystem::path store;
    std::shared_ptr<alarm_log> alarms;
    policy_function policy; ///< outlives this
    std::shared_ptr<const text_signer> signer;
    std::function<std::int64_t()> now_s;
    std::function<std::int64_t()> now_us;
    std::function<void(const push_act&)> tell; ///< from any thread
    std::uint64_t seed = 0;
  };

  /// The store exists. Error: files of a webhook that cannot be used, or what stands of it beside the store.
  static result<std::unique_ptr<webhook_threads>> open(std::vector<webhook_plan> plans, surroundings around);
  ~webhook_threads();
  webhook_threads(const webhook_threads&) = delete;
  webhook_threads& operator=(const webhook_threads&) = delete;

  /// Ends what is under way; what was not answered will be sent again.
  void stop();

  struct figures {
    std::string name;
    const webhook_counters* counters = nullptr;
  };
  std::vector<figures> counters() const;

private:
  struct worker {
    std::string name;
    webhook_counters counters;
    std::unique_ptr<webhook_sender> sender;
    std::unique_ptr<webhook_delivery> delivery;
    std::thread thread;
  };

  explicit webhook_threads(surroundings around) : around_(std::move(around)) {}
  result<void> add(webhook_plan plan);
  void run(worker& one);

  surroundings around_;
  std::unique_ptr<store_pool> pool_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
};

} // namespace gridtwin
