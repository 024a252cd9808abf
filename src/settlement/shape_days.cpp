#include "src/settlement/shape_days.hpp"

#include "src/store/bytes.hpp"
#include "src/store/shape_parts.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// Sums days one after the other.
class day_summer {
public:
  day_summer(const store_cut& cut, const std::function<void(utc_day, const category_sums&)>& f) : cut_(&cut), f_(&f) {
    const auto& numbers = cut.topology->number_of;
    for (std::uint32_t t = 0; t < numbers.size(); ++t)
      index_of_.emplace(numbers[t].value, transformer_index{t});
    checked_.resize(numbers.size());
  }

  result<void> run(utc_day first, utc_day last) {
    auto unfinished = cut_->reader->days_to_summarise();
    if (!unfinished)
      return unfinished.failure();
    for (const auto& day : *unfinished)
      if (day.second >= first && day.second <= last)
        unfinished_.push_back(day);
    result<void> taken;
    const auto scanned =
      cut_->reader->for_each_shape_part(first, last, [&](transformer_number t, utc_day day, std::string_view packed) {
        taken = take(t, day, packed);
        return static_cast<bool>(taken);
      });
    if (!taken)
      return taken;
    if (!scanned)
      return scanned;
    while (next_unfinished_ < unfinished_.size())
      if (auto added = add_unfinished(); !added)
        return added;
    end_day();
    return {};
  }

private:
  /// A part that was kept; days that are unfinished come in between.
  result<void> take(transformer_number t, utc_day day, std::string_view packed) {
    while (next_unfinished_ < unfinished_.size() && order(unfinished_[next_unfinished_]) < std::pair(day, t))
      if (auto added = add_unfinished(); !added)
        return added;
    begin_day(day);
    if (next_unfinished_ < unfinished_.size() && order(unfinished_[next_unfinished_]) == std::pair(day, t))
      return add_unfinished();
    const auto at = index_of_.find(t.value);
    if (at == index_of_.end())
      return {}; // a transformer that the estate no longer has, which holds no readings
    const auto bytes = unpack(packed);
    if (!bytes || !decode_shapes(*bytes, day, kept_))
      return error{errc::store_failed, "the store's load shapes of " + format_day(day)
                                         + " are damaged: replay the sources into a new store"};
    const bool known = !cut_->as_known_at || kept_.known_by_s <= *cut_->as_known_at;
    if (!known || !is_basis(at->second, kept_.basis))
      return add_readings(at->second, day);
    add(kept_.parts);
    return {};
  }

  result<void> add_unfinished() {
    const auto [t, day] = unfinished_[next_unfinished_++];
    begin_day(day);
    const auto at = index_of_.find(t.value);
    return at == index_of_.end() ? result<void>() : add_readings(at->second, day);
  }

  result<void> add_readings(transformer_index t, utc_day day) {
    transformer_day_reader reader(*cut_, t);
    if (auto loaded = reader.load(day); !loaded)
      return loaded;
    const transformer_twins twins = reader.twins();
    add(shape_sorter(*cut_->estate, t, twins.slots).parts_of(twins, day));
    return {};
  }

  /// Whether the estate's categories are those that parts were summed by. Most parts of a transformer have one basis.
  bool is_basis(transformer_index t, const category_basis& basis) {
    category_basis& now = checked_[t.value];
    if (basis == now)
      return true;
    const connection_range range = connections_of(*cut_->estate, t);
    const std::span slots = std::span(cut_->topology->slot_of).subspan(range.first, range.count);
    now = shape_sorter(*cut_->estate, t, slots).basis_of(basis.slots);
    return basis == now;
  }

  void add(const shape_parts& parts) {
    for (const auto& [category, sums] : parts)
      sums_[category] += sums;
  }

  void begin_day(utc_day day) {
    if (day_ == day)
      return;
    end_day();
    day_ = day;
  }

  void end_day() {
    if (!sums_.empty())
      (*f_)(*day_, sums_);
    sums_.clear();
  }

  static std::pair<utc_day, transformer_number> order(const std::pair<transformer_number, utc_day>& key) noexcept {
    return {key.second, key.first};
  }

  const store_cut* cut_;
  const std::function<void(utc_day, const category_sums&)>* f_;
  std::unordered_map<std::uint32_t, transformer_index> index_of_;
  std::vector<category_basis> checked_; ///< by transformer: what the estate has, for the slots that were asked for last
  std::vector<std::pair<transformer_number, utc_day>> unfinished_;
  std::size_t next_unfinished_ = 0;
  std::optional<utc_day> day_;
  category_sums sums_;
  kept_shapes kept_;
};

} // namespace

result<void> for_each_shape_day(const store_cut& cut, utc_day first, utc_day last,
                                const std::function<void(utc_day, const category_sums&)>& f) {
  return day_summer(cut, f).run(first, last);
}

} // namespace gridtwin
