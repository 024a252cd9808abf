#pragma once

#include "src/store/day_summary.hpp"
#include "src/store/earlier_days.hpp"
#include "src/store/store_reader.hpp"
#include "twins/meter_twin.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// What a store held at an instant, with the estate that it is bound to. Its owner keeps what it points to.
struct store_cut {
  store_reader* reader = nullptr;
  const gridtwin::estate* estate = nullptr;
  const gridtwin::topology* topology = nullptr;
  std::optional<std::int64_t> as_known_at; ///< seconds since the epoch; nothing: all that is known
  const earlier_days* as_stood = nullptr;  ///< only what had been added then; nothing: all that is stored
};

/// The twins of a transformer, a day of them at a time, as a store has it.
class transformer_day_reader {
public:
  transformer_day_reader(const store_cut& cut, transformer_index t);

  /// Is told of each reading of a day as it is read: the place of its meter, and when it became known (seconds since
  /// the epoch). One whose equal became known earlier comes twice.
  using observer = std::function<void(std::uint32_t place, const stored_reading& r, std::int64_t known_s)>;

  /// Replaces the day that is held.
  result<void> load(utc_day day);
  /// The same; reads the day also where it is held.
  result<void> load(utc_day day, const observer& see);

  const meter_twin& twin(std::size_t place) const noexcept { return twins_[place]; }
  const connection& meter(std::size_t place) const noexcept {
    return cut_.estate->connections[connections_.first + place];
  }
  std::size_t size() const noexcept { return twins_.size(); }
  std::optional<std::uint32_t> place_of(twin_slot slot) const noexcept {
    const auto at = place_of_slot_.find(slot.value);
    return at == place_of_slot_.end() ? std::nullopt : std::optional(at->second);
  }
  transformer_twins twins() const noexcept;

private:
  store_cut cut_;
  transformer_index transformer_;
  connection_range connections_;
  std::vector<meter_twin> twins_;
  std::vector<const meter_twin*> views_;
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_slot_;
  std::optional<utc_day> held_;
};

} // namespace gridtwin
