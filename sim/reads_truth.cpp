#include "sim/reads_truth.hpp"

#include "sim/demand_model.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace gridtwin {

namespace {

/// Most rows of one key that a cell can have, with room to spare.
constexpr std::size_t most_contents = 8;

/// One JSON object whose names and values need no escaping.
class json_object {
public:
  void add(std::string_view name, const std::string& value) {
    text_.append(text_.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value);
  }
  template <class Number>
  void add_number(std::string_view name, Number value) {
    add(name, std::to_string(value));
  }
  std::string text() const { return text_ + "}"; }

private:
  std::string text_ = "{";
};

} // namespace

std::uint64_t reads_truth::rejected_in_all() const noexcept {
  return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
}

std::string to_json(const reads_truth& truth) {
  json_object injected;
  for (std::size_t i = 0; i < fault_count; ++i)
    injected.add_number(fault_names[i], truth.injected[i]);
  json_object rejected;
  for (std::size_t i = 0; i < verdict_count; ++i)
    if (truth.rejected[i] > 0)
      rejected.add_number(name_of(static_cast<verdict>(i)), truth.rejected[i]);
  json_object energy;
  for (std::size_t i = 0; i < quantity_count; ++i)
    if (i <= index_of(quantity::active_export) || (truth.quantities & mask_of(static_cast<quantity>(i))) != 0)
      energy.add_number(quantity_names[i], truth.energy_wh[i]);
  json_object expected;
  expected.add_number("readings", truth.readings);
  expected.add_number("accepted", truth.accepted);
  expected.add_number("duplicates", truth.duplicates);
  expected.add_number("conflicts", truth.conflicts);
  expected.add_number("quarantined", truth.quarantined);
  expected.add("rejected", rejected.text());
  expected.add_number("rounded", 0);
  expected.add_number("ambiguous_local_times", 0);
  expected.add("energy_wh", energy.text());
  expected.add_number("gaps", truth.gaps);
  expected.add_number("gap_periods", truth.gap_periods);
  expected.add_number("meters", truth.meters);
  expected.add_number("feeders", truth.feeders);
  expected.add_number("transformers", truth.transformers);
  expected.add_number("days", truth.days);
  json_object all;
  all.add("injected", injected.text());
  all.add("expected", expected.text());
  return all.text() + "\n";
}

void truth_counter::count_cell(period when, std::span<const simulated_row> regular,
                               std::int32_t& last_current) noexcept {
  truth_.readings += regular.size();
  const standing first = count_version(regular, 1);
  const standing second = count_version(regular, 2);
  if (first != standing::absent || second != standing::absent)
    mark_day(when);
  // The highest version decides, also where it leaves the period open.
  if ((second == standing::absent ? first : second) == standing::accepted)
    mark_current(when, last_current);
}

truth_counter::standing truth_counter::count_version(std::span<const simulated_row> rows,
                                                     std::uint8_t version) noexcept {
  std::array<std::int64_t, most_contents> contents{};
  std::size_t distinct = 0;
  std::uint64_t valid = 0;
  quantity what = quantity::active_import;
  for (const simulated_row& row : rows) {
    if (row.version != version)
      continue;
    const bool null = row.wh == simulated_row::null_wh;
    if (null || row.wh < 0 || row.wh > most_simulated_wh) {
      ++truth_.rejected[index_of(null ? verdict::null_value : row.wh < 0 ? verdict::negative : verdict::over_maximum)];
      continue;
    }
    ++valid;
    what = row.quantity;
    const auto end = contents.begin() + static_cast<std::ptrdiff_t>(distinct);
    if (std::find(contents.begin(), end, row.wh) == end && distinct < most_contents)
      contents[distinct++] = row.wh;
  }
  truth_.duplicates += valid - distinct;
  if (distinct == 0)
    return standing::absent;
  if (distinct > 1) {
    truth_.conflicts += distinct;
    return standing::contradicted;
  }
  ++truth_.accepted;
  truth_.energy_wh[index_of(what)] += contents[0];
  return standing::accepted;
}

void truth_counter::count_off_grid() noexcept {
  ++truth_.readings;
  ++truth_.rejected[index_of(verdict::off_grid)];
}

void truth_counter::count_unknown_meter() noexcept {
  ++truth_.readings;
  ++truth_.quarantined;
}

reads_truth truth_counter::finish() noexcept {
  truth_.days = static_cast<std::uint64_t>(std::count(seen_.begin(), seen_.end(), true));
  return truth_;
}

} // namespace gridtwin
