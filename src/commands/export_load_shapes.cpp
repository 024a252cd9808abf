#include "src/commands/export.hpp"
#include "src/settlement/shape_book.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace gridtwin {

namespace {

/// What a load shape is for, as the columns of its key are written. Each has one width, so that the key's order is that
/// of its columns as bytes.
struct category_text {
  std::string gsp_group;
  std::string type;
  std::string segment;
  std::string domestic;
  std::string quantity;
  std::string key() const { return gsp_group + type + segment + domestic + quantity; }
};

category_text text_of(const shape_category& c) {
  return {std::string("_") + c.gsp_group, std::string(1, static_cast<char>(c.type)),
          std::string(1, static_cast<char>(c.segment)), c.domestic ? "T" : "F", std::string(name_of(c.quantity))};
}

/// The categories that an estate can have readings of.
std::set<shape_category> categories_of(const estate& e) {
  std::set<shape_category> out;
  for (const connection& c : e.connections)
    for (const quantity q : quantities_by_name)
      if ((c.quantities & mask_of(q)) != 0)
        out.insert({e.transformers[e.transformer_of(c).value].gsp_group, c.type, c.segment, c.domestic, q});
  return out;
}

} // namespace

/// A row for each half hour of the days of which any actual reading was known, for each category, whether it has a
/// value or not.
result<void> export_load_shapes(store_view& view, const export_scope& scope, table_writer& out) {
  if (scope.transformer || scope.meter)
    return error{errc::usage, "load shapes are of the whole estate: leave out --transformer, --feeder and --mpan"};
  out.header({{"gsp_group"},
              {"connection_type"},
              {"market_segment"},
              {"domestic"},
              {"quantity"},
              {"period_end"},
              {"value", true},
              {"flag"}});
  const published_shapes no_others;
  shape_book book({}, no_others);
  std::set<utc_day> days;
  for (const utc_day day : view.days())
    if (scope.holds(day))
      days.insert(day);
  if (!days.empty())
    if (auto computed = book.prepare(view.cut(), *days.begin(), *days.rbegin()); !computed)
      return computed;
  days.clear();
  std::map<std::string, shape_category> categories;
  for (const shape_category& category : categories_of(view.estate()))
    categories.emplace(text_of(category).key(), category);
  for (const auto& [category, shapes] : book.shapes()) {
    categories.emplace(text_of(category).key(), category);
    for (const auto& [day, shape] : shapes)
      days.insert(day);
  }
  for (const auto& [key, category] : categories) {
    const category_text text = text_of(category);
    for (const utc_day day : days) {
      const published_shape& shape = book.shape(category, day);
      for (int slot = 0; slot < periods_per_day; ++slot) {
        const period p = period_at(day, slot);
        const shape_value& value = shape[static_cast<std::size_t>(slot)];
        if (scope.range.contains(p))
          out.row({text.gsp_group, text.type, text.segment, text.domestic, text.quantity, format_period(p),
                   format_ratio(static_cast<uint128>(value.wh), 1000, 3),
                   std::string(1, static_cast<char>(value.flag))});
      }
    }
  }
  return {};
}

} // namespace gridtwin
