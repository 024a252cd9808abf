#include "src/ingest/meter_index.hpp"

#include "src/ingest/plain_values.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t smallest_table = 8;

constexpr std::uint64_t hash_factor = 0x9E37'79B9'7F4A'7C15;

/// FNV-1a. Names come from the operator's own estate, not from senders.
std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const char c : text)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x0000'0100'0000'01B3;
  return hash * hash_factor;
}

/// Slots for that many entries, at most two thirds full.
std::size_t slots_for(std::size_t entries) noexcept {
  return std::bit_ceil(std::max(smallest_table, entries + entries / 2 + 1));
}

} // namespace

meter_index::meter_index(std::shared_ptr<const estate> topology) : estate_(std::move(topology)) {
  assert(estate_->connections.size() < several - 1);
  transformer_of_feeder_.reserve(estate_->feeders.size());
  for (const feeder_info& feeder : estate_->feeders)
    transformer_of_feeder_.push_back(feeder.transformer.value);
  insert_connections();
  insert_names();
}

std::size_t meter_index::slot_of(std::uint64_t number) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home_of(number);
  while (slots_[at] != 0 && estate_->connections[(slots_[at] & ~several) - 1].mpan.number != number)
    at = (at + 1) & mask;
  return at;
}

void meter_index::insert_connections() {
  slots_.assign(slots_for(estate_->connections.size()), 0);
  slot_shift_ = 64 - std::countr_zero(slots_.size());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> repeats; // slot, connection
  for (std::uint32_t i = 0; i < estate_->connections.size(); ++i) {
    const std::size_t at = slot_of(estate_->connections[i].mpan.number);
    if (slots_[at] == 0) {
      slots_[at] = i + 1;
      ++meter_count_;
    } else {
      repeats.emplace_back(static_cast<std::uint32_t>(at), i);
    }
  }
  link_chains(repeats);
}

void meter_index::link_chains(std::vector<std::pair<std::uint32_t, std::uint32_t>>& repeats) {
  if (repeats.empty())
    return;
  std::sort(repeats.begin(), repeats.end());
  for (std::size_t i = 0; i < repeats.size();) {
    const std::uint32_t slot = repeats[i].first;
    chain made{0, static_cast<std::uint32_t>(chained_.size()), 0};
    chained_.push_back(slots_[slot] - 1);
    for (; i < repeats.size() && repeats[i].first == slot; ++i)
      chained_.push_back(repeats[i].second);
    made.count = static_cast<std::uint32_t>(chained_.size()) - made.first;
    std::sort(chained_.begin() + made.first, chained_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return std::pair(estate_->connections[a].effective.first, a)
             < std::pair(estate_->connections[b].effective.first, b);
    });
    made.meter = chained_[made.first];
    slots_[slot] = (made.meter + 1) | several;
    chains_.push_back(made);
  }
  one_of_several_.assign(estate_->connections.size(), false);
  for (const std::uint32_t c : chained_)
    one_of_several_[c] = true;
  std::sort(chains_.begin(), chains_.end(), [](const chain& a, const chain& b) { return a.meter < b.meter; });
}

void meter_index::insert_names() {
  const auto& names = estate_->source_names;
  meter_of_name_.assign(names.size(), 0);
  std::vector<bool> used(names.size(), false);
  for (const connection& c : estate_->connections) {
    if (c.source_name == 0)
      continue;
    used[c.source_name] = true;
    meter_of_name_[c.source_name] = number_at(slot_of(c.mpan.number));
  }
  name_slots_.assign(slots_for(names.size()), 0);
  const std::size_t mask = name_slots_.size() - 1;
  for (std::uint32_t i = 1; i < names.size(); ++i) {
    if (!used[i])
      continue;
    std::size_t at = hash_of(names[i]) & mask;
    while (name_slots_[at] != 0)
      at = (at + 1) & mask;
    name_slots_[at] = i;
  }
}

std::optional<meter_number> meter_index::find(mpan number) const noexcept {
  const std::size_t slot = slot_of(number.number);
  if (slots_[slot] == 0)
    return std::nullopt;
  return meter_number{number_at(slot)};
}

std::optional<meter_number> meter_index::find(std::string_view text) const noexcept {
  std::uint64_t number = 0;
  if (text.size() == mpan_digits && read_mpan_digits(text.data(), number))
    if (const auto found = find(mpan{number}))
      return found;
  const std::size_t mask = name_slots_.size() - 1;
  for (std::size_t at = hash_of(text) & mask; name_slots_[at] != 0; at = (at + 1) & mask)
    if (estate_->source_names[name_slots_[at]] == text)
      return meter_number{meter_of_name_[name_slots_[at]]};
  return std::nullopt;
}

std::uint32_t meter_index::number_at(std::size_t slot) const noexcept {
  return (slots_[slot] & several) | ((slots_[slot] & ~several) - 1);
}

const meter_index::chain& meter_index::chain_of(meter_number meter) const noexcept {
  const auto at = std::lower_bound(chains_.begin(), chains_.end(), meter.value & ~several,
                                   [](const chain& c, std::uint32_t value) { return c.meter < value; });
  assert(at != chains_.end() && at->meter == (meter.value & ~several));
  return *at;
}

connection_index meter_index::effective_connection(meter_number meter, period p) const noexcept {
  const chain& rows = chain_of(meter);
  for (std::uint32_t i = 0; i < rows.count; ++i) {
    const std::uint32_t c = chained_[rows.first + i];
    if (estate_->connections[c].effective.contains(p))
      return {c};
  }
  return {rows.meter};
}

std::span<const connection> meter_index::rows_of(meter_number meter, std::vector<connection>& several_rows) const {
  if ((meter.value & several) == 0)
    return {&estate_->connections[meter.value], 1};
  const chain& rows = chain_of(meter);
  several_rows.clear();
  for (std::uint32_t i = 0; i < rows.count; ++i)
    several_rows.push_back(estate_->connections[chained_[rows.first + i]]);
  return several_rows;
}

std::uint8_t meter_index::quantities_of(meter_number meter) const noexcept {
  if ((meter.value & several) == 0)
    return estate_->connections[meter.value].quantities;
  const chain& rows = chain_of(meter);
  std::uint8_t mask = 0;
  for (std::uint32_t i = 0; i < rows.count; ++i)
    mask = static_cast<std::uint8_t>(mask | estate_->connections[chained_[rows.first + i]].quantities);
  return mask;
}

} // namespace gridtwin
