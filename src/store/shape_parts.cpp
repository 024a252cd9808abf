#include "src/store/shape_parts.hpp"

#include "src/store/bytes.hpp"
#include "twins/energy.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace gridtwin {

namespace {

constexpr std::uint8_t shape_format = 1;
constexpr std::uint64_t whole_day = (std::uint64_t{1} << periods_per_day) - 1;
constexpr std::array types{connection_type::extra_high, connection_type::high_voltage, connection_type::low_voltage,
                           connection_type::unmetered, connection_type::whole_current};
constexpr std::array segments{market_segment::advanced, market_segment::smart, market_segment::unmetered};
constexpr std::size_t kinds = types.size() * segments.size() * 2 * quantity_count;
static_assert(kinds <= 0x100);

template <class Values, class Value>
std::size_t place_in(const Values& values, Value value) noexcept {
  return static_cast<std::size_t>(std::find(values.begin(), values.end(), value) - values.begin());
}

std::int64_t end_of(utc_day day) noexcept { return period_at(day, periods_per_day - 1).end_s(); }

/// Counts as runs of equal ones, for most meters report all day; sums by their differences.
void put_day(byte_writer& w, const shape_day& day) {
  for (std::size_t first = 0; first < day.half_hours.size();) {
    const std::uint32_t actuals = day.half_hours[first].actuals;
    std::size_t end = first;
    while (end < day.half_hours.size() && day.half_hours[end].actuals == actuals)
      ++end;
    w.number(end - first);
    w.number(actuals);
    first = end;
  }
  std::int64_t previous = 0;
  for (const shape_half_hour& half_hour : day.half_hours) {
    if (half_hour.actuals == 0)
      continue;
    w.signed_number(half_hour.sum_wh - previous);
    previous = half_hour.sum_wh;
  }
}

bool get_day(byte_reader& in, shape_day& day) noexcept {
  bool any = false;
  for (std::size_t first = 0; first < day.half_hours.size();) {
    const std::uint64_t run = in.number();
    const std::uint64_t actuals = in.number();
    if (!in.ok() || run == 0 || run > day.half_hours.size() - first
        || actuals > std::numeric_limits<std::uint32_t>::max())
      return false;
    for (std::uint64_t n = 0; n < run; ++n)
      day.half_hours[first++].actuals = static_cast<std::uint32_t>(actuals);
    any = any || actuals != 0;
  }
  std::uint64_t sum = 0; // wraps where the bytes are damaged
  for (shape_half_hour& half_hour : day.half_hours) {
    if (half_hour.actuals == 0)
      continue;
    sum += static_cast<std::uint64_t>(in.signed_number());
    half_hour.sum_wh = static_cast<std::int64_t>(sum);
    if (half_hour.sum_wh < 0
        || static_cast<uint128>(half_hour.sum_wh) > uint128{half_hour.actuals} * std::uint64_t{largest_shape_wh})
      return false;
  }
  return any && in.ok();
}

/// Sums of one category while they grow. The usual day of a meter is added as a whole, in numbers of a size that the
/// processor adds many at a time of.
class growing_sums {
public:
  void add(const meter_day& readings) {
    const std::uint64_t usual = readings.plain_mask() & ~readings.special_mask();
    const auto& wh = readings.plain_wh();
    if (usual == whole_day) {
      for (std::size_t slot = 0; slot < wh.size(); ++slot)
        wh_[slot] += wh[slot];
      if (++whole_days_ == most_whole_days)
        fold();
      return;
    }
    for (std::uint64_t rest = usual; rest != 0; rest &= rest - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(rest));
      sums_.half_hours[slot] += {wh[slot], 1};
    }
    for (std::uint64_t rest = readings.special_mask(); rest != 0; rest &= rest - 1) {
      const int slot = std::countr_zero(rest);
      if (const auto now = readings.current(slot))
        sums_.take(slot, now->content);
    }
  }

  const shape_day& sums() {
    fold();
    return sums_;
  }

private:
  static constexpr std::uint32_t most_whole_days = 0x1'0000; // of values of 16 bits, in sums of 32

  void fold() {
    for (std::size_t slot = 0; slot < wh_.size(); ++slot)
      sums_.half_hours[slot] += {wh_[slot], whole_days_};
    wh_ = {};
    whole_days_ = 0;
  }

  std::array<std::uint32_t, periods_per_day> wh_{};
  std::uint32_t whole_days_ = 0;
  shape_day sums_;
};

} // namespace

std::uint8_t kind_of(const shape_category& category) noexcept {
  const std::size_t type_and_segment =
    place_in(types, category.type) * segments.size() + place_in(segments, category.segment);
  return static_cast<std::uint8_t>((type_and_segment * 2 + (category.domestic ? 1 : 0)) * quantity_count
                                   + index_of(category.quantity));
}

std::optional<shape_category> category_of(char gsp_group, std::uint8_t kind) noexcept {
  if (gsp_group < 'A' || gsp_group > 'P' || kind >= kinds)
    return std::nullopt;
  const std::size_t rest = kind / quantity_count;
  return shape_category{gsp_group, types[rest / 2 / segments.size()], segments[rest / 2 % segments.size()],
                        rest % 2 != 0, static_cast<quantity>(kind % quantity_count)};
}

std::string encode_shapes(const kept_shapes& shapes, utc_day day) {
  std::string out;
  byte_writer w(out);
  w.byte(shape_format);
  w.number(shapes.basis.slots);
  for (int shift = 0; shift < 64; shift += 8)
    w.byte(static_cast<std::uint8_t>(shapes.basis.hash >> shift));
  w.signed_number(
    static_cast<std::int64_t>(static_cast<std::uint64_t>(shapes.known_by_s) - static_cast<std::uint64_t>(end_of(day))));
  if (!shapes.parts.empty())
    w.byte(static_cast<std::uint8_t>(shapes.parts.front().first.gsp_group));
  for (const auto& [category, sums] : shapes.parts) {
    w.byte(kind_of(category));
    put_day(w, sums);
  }
  return out;
}

bool decode_shapes(std::string_view bytes, utc_day day, kept_shapes& shapes) {
  byte_reader in(bytes);
  shapes = {};
  if (in.byte() != shape_format)
    return false;
  const std::uint64_t slots = in.number();
  if (slots > std::numeric_limits<std::uint32_t>::max())
    return false;
  shapes.basis.slots = static_cast<std::uint32_t>(slots);
  for (int shift = 0; shift < 64; shift += 8)
    shapes.basis.hash |= std::uint64_t{in.byte()} << shift;
  const auto known_after_end = static_cast<std::uint64_t>(in.signed_number());
  shapes.known_by_s = static_cast<std::int64_t>(known_after_end + static_cast<std::uint64_t>(end_of(day)));
  if (in.at_end())
    return in.ok();
  const auto gsp_group = static_cast<char>(in.byte());
  do {
    const auto category = category_of(gsp_group, in.byte());
    if (!in.ok() || !category || (!shapes.parts.empty() && shapes.parts.back().first >= *category))
      return false;
    shapes.parts.emplace_back(*category, shape_day{});
    if (!get_day(in, shapes.parts.back().second))
      return false;
  } while (!in.at_end());
  return in.ok();
}

shape_sorter::shape_sorter(const estate& e, transformer_index t, std::span<const twin_slot> slots)
  : gsp_group_(e.transformers[t.value].gsp_group) {
  const connection_range range = connections_of(e, t);
  const auto category_at = [&](std::uint32_t place) {
    const connection& c = e.connections[range.first + place];
    return shape_category{gsp_group_, c.type, c.segment, c.domestic, quantity::active_import};
  };
  for (std::uint32_t place = 0; place < range.count; ++place)
    categories_.push_back(category_at(place));
  std::sort(categories_.begin(), categories_.end());
  categories_.erase(std::unique(categories_.begin(), categories_.end()), categories_.end());
  for (std::uint32_t place = 0; place < range.count; ++place) {
    const auto at = std::lower_bound(categories_.begin(), categories_.end(), category_at(place));
    of_place_.push_back(static_cast<std::uint32_t>(at - categories_.begin()));
    by_slot_.emplace_back(slots[place], of_place_.back());
  }
  std::sort(by_slot_.begin(), by_slot_.end());
}

category_basis shape_sorter::basis_of(std::uint32_t slots) const {
  std::string all(1, gsp_group_);
  byte_writer w(all);
  std::uint32_t next = 0;
  for (const auto& [slot, category] : by_slot_) {
    if (slot.value >= slots)
      break;
    w.number(slot.value - next);
    w.byte(kind_of(categories_[category]));
    next = slot.value + 1;
  }
  const digest hash = sha256(all);
  category_basis out{slots, 0};
  for (std::size_t i = 0; i < sizeof(out.hash); ++i)
    out.hash = out.hash << 8 | hash[i];
  return out;
}

shape_parts shape_sorter::parts_of(const transformer_twins& twins, utc_day day) const {
  std::vector<growing_sums> sums;
  std::vector<std::uint32_t> sums_of(categories_.size() * quantity_count); // position in `sums`, from 1
  for (std::size_t place = 0; place < twins.twins.size(); ++place)
    twins.twins[place]->days().for_each_of(day, [&](const open_day& held) {
      std::uint32_t& at = sums_of[of_place_[place] * quantity_count + index_of(held.quantity)];
      if (at == 0) {
        sums.emplace_back();
        at = static_cast<std::uint32_t>(sums.size());
      }
      sums[at - 1].add(held.readings);
    });
  shape_parts out;
  for (std::size_t i = 0; i < sums_of.size(); ++i) {
    if (sums_of[i] == 0)
      continue;
    const shape_day& of_category = sums[sums_of[i] - 1].sums();
    if (of_category == shape_day{})
      continue; // estimates, or contradicted
    shape_category category = categories_[i / quantity_count];
    category.quantity = static_cast<quantity>(i % quantity_count);
    out.emplace_back(category, of_category);
  }
  return out;
}

std::optional<std::int64_t> known_by(std::span<const meter_twin* const> twins, utc_day day, const known_time& known) {
  std::uint64_t held = 0;
  for (const meter_twin* const twin : twins)
    twin->days().for_each_of(day, [&](const open_day& of_day) { held |= of_day.readings.occupied_mask(); });
  if (held == 0)
    return std::nullopt;
  return known.of(period_at(day, static_cast<int>(std::bit_width(held)) - 1));
}

} // namespace gridtwin
