#include "src/commands/export.hpp"
#include "src/commands/sorted_readings.hpp"
#include "twins/energy.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

namespace {

constexpr auto day_columns = static_cast<std::size_t>(periods_per_day);

std::vector<table_writer::column> settlement_day_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const char letter : {'p', 'q'})
      for (std::size_t i = 1; i <= day_columns; ++i)
        out.push_back(letter + std::to_string(i));
    return out;
  }();
  std::vector<table_writer::column> out{{"mpan"}, {"quantity"}, {"settlement_date_utc"}};
  for (const std::string& name : names)
    out.push_back({name, name.front() == 'p'});
  return out;
}

std::string kwh_of_wh(std::int64_t wh) {
  return (wh < 0 ? "-" : "") + format_ratio(static_cast<uint128>(wh < 0 ? -wh : wh), 1000, 3);
}

/// The row that half hours are gathered for: one of a meter, quantity and UTC day, whatever rows of the estate the
/// meter has on it.
class day_row {
public:
  explicit day_row(table_writer& out) : out_(&out) {}

  void add(mpan meter, quantity q, const standing_half_hour& one) {
    const utc_day day = one.period.day();
    if (!day_ || meter != meter_ || q != quantity_ || day != *day_) {
      write();
      meter_ = meter;
      quantity_ = q;
      day_ = day;
    }
    const auto slot = static_cast<std::size_t>(one.period.slot());
    cells_[slot] = kwh_of_wh(one.content.wh);
    cells_[day_columns + slot] = name_of(one.content.quality);
  }

  void write() {
    if (!day_)
      return;
    const std::string meter = to_string(meter_);
    const std::string day = format_day(*day_);
    std::vector<std::string_view> fields{meter, name_of(quantity_), day};
    fields.insert(fields.end(), cells_.begin(), cells_.end());
    out_->row(fields);
    cells_.fill({});
    day_.reset();
  }

private:
  table_writer* out_;
  mpan meter_;
  quantity quantity_ = quantity::active_import;
  std::optional<utc_day> day_;
  std::array<std::string, 2 * day_columns> cells_;
};

} // namespace

result<void> export_settlement_day(store_view& view, const export_scope& scope, table_writer& out) {
  out.header(settlement_day_columns());
  sorted_readings readings(view, scope);
  if (auto gathered = readings.gather(); !gathered)
    return gathered;
  day_row row(out);
  const auto given =
    readings.for_each([&](connection_index c, quantity q, std::span<const standing_half_hour> half_hours) {
      for (const standing_half_hour& one : half_hours)
        row.add(view.estate().connections[c.value].mpan, q, one);
      return result<void>();
    });
  if (given)
    row.write();
  return given;
}

} // namespace gridtwin
