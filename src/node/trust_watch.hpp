#pragma once

#include "src/gate/audit_trail.hpp"
#include "src/node/node_log.hpp"
#include "src/process/repeating_thread.hpp"
#include "src/security/edge_trust.hpp"

#include <functional>
#include <mutex>
#include <string>

namespace gridtwin {

/// Keeps what a node trusts as its files say, in a thread of its own: looks at them once a second, reads them again
/// when they have changed or when it is asked to, and has listeners ask their peers once a minute. Each reload is told
/// and goes into the audit trail, a failure as long as it is the same only once.
class trust_watch {
public:
  /// `asked`: whether an operator has asked for a reload since it was last called, in the thread of this. All of them
  /// outlive it.
  trust_watch(edge_trust& trust, audit_trail& audit, std::function<bool()> asked, node_log& log);

  /// Puts the policy that is in force into the audit trail, where it is another than before; after a reload of itself.
  /// From any thread.
  void tell_policy();

private:
  void look();
  void done(const result<void>& reloaded, bool was_asked);

  edge_trust& trust_;
  audit_trail& audit_;
  const std::function<bool()> asked_;
  node_log& log_;
  std::string failure_; ///< of the last reload; empty: none
  int looks_ = 0;
  std::mutex telling_; ///< held from taking a policy's texts until they are told: the last that is told is in force
  repeating_thread thread_; ///< last: it uses the others
};

} // namespace gridtwin
