#include "src/store/day_summary.hpp"

#include "src/store/bytes.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace gridtwin {

namespace {

/// A feeder's node from its twins' days, which stand in the order of their MPANs.
std::optional<day_node> hash_feeder(const feeder_info& feeder, std::span<const connection> connections,
                                    std::span<const meter_twin* const> twins, utc_day day, quantity q,
                                    const estate_key& key) {
  std::vector<meter_readings> meters;
  meters.reserve(twins.size());
  std::vector<std::unique_ptr<meter_day>> joined_days;
  for (std::size_t first = 0; first < twins.size();) {
    const mpan meter = connections[first].mpan;
    std::size_t end = first;
    while (end < twins.size() && connections[end].mpan == meter)
      ++end;
    const meter_day* readings = twins[first]->find(day, q);
    // A meter whose row was split on this feeder, at a change of supplier say, is one child all the same.
    if (end != first + 1) {
      auto& joined = *joined_days.emplace_back(std::make_unique<meter_day>());
      for (std::size_t i = first; i < end; ++i)
        if (const meter_day* const part = twins[i]->find(day, q))
          part->for_each(
            [&](int slot, std::uint16_t version, const content& c, bool) { joined.offer(slot, version, c, false); });
      readings = &joined;
    }
    if (readings != nullptr && readings->current_mask() != 0)
      meters.push_back({meter, readings});
    first = end;
  }
  std::vector<digest> hashes(meters.size());
  meter_day_hashes(key, day, q, meters, hashes);
  day_node_builder builder;
  for (std::size_t i = 0; i < meters.size(); ++i)
    builder.add_meter(hashes[i], *meters[i].readings);
  if (builder.empty())
    return std::nullopt;
  return builder.build(node_kind::feeder, feeder.id, day, q);
}

} // namespace

transformer_nodes hash_day(const estate& e, const transformer_twins& t, utc_day day, const estate_key& key) {
  transformer_nodes nodes;
  for (const quantity q : quantities_by_name) {
    day_node_builder builder;
    for (std::size_t first = 0; first < t.twins.size();) {
      const feeder_index feeder = t.meters[first].feeder;
      std::size_t end = first;
      while (end < t.twins.size() && t.meters[end].feeder == feeder)
        ++end;
      if (const auto node = hash_feeder(e.feeders[feeder.value], t.meters.subspan(first, end - first),
                                        t.twins.subspan(first, end - first), day, q, key))
        builder.add(*node);
      first = end;
    }
    if (!builder.empty())
      nodes[index_of(q)] = builder.build(node_kind::transformer, e.transformers[t.transformer.value].id, day, q);
  }
  return nodes;
}

std::string encode_nodes(const transformer_nodes& nodes) {
  std::string out;
  byte_writer w(out);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i])
      continue;
    w.byte(static_cast<std::uint8_t>(i));
    w.raw({reinterpret_cast<const char*>(nodes[i]->hash.data()), nodes[i]->hash.size()});
    for (const std::int64_t wh : nodes[i]->wh)
      w.signed_number(wh);
    w.number(nodes[i]->meters);
    w.number(nodes[i]->periods);
  }
  return out;
}

bool decode_nodes(std::string_view bytes, transformer_nodes& nodes) {
  byte_reader in(bytes);
  while (!in.at_end()) {
    const std::uint8_t q = in.byte();
    const std::string_view hash = in.raw(sizeof(digest));
    if (!in.ok() || q >= quantity_count)
      return false;
    day_node node;
    std::memcpy(node.hash.data(), hash.data(), hash.size());
    for (std::int64_t& wh : node.wh)
      wh = in.signed_number();
    node.meters = static_cast<std::uint32_t>(in.number());
    node.periods = in.number();
    nodes[q] = node;
  }
  return in.ok();
}

std::string encode_masks(const transformer_twins& t, utc_day day) {
  struct mask_row {
    std::uint64_t row; // slot and quantity
    std::uint64_t mask;
  };
  const auto by_row = [](const mask_row& a, const mask_row& b) { return a.row < b.row; };
  std::vector<mask_row> rows;
  rows.reserve(t.twins.size());
  for (std::size_t i = 0; i < t.twins.size(); ++i)
    for (std::size_t q = 0; q < quantity_count; ++q)
      if (const meter_day* const readings = t.twins[i]->find(day, static_cast<quantity>(q)))
        if (const std::uint64_t mask = readings->current_mask(); mask != 0)
          rows.push_back({t.slots[i].value * quantities_reserved + q, mask});
  // Slots are given in the order of the twins unless a later estate put new ones between them.
  if (!std::is_sorted(rows.begin(), rows.end(), by_row))
    std::sort(rows.begin(), rows.end(), by_row);
  std::string out;
  byte_writer w(out);
  std::uint64_t previous = 0;
  for (const auto& [row, mask] : rows) {
    w.number(row - previous);
    w.day_mask(mask);
    previous = row;
  }
  return out;
}

bool decode_masks(std::string_view bytes, const std::function<void(twin_slot, quantity, std::uint64_t)>& f) {
  byte_reader in(bytes);
  stored_reading at; // its twin and quantity
  std::uint64_t row = 0;
  while (!in.at_end()) {
    row += in.number();
    const std::uint64_t mask = in.day_mask();
    if (!in.ok() || !set_row(row, at))
      return false;
    f(at.twin, at.quantity, mask);
  }
  return in.ok();
}

} // namespace gridtwin
