#pragma once

#include "config/node_settings.hpp"
#include "src/gate/submission.hpp"
#include "src/security/access_policy.hpp"
#include "src/security/tls_context.hpp"
#include "src/wire/wire_listener.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace gridtwin {

/// A node's listener for framed submissions: TLS with certificates on both ends, head-ends alone, each for the meters
/// that the policy gives it.
class frames_listener {
public:
  /// `gate` outlives it. Error: a file, the policy or the address cannot be used.
  static result<std::unique_ptr<frames_listener>> open(const node_settings& settings, submission_gate& gate,
                                                       wall_clock now_s, std::function<std::int64_t()> now_us);

  std::uint16_t port() const noexcept { return listener_->port(); }
  /// Accepts nothing more, answers what is unanswered, closes.
  void stop() { listener_->stop(); }

private:
  frames_listener(std::unique_ptr<tls_context> tls, access_policy policy)
    : tls_(std::move(tls)), policy_(std::make_shared<const access_policy>(std::move(policy))) {}

  std::unique_ptr<tls_context> tls_;
  std::shared_ptr<const access_policy> policy_;
  std::unique_ptr<wire_listener> listener_; ///< asks the two above
};

} // namespace gridtwin
