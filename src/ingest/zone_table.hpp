#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gridtwin {

/// How many instants a local time is.
enum class local_kind : std::uint8_t { unique, never, twice };

/// A span of local times that go over into UTC alike. Local times are seconds since 1970 as if they were UTC.
struct local_span {
  std::int64_t begin_s = 0;
  std::int64_t end_s = 0; ///< exclusive
  /// What to take off the local time; where it never occurs or occurs twice, the offset before the change.
  std::int32_t offset_s = 0;
  std::int32_t later_offset_s = 0; ///< the offset after the change; `offset_s` for a unique time
  local_kind kind = local_kind::unique;
};

/// Local times of a zone for the years 1970 to 2199, worked out in advance. Immutable.
class zone_table {
public:
  /// `zone`: "UTC", "GMT", "Z", a fixed offset as "+01:00", or a name of the tz database as "Europe/London", which
  /// follows its last known yearly rule where the database of the system ends (2037). Reads the tz database.
  /// Error: `errc::bad_profile`.
  static result<zone_table> make(std::string_view zone);

  /// The span that holds a local time. `hint` is any number; kept by the caller between calls it makes them quick.
  const local_span& find(std::int64_t local_s, std::size_t& hint) const noexcept {
    const local_span& near = spans_[hint < spans_.size() ? hint : 0];
    return local_s >= near.begin_s && local_s < near.end_s ? near : search(local_s, hint);
  }

  /// Some local time occurs twice.
  bool has_repeated_times() const noexcept { return repeats_; }

private:
  const local_span& search(std::int64_t local_s, std::size_t& hint) const noexcept;

  std::vector<local_span> spans_; ///< without holes, from the earliest to the latest number
  bool repeats_ = false;
};

} // namespace gridtwin
