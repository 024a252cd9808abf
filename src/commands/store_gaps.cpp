#include "src/commands/store_gaps.hpp"

#include <algorithm>
#include <map>

namespace gridtwin {

namespace {

/// Calls `f(place within the transformer, quantity, mask)` for a day, from its summary or, without one, its readings.
result<void> masks_of(store_view& view, transformer_index t, utc_day day, transformer_day_reader& readings,
                      const std::function<void(std::size_t, quantity, std::uint64_t)>& f) {
  std::string masks;
  if (view.unsummarised(t, day)) {
    if (auto loaded = readings.load(day); !loaded)
      return loaded;
    masks = encode_masks(readings.twins(), day);
  } else {
    auto summary = view.reader().day_summary(view.topology().number_of[t.value], day);
    if (!summary)
      return summary.failure();
    if (*summary)
      masks = std::move((*summary)->masks);
  }
  const bool good = decode_masks(masks, [&](twin_slot slot, quantity q, std::uint64_t mask) {
    if (const auto place = readings.place_of(slot))
      f(*place, q, mask);
  });
  if (!good)
    return error{errc::store_failed, "the store's summary of " + format_day(day) + " is damaged"};
  return {};
}

} // namespace

result<void> find_gaps(store_view& view, transformer_index t, const gap_scan::found_function& found) {
  const auto& across = view.meters_across();
  const connection_range range = connections_of(view.estate(), t);
  std::vector<connection_index> connections;
  for (std::uint32_t i = 0; i < range.count; ++i)
    connections.push_back({range.first + i});
  gap_scan scan(view.estate(), connections, [&](const meter_gap& g) {
    if (!std::binary_search(across.begin(), across.end(), view.estate().connections[g.connection.value].mpan))
      found(g);
  });
  transformer_day_reader readings(view.cut(), t);
  for (const utc_day day : view.days_of(t)) {
    auto done = masks_of(view, t, day, readings,
                         [&](std::size_t place, quantity q, std::uint64_t mask) { scan.add(place, q, mask); });
    if (!done)
      return done;
    scan.end_day(day);
  }
  return {};
}

result<void> find_gaps_across(store_view& view, const gap_scan::found_function& found) {
  const auto& across = view.meters_across();
  if (across.empty())
    return {};
  // Few meters move: their transformers are read side by side, day by day.
  std::vector<connection_index> connections;
  std::map<std::uint32_t, std::map<std::uint32_t, std::size_t>> places; // transformer, its place, place in the scan
  const estate& e = view.estate();
  for (std::uint32_t i = 0; i < e.connections.size(); ++i) {
    if (!std::binary_search(across.begin(), across.end(), e.connections[i].mpan))
      continue;
    const transformer_index t = e.transformer_of(e.connections[i]);
    places[t.value][i - connections_of(e, t).first] = connections.size();
    connections.push_back({i});
  }
  std::map<std::uint32_t, transformer_day_reader> readers;
  for (const auto& [t, unused] : places)
    readers.emplace(t, transformer_day_reader(view.cut(), {t}));
  gap_scan scan(e, connections, found);
  for (const utc_day day : view.days()) {
    for (const auto& [t, of_place] : places) {
      const auto& days = view.days_of({t});
      if (!std::binary_search(days.begin(), days.end(), day))
        continue;
      // Captured by name: clang 14 captures no structured binding by default.
      const auto add = [&, &scanned = of_place](std::size_t place, quantity q, std::uint64_t mask) {
        if (const auto at = scanned.find(static_cast<std::uint32_t>(place)); at != scanned.end())
          scan.add(at->second, q, mask);
      };
      auto done = masks_of(view, {t}, day, readers.at(t), add);
      if (!done)
        return done;
    }
    scan.end_day(day);
  }
  return {};
}

result<gap_totals> count_gaps(store_view& view) {
  gap_totals out;
  const auto add = [&](const meter_gap& g) {
    ++out.gaps;
    out.periods += g.missing.periods();
  };
  auto counted = view.reader().gap_counts();
  if (!counted)
    return counted.failure();
  for (std::uint32_t t = 0; t < view.estate().transformers.size(); ++t) {
    if (view.days_of({t}).empty())
      continue;
    const auto known = counted->find(view.topology().number_of[t].value);
    if (known != counted->end() && !view.any_unsummarised({t})) {
      out.gaps += known->second.first;
      out.periods += known->second.second;
    } else if (auto found = find_gaps(view, {t}, add); !found) {
      return found.failure();
    }
  }
  if (auto found = find_gaps_across(view, add); !found)
    return found.failure();
  return out;
}

} // namespace gridtwin
