#pragma once

#include "config/node_settings.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/gate/known_meters.hpp"
#include "src/gate/submission.hpp"
#include "src/security/edge_trust.hpp"
#include "src/wire/wire_listener.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace gridtwin {

/// A node's listener for framed submissions: TLS with certificates on both ends, head-ends alone, each for the meters
/// that the policy gives it. All of it by what the node trusts now: after a reload, sessions that are not believed any
/// more are ended.
class frames_listener {
public:
  /// What it asks and tells. All of it outlives it, and `trust` is reloaded no more when it goes.
  struct surroundings {
    submission_gate& gate;
    edge_trust& trust;
    audit_trail& audit;
    const known_meters& meters;
    std::function<std::int64_t()> now_us; ///< of a clock that never goes back
  };

  /// Error: a file or the address cannot be used.
  static result<std::unique_ptr<frames_listener>> open(const node_settings& settings, surroundings s);

  std::uint16_t port() const noexcept { return listener_->port(); }
  const wire_counters& counters() const noexcept { return listener_->counters(); }
  /// Accepts nothing more, answers what is unanswered, closes.
  void stop() { listener_->stop(); }

private:
  frames_listener() = default;

  std::unique_ptr<wire_listener> listener_;
};

} // namespace gridtwin
