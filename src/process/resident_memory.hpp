#pragma once

#include <cstdint>

namespace gridtwin {

/// Memory of this process that stands in the machine's, in bytes: now, and at most so far. 0 where the system does not
/// tell.
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

} // namespace gridtwin
