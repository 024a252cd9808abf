#pragma once

#include "src/store/topology.hpp"
#include "twins/estate.hpp"
#include "twins/mpan.hpp"

#include <memory>
#include <string>
#include <vector>

namespace gridtwin {

/// An estate that a run has bound to a store, as it is in memory.
struct known_estate {
  std::shared_ptr<const gridtwin::estate> estate;
  std::shared_ptr<const gridtwin::topology> topology;
  std::vector<mpan> meters_across;
  std::string hash; ///< `topology_change::hash`
};

} // namespace gridtwin
