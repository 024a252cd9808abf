#pragma once

#include "src/store/commit.hpp"
#include "src/store/journal_section.hpp"
#include "twins/meter_twin.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

class hosted_twins;

/// What a group adds to one transformer's sets of readings, gathered while it is judged: by order of arrival, as the
/// journal has it, and by day and twin, as the day store has it. Values of compact readings are not copied; they stand
/// in the twins' days.
class group_additions {
public:
  /// What is kept for each twin: where its row is.
  static constexpr std::size_t bytes_a_place = sizeof(std::uint32_t);

  /// `slots`: of the transformer's connections, by place.
  explicit group_additions(std::span<const twin_slot> slots) : slots_(slots), row_of_place_(slots.size()) {}

  void clear() noexcept;
  bool empty() const noexcept { return arrived_.empty(); }

  /// A reading, the `at`-th of its batch, has joined its twin's set: in the compact part of its day, or by exception.
  /// `day`, `slot`: of its half hour.
  void add(const reading_batch& batch, std::uint32_t at, std::uint32_t place, utc_day day, int slot,
           bool in_compact_part) {
    if (!arrived_.empty() && arrived_.back().batch == &batch && arrived_.back().first + arrived_.back().count == at)
      ++arrived_.back().count;
    else
      arrived_.push_back({&batch, at, 1});
    const sourced_reading& r = batch.readings[at];
    row& mine = row_of(day, place, r.quantity);
    if (in_compact_part)
      mine.mask |= std::uint64_t{1} << slot;
    else
      add_exception(r, day, place);
  }

  /// Readings in the order of their arrival.
  std::span<const batch_range> arrived() const noexcept { return arrived_; }
  std::vector<batch_range> take_arrived() noexcept { return std::move(arrived_); }

  /// Calls `f(day)` for each day that something was added to, ascending. To be called once, when all is gathered.
  template <class F>
  void for_each_day(F&& f) {
    sort();
    for (std::size_t first = 0; first < rows_.size();) {
      const utc_day day = rows_[first].day;
      std::size_t end = first;
      while (end < rows_.size() && rows_[end].day == day)
        ++end;
      f(day, std::span<const row>(rows_).subspan(first, end - first));
      first = end;
    }
  }

  /// A twin, quantity and day that something was added to.
  struct row {
    utc_day day;
    std::uint32_t place = 0;
    gridtwin::quantity quantity = quantity::active_import;
    std::uint64_t mask = 0; ///< half hours added to the compact part
  };

  /// The day's part as a fragment, not packed. `rows`: of the day.
  std::string fragment(utc_day day, std::span<const row> rows, const hosted_twins& twins) const;

private:
  row& row_of(utc_day day, std::uint32_t place, quantity q) {
    const std::uint32_t at = row_of_place_[place];
    if (at < rows_.size() && rows_[at].place == place && rows_[at].day == day && rows_[at].quantity == q)
      return rows_[at];
    row_of_place_[place] = static_cast<std::uint32_t>(rows_.size());
    return rows_.emplace_back(row{day, place, q, 0});
  }
  void add_exception(const sourced_reading& r, utc_day day, std::uint32_t place);
  void sort();

  std::span<const twin_slot> slots_;
  std::vector<batch_range> arrived_;
  std::vector<row> rows_;
  std::vector<stored_reading> exceptions_;
  std::vector<std::uint32_t> row_of_place_; ///< the last begun for a place; what stands there says whether it is
};

} // namespace gridtwin
