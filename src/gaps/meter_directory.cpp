#include "src/gaps/meter_directory.hpp"

#include "src/store/topology.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

result<meter_directory> meter_directory::read(sqlite_database& database) {
  auto slots = read_named_slots(database);
  if (!slots)
    return slots.failure();
  struct place {
    std::uint64_t meter = 0;
    stored_place at;
  };
  std::vector<place> places;
  meter_directory out;
  for (auto& [number, of] : *slots) {
    named& t = out.transformers_[number];
    t.name = std::move(of.transformer);
    for (std::uint32_t slot = 0; slot < of.meters.size(); ++slot) {
      t.slots.push_back({of.meters[slot], slot, stays, false});
      places.push_back({of.meters[slot].number, {{number}, {slot}}});
    }
  }
  std::sort(places.begin(), places.end(), [](const place& a, const place& b) {
    if (a.meter != b.meter)
      return a.meter < b.meter;
    return a.at.transformer != b.at.transformer ? a.at.transformer < b.at.transformer : a.at.slot < b.at.slot;
  });
  for (auto first = places.begin(); first != places.end();) {
    const auto end = std::find_if(first, places.end(), [&](const place& p) { return p.meter != first->meter; });
    const bool moved = std::prev(end)->at.transformer != first->at.transformer;
    std::uint32_t first_slot = 0;
    if (moved)
      out.moved_.emplace_back();
    for (auto p = first; p != end; ++p) {
      const bool fresh = p == first || std::prev(p)->at.transformer != p->at.transformer;
      if (fresh)
        first_slot = p->at.slot.value;
      if (fresh && moved)
        out.moved_.back().push_back(p->at.transformer);
      entry& e = out.transformers_[p->at.transformer.value].slots[p->at.slot.value];
      e.first_slot = first_slot;
      e.moved = moved ? static_cast<std::uint32_t>(out.moved_.size() - 1) : stays;
      e.has_several = end - first > 1;
    }
    first = end;
  }
  return out;
}

const meter_directory::entry* meter_directory::find(stored_place place) const noexcept {
  const auto t = transformers_.find(place.transformer.value);
  if (t == transformers_.end() || place.slot.value >= t->second.slots.size())
    return nullptr;
  return &t->second.slots[place.slot.value];
}

} // namespace gridtwin
