#pragma once

#include "src/store/commit.hpp"
#include "twins/result.hpp"

#include <functional>
#include <string>

namespace gridtwin {

/// Where the readings of a fragment came from.
struct fragment_origin {
  std::uint32_t run = 0; ///< that added them; 0: some run before the one under way
  known_time known;
};

/// Where a transformer's host finds days that it does not hold in memory. Any thread may call it.
class day_source {
public:
  using take = std::function<void(const stored_reading&, const fragment_origin&)>;

  virtual ~day_source() = default;

  /// Calls `f` for every committed reading of a day. One whose equal became known earlier comes twice. Returns how many
  /// fragments there were.
  virtual result<std::size_t> load(transformer_number t, utc_day day, const take& f) = 0;

  /// The loads of a day's feeders, encoded (`decode_loads`); empty where there are none.
  virtual result<std::string> loads(transformer_number t, utc_day day) = 0;

  /// The masks that were stored with a day's summary; empty where there is none.
  virtual result<std::string> masks(transformer_number t, utc_day day) = 0;
};

} // namespace gridtwin
