#pragma once

#include "src/ingest/meter_index.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gridtwin {

/// The meters of the estate that is in effect, for who must know where one stands and is no part of the run. From any
/// thread.
class known_meters {
public:
  /// Another estate is in effect.
  void replace(std::shared_ptr<const meter_index> meters) {
    const std::lock_guard lock(mutex_);
    meters_.swap(meters);
  }

  /// Id of the transformer that a meter hangs on by the last of its rows; empty where it is not known.
  std::string transformer_of(mpan meter) const {
    const auto meters = newest();
    const auto number = meters ? meters->find(meter) : std::nullopt;
    if (!number)
      return {};
    std::vector<connection> several;
    const estate& of = meters->topology();
    return of.transformers[of.transformer_of(meters->rows_of(*number, several).back()).value].id;
  }

private:
  std::shared_ptr<const meter_index> newest() const {
    const std::lock_guard lock(mutex_);
    return meters_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const meter_index> meters_;
};

} // namespace gridtwin
