#pragma once

#include "src/store/settlement_record.hpp"
#include "twins/mpan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// The estimates of a run of settlement as they are kept, by meter: some nine bytes a half hour, and 32 a meter that
/// has any. Immutable, for all threads.
class estimate_index {
public:
  /// `bytes`: of `estimate_encoder`. Nothing where they are damaged.
  static std::optional<estimate_index> over(std::string bytes);

  /// Appends what was put for a meter, by quantity and period.
  void append_of(mpan meter, std::vector<recorded_estimate>& out) const;

private:
  struct entry {
    std::uint64_t meter = 0;
    estimate_decoder::place first;
  };

  estimate_index(std::string bytes, std::vector<entry> meters) : bytes_(std::move(bytes)), meters_(std::move(meters)) {}

  std::string bytes_;
  std::vector<entry> meters_; ///< ascending
};

} // namespace gridtwin
