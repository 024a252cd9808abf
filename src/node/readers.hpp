#pragma once

#include "config/node_settings.hpp"
#include "src/api/http_listener.hpp"
#include "src/api/reader_api.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/gate/known_meters.hpp"
#include "src/gate/submission.hpp"
#include "src/security/edge_trust.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gridtwin {

/// A node's listener for readers and operators: HTTPS with certificates on both ends, services and operators alone,
/// each for what the policy gives it; and head-ends, where the settings say that they may bring messages here. After a
/// reload of what the node trusts, connections that are not believed any more are ended.
class readers_listener {
public:
  /// All of it outlives this, and `trust` is reloaded no more when it goes.
  struct surroundings {
    edge_trust& trust;
    std::function<std::string()> metrics;   ///< the body of `/metrics`
    std::function<std::string()> not_ready; ///< see `reader_api`
    std::shared_ptr<http_counters> counters;
    std::function<std::int64_t()> now_us; ///< of a clock that never goes back
    wall_clock now_s;
    // Of messages:
    submission_gate& gate;
    audit_trail& audit;
    const known_meters& meters;
  };

  /// The store exists. Error: a file, the policy or the address cannot be used.
  static result<std::unique_ptr<readers_listener>> open(const node_settings& settings, surroundings around);

  std::uint16_t port() const noexcept { return listener_->port(); }
  /// Accepts nothing more and ends all connections.
  void stop() { listener_->stop(); }

private:
  readers_listener() = default;

  std::unique_ptr<reader_api> api_;
  std::unique_ptr<http_listener> listener_; ///< asks those above
};

} // namespace gridtwin
