#include "src/store/transformer_day_reader.hpp"

#include <span>

namespace gridtwin {

transformer_day_reader::transformer_day_reader(const store_cut& cut, transformer_index t)
  : cut_(cut), transformer_(t), connections_(connections_of(*cut.estate, t)) {
  twins_.resize(connections_.count);
  for (std::uint32_t place = 0; place < connections_.count; ++place) {
    views_.push_back(&twins_[place]);
    place_of_slot_.emplace(cut.topology->slot_of[connections_.first + place].value, place);
  }
}

result<void> transformer_day_reader::load(utc_day day) {
  return held_ == day ? result<void>() : load(day, [](std::uint32_t, const stored_reading&, std::int64_t) {});
}

result<void> transformer_day_reader::load(utc_day day, const observer& see) {
  if (held_)
    for (meter_twin& twin : twins_)
      twin.release(*held_);
  held_ = day;
  const auto take = [&](const stored_reading& r, const fragment_origin& from) {
    const std::int64_t known_s = from.known.of(period_at(r.day, r.slot));
    if (cut_.as_known_at && known_s > *cut_.as_known_at)
      return;
    const auto place = place_of_slot_.find(r.twin.value);
    if (place == place_of_slot_.end())
      return;
    twins_[place->second].restore(r.day, r.quantity, r.slot, r.version, r.content,
                                  true); // as if of this run: the shorter form
    see(place->second, r, known_s);
  };
  const transformer_number t = cut_.topology->number_of[transformer_.value];
  const auto loaded =
    cut_.as_stood != nullptr ? cut_.as_stood->load(*cut_.reader, t, day, take) : cut_.reader->load(t, day, take);
  return loaded ? result<void>() : result<void>(loaded.failure());
}

transformer_twins transformer_day_reader::twins() const noexcept {
  const std::span meters(cut_.estate->connections);
  const std::span slots(cut_.topology->slot_of);
  return {transformer_, meters.subspan(connections_.first, connections_.count), views_,
          slots.subspan(connections_.first, connections_.count)};
}

} // namespace gridtwin
