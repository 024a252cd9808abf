#include "src/ingest/estate_meters.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/estate_tables.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <tuple>

namespace gridtwin {

namespace {

constexpr std::string_view file_name = "meters.csv";
constexpr std::uint64_t name_factor = 0x9E37'79B9'7F4A'7C15;
constexpr std::size_t smallest_name_table = 16;
constexpr std::size_t connections_limit = 0x7FFF'FFFE; // places are kept in 31 bits

enum column : std::size_t {
  mpan_column,
  transformer_column,
  feeder_column,
  supplier_column,
  segment_column,
  type_column,
  domestic_column,
  energisation_column,
  required_columns,
  quantities_column = required_columns,
  source_id_column,
  from_column,
  to_column,
};

std::vector<std::string_view> column_names() {
  return {"mpan",     "transformer_id", "feeder_id",  "supplier_mpid", "market_segment", "connection_type",
          "domestic", "energisation",   "quantities", "source_id",     "effective_from", "effective_to"};
}

constexpr bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::size_t spread(std::uint64_t hash, std::size_t slots) noexcept {
  return static_cast<std::size_t>((hash * name_factor) >> (64 - std::countr_zero(slots)));
}

} // namespace

void meter_rows::read(std::string_view text) {
  const auto rows = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  estate_.connections.reserve(rows);
  lines_.reserve(rows);
  slots_count_ = std::bit_ceil(std::max(smallest_name_table, rows + rows / 2));
  name_slots_.assign(smallest_name_table, 0);
  estate_table table(file_name, text, column_names(), required_columns, faults_);
  while (table.next()) {
    if (estate_.connections.size() >= connections_limit)
      return table.fault("more rows than can be held");
    read_row(table);
  }
  check_overlaps();
  check_names();
  if (faults_.count() == 0)
    sort();
}

void meter_rows::read_row(estate_table& table) {
  const std::size_t before = faults_.count();
  connection c;
  if (const auto number = table.mpan_in(mpan_column))
    c.mpan = *number;
  read_feeder(table, c);
  read_codes(table, c);
  read_quantities(table, c);
  read_range(table, c);
  if (faults_.count() != before)
    return; // what is not certain must not make other rows look wrong
  read_source_id(table, c);
  remember(c, table.line());
}

void meter_rows::read_feeder(estate_table& table, connection& c) {
  const std::string_view transformer = table.field(transformer_column);
  const std::string_view feeder = table.field(feeder_column);
  if (last_place_ == nullptr || last_feeder_ != feeder || last_transformer_ != transformer) {
    last_place_ = feeders_.find(transformer, feeder);
    last_transformer_ = transformer;
    last_feeder_ = feeder;
  }
  if (last_place_ == nullptr)
    table.fault("no feeder " + in_quotes(feeder) + " of transformer " + in_quotes(transformer) + " in feeders.csv");
  else
    c.feeder = *last_place_;
}

void meter_rows::read_codes(estate_table& table, connection& c) {
  const std::string_view supplier = table.field(supplier_column);
  if (supplier.size() == c.supplier_mpid.size() && std::all_of(supplier.begin(), supplier.end(), is_alphanumeric))
    std::copy(supplier.begin(), supplier.end(), c.supplier_mpid.begin());
  else
    table.fault("supplier_mpid " + in_quotes(supplier) + " is not four letters or digits");
  c.segment = static_cast<market_segment>(table.code_in(segment_column, "market_segment", "SAU"));
  c.type = static_cast<connection_type>(table.code_in(type_column, "connection_type", "WLHEU"));
  c.domestic = table.code_in(domestic_column, "domestic", "TF") == 'T';
  c.energised = table.code_in(energisation_column, "energisation", "ED") == 'E';
}

void meter_rows::read_quantities(estate_table& table, connection& c) {
  std::string_view rest = table.field(quantities_column);
  if (rest.empty())
    return;
  c.quantities = 0;
  for (bool more = true; more;) {
    const std::size_t end = rest.find('|');
    const std::string_view name = trimmed(rest.substr(0, end));
    more = end != std::string_view::npos;
    rest.remove_prefix(more ? end + 1 : 0);
    if (const auto q = parse_quantity(name))
      c.quantities = static_cast<std::uint8_t>(c.quantities | mask_of(*q));
    else
      return table.fault("quantities has " + in_quotes(name) + ", which is not AI, AE, RI or RE");
  }
}

std::int64_t meter_rows::read_instant(estate_table& table, std::size_t column, std::int64_t otherwise, bool& good) {
  const std::string_view text = table.field(column);
  if (text.empty())
    return otherwise;
  if (text == last_instant_)
    return last_instant_s_;
  const auto instant = parse_instant(text);
  if (!instant) {
    good = false;
    table.fault((column == from_column ? "effective_from: " : "effective_to: ")
                + printable(instant.failure().message, 200));
    return otherwise;
  }
  last_instant_ = text;
  last_instant_s_ = *instant;
  return *instant;
}

void meter_rows::read_range(estate_table& table, connection& c) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  bool good = true;
  const std::int64_t from = read_instant(table, from_column, none, good);
  const std::int64_t to = read_instant(table, to_column, none, good);
  if (!good)
    return;
  const period_range range = periods_starting_in(from == none ? 0 : from, to == none ? 0 : to);
  if (from != none)
    c.effective.first = range.first;
  if (to != none)
    c.effective.end = range.end;
  if (from != none && to != none && from >= to)
    table.fault("effective_to is not after effective_from");
}

void meter_rows::read_source_id(estate_table& table, connection& c) {
  const std::string_view text = table.field(source_id_column);
  if (text.empty() || text == table.field(mpan_column))
    return;
  if (text.size() > id_bytes_limit)
    return table.fault("source_id is longer than 100 bytes");
  auto& names = estate_.source_names;
  if (names.size() * 3 >= name_slots_.size() * 2) {
    name_slots_.assign(name_slots_.size() * 2, 0);
    for (std::uint32_t i = 1; i < names.size(); ++i) {
      std::size_t at = spread(std::hash<std::string_view>()(names[i]), name_slots_.size());
      while (name_slots_[at] != 0)
        at = (at + 1) & (name_slots_.size() - 1);
      name_slots_[at] = i;
    }
  }
  std::size_t at = spread(std::hash<std::string_view>()(text), name_slots_.size());
  while (name_slots_[at] != 0 && names[name_slots_[at]] != text)
    at = (at + 1) & (name_slots_.size() - 1);
  if (name_slots_[at] == 0) {
    name_slots_[at] = static_cast<std::uint32_t>(names.size());
    names.emplace_back(text);
    owners_.push_back({c.mpan, table.line()});
  } else if (owners_[name_slots_[at]].meter != c.mpan) {
    table.fault("source_id " + in_quotes(text) + " already stands for another MPAN in line "
                + std::to_string(owners_[name_slots_[at]].line));
  }
  c.source_name = name_slots_[at];
}

std::uint32_t* meter_rows::slot_of(std::uint64_t number) {
  std::size_t at = spread(number, slots_.size());
  while (slots_[at] != 0 && estate_.connections[slots_[at] - 1].mpan.number != number)
    at = (at + 1) & (slots_.size() - 1);
  return &slots_[at];
}

void meter_rows::index_rows() {
  slots_.assign(slots_count_, 0);
  for (std::uint32_t place = 0; place < estate_.connections.size(); ++place)
    *slot_of(estate_.connections[place].mpan.number) = place + 1;
}

/// Rows in the order of their MPANs cannot repeat one; only from the first that goes back are rows looked up.
void meter_rows::remember(const connection& c, std::uint32_t line) {
  const bool ascends = estate_.connections.empty() || estate_.connections.back().mpan < c.mpan;
  if (!ascends && slots_.empty())
    index_rows();
  if (!slots_.empty()) {
    std::uint32_t* slot = slot_of(c.mpan.number);
    const auto place = static_cast<std::uint32_t>(estate_.connections.size());
    if (*slot == 0)
      *slot = place + 1;
    else
      repeats_.emplace_back(*slot - 1, place);
  }
  estate_.connections.push_back(c);
  lines_.push_back(line);
}

void meter_rows::check_overlaps() {
  std::sort(repeats_.begin(), repeats_.end());
  for (std::size_t i = 0; i < repeats_.size();) {
    const std::uint32_t first = repeats_[i].first;
    std::vector<std::uint32_t> rows{first};
    for (; i < repeats_.size() && repeats_[i].first == first; ++i)
      rows.push_back(repeats_[i].second);
    const auto range = [this](std::uint32_t row) { return estate_.connections[row].effective; };
    std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
      return std::tuple(range(a).first, range(a).end, a) < std::tuple(range(b).first, range(b).end, b);
    });
    std::uint32_t reaches = rows[0]; // the row that ends last so far
    for (std::size_t k = 1; k < rows.size(); ++k) {
      if (range(rows[k]).first < range(reaches).end)
        faults_.add(file_name, std::max(lines_[rows[k]], lines_[reaches]),
                    "overlaps in time with line " + std::to_string(std::min(lines_[rows[k]], lines_[reaches]))
                      + ", which has the same MPAN");
      if (range(rows[k]).end > range(reaches).end)
        reaches = rows[k];
    }
  }
}

/// A reading that calls a meter by 13 digits must mean one meter alone.
void meter_rows::check_names() {
  if (estate_.source_names.size() > 1 && slots_.empty())
    index_rows();
  for (std::size_t i = 1; i < estate_.source_names.size(); ++i) {
    const std::string& name = estate_.source_names[i];
    const auto number = parse_mpan(name);
    if (number && *number != owners_[i].meter && *slot_of(number->number) != 0)
      faults_.add(file_name, owners_[i].line, "source_id " + in_quotes(name) + " is the MPAN of another meter");
  }
}

void meter_rows::sort() {
  auto& all = estate_.connections;
  const auto before = [](const connection& a, const connection& b) {
    return std::tuple(a.feeder, a.mpan, a.effective.first) < std::tuple(b.feeder, b.mpan, b.effective.first);
  };
  if (!std::is_sorted(all.begin(), all.end(), before))
    std::sort(all.begin(), all.end(), before);
  if (estate_.source_names.size() == 1)
    return;
  // Names are numbered as connections meet them, so that the order of rows in the file leaves no trace.
  std::vector<std::uint32_t> number(estate_.source_names.size(), 0);
  std::vector<std::string> names{std::string()};
  names.reserve(number.size());
  for (connection& c : all) {
    if (c.source_name == 0)
      continue;
    std::uint32_t& place = number[c.source_name];
    if (place == 0) {
      place = static_cast<std::uint32_t>(names.size());
      names.push_back(std::move(estate_.source_names[c.source_name]));
    }
    c.source_name = place;
  }
  estate_.source_names = std::move(names);
}

} // namespace gridtwin
