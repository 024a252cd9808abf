#pragma once

#include "config/node_settings.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/gate/known_meters.hpp"
#include "src/gate/submission_feed.hpp"
#include "src/node/frames.hpp"
#include "src/node/node_log.hpp"
#include "src/node/node_status.hpp"
#include "src/node/pushes.hpp"
#include "src/node/readers.hpp"
#include "src/node/trust_watch.hpp"
#include "src/security/edge_trust.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gridtwin {

/// What a node listens with and what it sends from itself, by what it trusts: one policy for all listeners and
/// webhooks, and files that are read again as they change.
class node_edge {
public:
  /// All of it outlives this.
  struct surroundings {
    submission_feed& feed;
    audit_trail& audit;
    const known_meters& meters;
    node_status& status;
    wall_clock now_s;
    std::function<std::int64_t()> now_us; ///< of a clock that never goes back
    std::function<bool()> reload_asked;   ///< see `trust_watch`
    node_log& log;
  };

  /// The store exists. Without an address in the settings there is no listener. Error: a file, the policy or an address
  /// cannot be used.
  static result<std::unique_ptr<node_edge>> open(const node_settings& settings, const surroundings& s);

  /// `listening at 127.0.0.1 port 7470, HTTPS at 127.0.0.1 port 7471`; empty where nothing listens.
  const std::string& where() const noexcept { return where_; }
  /// Puts the policy into the audit trail, if there is one; after each reload it is there of itself.
  void tell_policy();
  /// Accepts nothing more, answers what is unanswered, closes.
  void stop();

private:
  node_edge() = default;

  // In the order in which they need each other.
  std::unique_ptr<edge_trust> trust_;
  std::unique_ptr<webhook_threads> webhooks_;
  std::unique_ptr<frames_listener> frames_;
  std::unique_ptr<readers_listener> readers_;
  std::unique_ptr<trust_watch> watch_;
  std::string where_;
};

} // namespace gridtwin
