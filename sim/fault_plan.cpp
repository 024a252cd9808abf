#include "sim/fault_plan.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <optional>

namespace gridtwin {

namespace {

constexpr int rate_decimals = 9;

/// Faults drawn for a cell by their own rate alone.
constexpr std::array independent_faults{fault::gap,        fault::duplicate, fault::conflict,
                                        fault::correction, fault::off_grid,  fault::null,
                                        fault::negative,   fault::too_large, fault::unknown_meter};

std::string known_names() {
  std::string list;
  for (const std::string_view name : fault_names)
    list.append(list.empty() ? "" : ", ").append(name);
  return list;
}

std::string_view strip(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

result<void> apply(std::string_view item, fault_rates& rates) {
  if (item == "all" || item == "none") {
    rates = item == "all" ? usual_fault_rates() : fault_rates{};
    return {};
  }
  const auto equals = item.find('=');
  const std::string_view name = strip(item.substr(0, equals));
  const auto at = std::find(fault_names.begin(), fault_names.end(), name);
  if (at == fault_names.end())
    return error{errc::usage,
                 "unknown fault '" + std::string(name) + "'; known are " + known_names() + ", and all, none"};
  if (equals == std::string_view::npos)
    return error{errc::usage, "fault '" + std::string(name) + "' needs a rate, as in " + std::string(name) + "=0.001"};
  const std::string_view text = strip(item.substr(equals + 1));
  const std::optional<std::int64_t> ppb = parse_fixed(text, rate_decimals);
  if (!ppb || *ppb > always_ppb)
    return error{errc::usage, "rate '" + std::string(text) + "' of fault '" + std::string(name)
                                + "' is not a decimal from 0 to 1 with at most 9 places"};
  rates.ppb[static_cast<std::size_t>(at - fault_names.begin())] = static_cast<std::uint32_t>(*ppb);
  return {};
}

} // namespace

fault_rates usual_fault_rates() noexcept {
  fault_rates rates;
  const auto set = [&rates](fault f, std::uint32_t ppb) { rates.ppb[index_of(f)] = ppb; };
  set(fault::gap, 10'000'000);
  set(fault::duplicate, 1'000'000);
  set(fault::conflict, 1'000'000);
  set(fault::correction, 1'000'000);
  set(fault::off_grid, 100'000);
  set(fault::null, 100'000);
  set(fault::negative, 100'000);
  set(fault::too_large, 100'000);
  set(fault::unknown_meter, 100'000);
  set(fault::shuffled, 10'000'000);
  set(fault::outage, 1'000'000);
  return rates;
}

result<fault_rates> parse_fault_rates(std::string_view text) {
  fault_rates rates;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view item = strip(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (item.empty())
      continue;
    if (auto done = apply(item, rates); !done)
      return done.failure();
  }
  return rates;
}

fault_plan::fault_plan(std::uint64_t seed, const fault_rates& rates) noexcept
  : rates_(rates), cells_(key_of(seed, random_stream::faults)), outages_(key_of(seed, random_stream::outages)) {
  for (std::size_t i = 0; i < fault_count; ++i)
    thresholds_[i] = (std::uint64_t{rates.ppb[i]} << 34) / always_ppb; // compared with 34 random bits
  for (const fault f : independent_faults)
    if (rates.of(f) > 0)
      cell_faults_[cell_fault_count_++] = f;
  if (rates.of(fault::shuffled) > 0)
    cell_faults_[cell_fault_count_++] = fault::shuffled; // so that `any` knows; drawn for rows, not for cells
}

fault_set fault_plan::faults_of(std::uint64_t cell_key) const noexcept {
  fault_set found;
  for (std::size_t i = 0; i < cell_fault_count_; ++i) {
    const fault f = cell_faults_[i];
    if (f != fault::shuffled && happens(f, draw(cell_key, index_of(f))))
      found.add(f);
  }
  if (rates_.of(fault::correction) > 0) {
    const std::uint64_t mending = draw(cell_key, 100);
    if ((found.has(fault::conflict) && below(mending, 4) == 0) || (found.has(fault::gap) && below(mending, 20) == 0))
      found.add(fault::correction);
  }
  return found;
}

bool fault_plan::is_shuffled(std::uint64_t cell_key, unsigned ordinal) const noexcept {
  return rates_.of(fault::shuffled) > 0 && happens(fault::shuffled, draw(cell_key, 200 + ordinal));
}

std::uint64_t fault_plan::outage_key(const transformer_info& at, std::string_view feeder) const noexcept {
  // By name, not by position: the same feeder fails at the same time in every estate that has it.
  std::uint64_t key = outages_;
  for (const char c : at.id)
    key = draw(key, static_cast<unsigned char>(c));
  key = draw(key, 256);
  for (const char c : feeder)
    key = draw(key, static_cast<unsigned char>(c));
  return key;
}

int fault_plan::outage_starting(std::uint64_t outage_key, period when) const noexcept {
  const std::uint64_t random = draw(outage_key, static_cast<std::uint64_t>(when.number));
  if (!happens(fault::outage, random))
    return 0;
  return 1 + static_cast<int>(below(mix64(random), longest_outage));
}

} // namespace gridtwin
