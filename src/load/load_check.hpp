#pragma once

#include "src/load/load_source.hpp"
#include "src/store/reading_topic.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gridtwin {

/// What the answers of a load say against what the log has.
struct load_findings {
  std::uint64_t accepted = 0;  ///< readings that were answered `accepted`
  std::uint64_t found = 0;     ///< events of the load's readings
  std::uint64_t missing = 0;   ///< accepted or duplicate, and in no record
  std::uint64_t twice = 0;     ///< in more than one record
  std::uint64_t misplaced = 0; ///< in another record than the answer says
  std::uint64_t different = 0; ///< with another content than was sent
  std::uint64_t unasked = 0;   ///< in the log, and answered as if it were not: rejected, quarantined
  bool holds() const noexcept { return missing + twice + misplaced + different + unasked == 0; }
};

/// One sender's load and what it was answered, in order of numbers.
struct answered_load {
  const load_plan* plan = nullptr;
  std::vector<answered_stretch> stretches;
};

/// Holds events against loads. Readings that are none of the loads' are passed over; so are those without an answer,
/// which may be there or not.
class load_checker {
public:
  /// `loads`, and the plans that they name, outlive this.
  explicit load_checker(std::span<const answered_load> loads);

  void see(const reading_event& e);
  /// After the last event.
  load_findings end();

private:
  void see(const reading_event& e, std::size_t load, std::uint64_t number);

  std::span<const answered_load> loads_;
  std::vector<std::vector<bool>> seen_; ///< by load and number
  load_findings findings_;
};

/// Reads the whole log.
result<load_findings> check_load(reading_topic& log, std::span<const answered_load> loads);

} // namespace gridtwin
