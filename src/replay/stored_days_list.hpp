#pragma once

#include "src/store/store_folder.hpp"
#include "src/store/topology.hpp"

#include <vector>

namespace gridtwin {

/// Days that the store has, by transformer.
struct stored_days_list {
  std::vector<std::vector<utc_day>> all;
  std::vector<std::vector<utc_day>> unsummarised; ///< of these, those that a run left unfinished
};

/// Error: the store cannot be read.
result<stored_days_list> list_stored_days(const store_folder& folder, const topology& names);

} // namespace gridtwin
