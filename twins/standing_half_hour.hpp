#pragma once

#include "twins/reading.hpp"

#include <cstdint>

namespace gridtwin {

/// A half hour that stands: its current content, and the version of that.
struct standing_half_hour {
  gridtwin::period period;
  std::uint32_t version = 1;
  gridtwin::content content;
};

} // namespace gridtwin
