#include "src/node/trust_watch.hpp"

#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("trust_watch: SE-07, a reload while the first policy is told does not leave that one as the last") {
  const std::string older = "version = 1\nprivacy_floor = 7\n";
  const std::string newer = "version = 1\nprivacy_floor = 8\n";
  const temporary_folder folder;
  folder.write("access.toml", older);
  const auto clock = [] { return std::int64_t{1'000}; };
  auto trust = edge_trust::open((folder.path() / "access.toml").string(), clock);
  REQUIRE(trust);
  node_log log(log_format::json, clock);
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false; // the telling has begun
  int told = 0;         // acts of the watch's thread meanwhile: the reload, and the policy
  const std::thread::id teller = std::this_thread::get_id();
  // The trail asks for the time with each act that it is told: there the teller is held up.
  audit_trail audit([&] {
    std::unique_lock lock(mutex);
    if (std::this_thread::get_id() != teller) {
      ++told;
      changed.notify_all();
    } else if (!std::exchange(stopped, true)) {
      folder.write("access.toml", newer);
      changed.wait_for(lock, std::chrono::seconds(60), [&] { return told >= 1; });
      changed.wait_for(lock, std::chrono::milliseconds(500), [&] { return told >= 2; });
    }
    return std::int64_t{1'000};
  });
  {
    trust_watch watch(
      **trust, audit,
      [&] {
        const std::lock_guard lock(mutex);
        return stopped && told == 0;
      },
      log);
    watch.tell_policy();
  }
  std::vector<std::string> policies;
  for (const audit_event& act : audit.take_all())
    if (act.act == use_policy_act)
      policies.push_back(act.text);
  CHECK(policies == std::vector<std::string>{older, newer});
}
