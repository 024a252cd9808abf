#pragma once

#include "src/alarms/alarm_book.hpp"
#include "src/gate/audit_trail.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace gridtwin {

/// Brings acknowledgements of alarms, which operators write into the book beside the node, into the audit trail of its
/// store, each once. After a restart the store itself says which it has: an alarm is acknowledged once, so its number,
/// the instant and the name tell acknowledgements apart, those of a book that was made anew or put back as well. One
/// thread at a time.
class acknowledged_alarms {
public:
  /// `audit` outlives this.
  acknowledged_alarms(std::filesystem::path store, audit_trail& audit) : store_(std::move(store)), audit_(&audit) {}

  /// Tells the trail what is new. Error: the book or the store cannot be read; the next look begins where this one did.
  result<void> look();

private:
  using recorded = std::tuple<std::string, std::int64_t, std::string>; ///< subject, instant, who

  static result<std::set<recorded>> recorded_in(const std::filesystem::path& store);
  result<void> tell(const alarm_event& event);

  std::filesystem::path store_;
  audit_trail* audit_;
  std::optional<alarm_book> book_;
  std::int64_t seen_ = 0; ///< event of the book up to which it is told
  /// Those that the store had when this began, until all of the book has been compared with them.
  std::optional<std::set<recorded>> recorded_;
  bool compared_ = false;
};

} // namespace gridtwin
