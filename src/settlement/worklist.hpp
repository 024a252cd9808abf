#pragma once

#include "src/settlement/settled_transformer.hpp"
#include "src/settlement/settlement_job.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// Half hours of one meter that follow one another, are settled without an actual, and for one reason: what somebody
/// can mend before the next run.
struct work_item {
  connection_index connection;
  gridtwin::quantity quantity = quantity::active_import;
  std::uint8_t first_place = 0;
  std::uint8_t half_hours = 0;
  std::int64_t wh = 0; ///< that was estimated
  missing_cause cause = missing_cause::not_received;
  std::optional<verdict> refusal;          ///< with `missing_cause::refused`
  std::optional<estimation_method> method; ///< none: a received estimate
  std::vector<estimation_exception> exceptions;
};

/// Appends what is to be done for a transformer's meters. De-energised half hours are nothing to mend.
void list_work(const settled_transformer& t, std::vector<work_item>& out);

/// Largest energy first; then by meter, quantity and time.
void sort_work(const estate& e, std::vector<work_item>& items);

/// What would mend it, for a person.
std::string remedy_of(const work_item& item);

} // namespace gridtwin
