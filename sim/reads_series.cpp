#include "sim/reads_series.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>

namespace gridtwin {

namespace {

/// Positions of connections by MPAN and time.
std::vector<std::uint32_t> by_mpan(const estate& source) {
  std::vector<std::uint32_t> order(source.connections.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const connection& x = source.connections[a];
    const connection& y = source.connections[b];
    return x.mpan != y.mpan ? x.mpan < y.mpan : x.effective.first < y.effective.first;
  });
  return order;
}

/// The end of an outage that began before `first` and still lasts, else 0.
std::int32_t outage_in_progress(const fault_plan& faults, std::uint64_t outage_key, period first) {
  std::int32_t end = 0;
  for (std::int32_t p = first.number - longest_outage + 1; p < first.number; ++p)
    if (const int length = faults.outage_starting(outage_key, {p}); length > 0)
      end = std::max(end, p + length);
  return end;
}

std::vector<std::uint64_t> numbers_that_find_meters(const estate& source) {
  std::vector<std::uint64_t> known;
  known.reserve(source.connections.size());
  for (const connection& c : source.connections)
    known.push_back(c.mpan.number);
  for (const std::string& name : source.source_names)
    if (const std::optional<mpan> number = parse_mpan(name))
      known.push_back(number->number);
  std::sort(known.begin(), known.end());
  return known;
}

/// The first series of the same MPAN and quantity; they stand close before `at`.
std::uint32_t chain_of(const std::vector<reads_series>& series, const reads_series& next) {
  std::size_t chain = series.size();
  for (std::size_t at = series.size(); at-- > 0 && series[at].mpan == next.mpan;)
    if (series[at].quantity == next.quantity)
      chain = at;
  return static_cast<std::uint32_t>(chain);
}

} // namespace

reads_series_table make_series(const estate& source, std::uint64_t seed, const fault_plan& faults, period first,
                               bool with_known_numbers) {
  reads_series_table table;
  std::vector<std::int32_t> outage_ends(source.feeders.size(), 0);
  if (faults.has_outages()) {
    for (std::size_t i = 0; i < source.feeders.size(); ++i) {
      const feeder_info& feeder = source.feeders[i];
      table.outage_keys.push_back(faults.outage_key(source.transformers[feeder.transformer.value], feeder.id));
      outage_ends[i] = outage_in_progress(faults, table.outage_keys.back(), first);
    }
  }
  if (with_known_numbers)
    table.known = numbers_that_find_meters(source);
  const demand_model demand(seed);
  std::optional<mpan> last;
  table.series.reserve(source.connections.size());
  for (const std::uint32_t at : by_mpan(source)) {
    const connection& c = source.connections[at];
    table.meters += last != c.mpan ? 1 : 0;
    last = c.mpan;
    table.quantities = static_cast<std::uint8_t>(table.quantities | c.quantities);
    if (!c.energised)
      continue;
    const customer who = demand.customer_of(source, c);
    for (std::size_t q = 0; q < quantity_count; ++q) {
      if ((c.quantities & mask_of(static_cast<quantity>(q))) == 0)
        continue;
      reads_series next{.mpan = c.mpan,
                        .who = who,
                        .effective = c.effective,
                        .source_name = c.source_name,
                        .feeder = c.feeder,
                        .outage_end = outage_ends[c.feeder.value],
                        .quantity = static_cast<quantity>(q),
                        .whole_current = c.type == connection_type::whole_current};
      next.chain = chain_of(table.series, next);
      table.series.push_back(next);
    }
  }
  return table;
}

} // namespace gridtwin
