#include "src/store/fragment_builder.hpp"

#include "twins/meter_day.hpp"

namespace gridtwin {

void fragment_builder::add(const stored_reading& r) {
  if (meter_day::is_plain(r.version, r.content)) {
    values& row = rows_[row_number(r.twin, r.quantity)];
    const std::uint64_t here = std::uint64_t{1} << r.slot;
    if ((row.mask & here) == 0) {
      row.mask |= here;
      row.wh[r.slot] = static_cast<std::uint16_t>(r.content.wh);
      return;
    }
  }
  exceptions_.push_back(r);
}

std::string fragment_builder::encode() {
  std::vector<compact_row> rows;
  rows.reserve(rows_.size());
  for (const auto& [number, row] : rows_) {
    stored_reading r;
    set_row(number, r); // a number that was made of a twin and a quantity
    rows.push_back({r.twin, r.quantity, row.mask, row.wh.data()});
  }
  sort_exceptions(exceptions_);
  return encode_fragment(rows, exceptions_);
}

} // namespace gridtwin
