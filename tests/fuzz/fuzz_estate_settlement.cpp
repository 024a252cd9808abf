// Optional files of any bytes are refused, or are sorted, the same in any order of their rows, with one value a key and
// one appointment at a time; whether a half hour is appointed follows from the rows alone.

#include "src/ingest/estate_files.hpp"
#include "src/ingest/estate_settlement.hpp"
#include "tests/fuzz/fuzz_support.hpp"
#include "twins/appointments.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

using namespace gridtwin;
using fuzz::require;
using fuzz::turned;

/// Two meters: the first has AI and AE, and two connections.
const meter_index& index() {
  static const meter_index made = [] {
    auto parsed = parse_estate(
      {"transformer_id,rating_kva,gsp_group\nT1,500,_C\n", "transformer_id,feeder_id\nT1,F1\nT1,F2\n",
       "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation,"
       "quantities,effective_from,effective_to\n"
       "1000000000012,T1,F1,ABCD,S,W,T,E,AI|AE,,2026-01-01\n1000000000012,T1,F2,ABCD,S,W,T,E,,2026-01-01,\n"
       "1000000000021,T1,F1,ABCD,S,W,T,E,,,\n"},
      "fuzz");
    require(static_cast<bool>(parsed), "the estate is good");
    return meter_index(std::make_shared<const estate>(std::move(*parsed)));
  }();
  return made;
}

template <class Value>
bool equal(const std::vector<settlement_inputs::row<Value>>& a, const std::vector<settlement_inputs::row<Value>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    if constexpr (std::is_same_v<Value, appointment>)
      return x.mpan == y.mpan && x.value.data_service_id == y.value.data_service_id
             && x.value.effective == y.value.effective;
    else
      return x.mpan == y.mpan && x.quantity == y.quantity && x.value == y.value;
  });
}

/// Each key is greater than the one before, and its meter has the quantity.
template <class Value, class Key>
void check_rows(const std::vector<settlement_inputs::row<Value>>& rows, Key key_of) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto meter = index().find(rows[i].mpan);
    require(meter && (index().quantities_of(*meter) & mask_of(rows[i].quantity)) != 0, "references hold");
    require(i == 0
              || std::tuple(rows[i - 1].mpan, rows[i - 1].quantity, key_of(rows[i - 1].value))
                   < std::tuple(rows[i].mpan, rows[i].quantity, key_of(rows[i].value)),
            "a key has one value, and all are sorted");
  }
}

bool named_so(const settlement_inputs& inputs, mpan meter, period p) {
  bool any = false;
  bool inside = false;
  for (const auto& row : inputs.appointments) {
    any = any || row.mpan == meter;
    inside = inside || (row.mpan == meter && row.value.effective.contains(p));
  }
  return !any || inside;
}

void check(const settlement_inputs& inputs) {
  check_rows(inputs.registers, [](const register_read& r) { return r.at_s; });
  check_rows(inputs.annual, [](const annual_figure& a) { return std::tuple(a.from, a.source); });
  check_rows(inputs.appointments, [](const appointment& a) { return a.effective.first; });
  for (const auto& row : inputs.registers)
    require(row.value.wh >= 0, "no register is below 0");
  for (const auto& row : inputs.annual)
    require(row.value.consumption.wh >= 0 && valid(row.value.from), "no year is below 0");
  for (const auto& [category, days] : inputs.shapes)
    for (const auto& [day, values] : days)
      for (const shape_value& v : values)
        require(v.wh >= 0 && v.wh <= largest_shape_wh && (v.flag != shape_flag::no_data || v.wh == 0),
                "a value can be published");
  const estate& e = index().topology();
  const appointed_ranges ranges(e, inputs);
  for (const auto& row : inputs.appointments)
    for (const std::int32_t edge : {row.value.effective.first, row.value.effective.end, std::int32_t{0}})
      for (const std::int32_t number : {edge - (edge > period_range{}.first ? 1 : 0), edge})
        for (std::uint32_t c = 0; c < e.connections.size(); ++c)
          require(is_appointed(ranges.of({c}), {number}) == named_so(inputs, e.connections[c].mpan, {number})
                    || number == period_range{}.end, // no half hour is there
                  "appointed as the rows say");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  std::vector<estate_file> files;
  std::vector<estate_file> other;
  for (const std::string_view name : settlement_file_names) {
    const std::string_view text = fuzz::take_until(rest, '\x1E'); // the record separator parts the four files
    if (text.empty())
      continue; // absent
    files.push_back({std::string(name), std::string(text)});
    other.push_back({std::string(name), turned(std::string(text))});
  }
  const auto parsed = parse_settlement_files(files, index(), "fuzz");
  const auto again = parse_settlement_files(other, index(), "fuzz");
  require(static_cast<bool>(parsed) == static_cast<bool>(again), "the order of rows breaks nothing");
  if (!parsed) {
    require(parsed.failure().code == errc::bad_estate && !parsed.failure().message.empty(), "what is refused says why");
    return 0;
  }
  check(*parsed);
  require(equal(parsed->registers, again->registers) && equal(parsed->annual, again->annual)
            && equal(parsed->appointments, again->appointments) && parsed->shapes == again->shapes,
          "the order of rows leaves no trace");
  return 0;
}
