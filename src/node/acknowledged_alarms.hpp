#pragma once

#include "src/alarms/alarm_book.hpp"
#include "src/gate/audit_trail.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

namespace gridtwin {

/// Brings acknowledgements of alarms, which operators write into the book beside the node, into the audit trail of its
/// store, each once: the number of the event in the book stands in the act, so that after a restart the store itself
/// says how far it was told. One thread at a time.
class acknowledged_alarms {
public:
  /// `audit` outlives this.
  acknowledged_alarms(std::filesystem::path store, audit_trail& audit) : store_(std::move(store)), audit_(&audit) {}

  /// Tells the trail what is new. Error: the book or the store cannot be read; the next look begins where this one did.
  result<void> look();

private:
  std::filesystem::path store_;
  audit_trail* audit_;
  std::optional<alarm_book> book_;
  std::optional<std::int64_t> seen_; ///< event of the book up to which it is told; nothing: not read yet
};

} // namespace gridtwin
