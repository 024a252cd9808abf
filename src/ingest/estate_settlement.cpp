#include "src/ingest/estate_settlement.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/estate_files.hpp"
#include "src/ingest/estate_tables.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t date_length = 10; // of `2026-03-01`

/// Something of a file with the line that it stands in.
template <class Value>
struct of_line {
  Value value;
  std::uint32_t line = 0;
};

template <class Value>
using meter_row = of_line<settlement_inputs::row<Value>>;

/// A value of a load shape.
struct shape_row {
  shape_category category;
  gridtwin::period period;
  shape_value value;
};

/// Sorts rows by `key_of` and drops repeats. Rows of one key with different `content_of` are a fault of the later line.
template <class Value, class Key, class Content>
void sort_out(std::vector<of_line<Value>>& rows, Key key_of, Content content_of, std::string_view file,
              estate_faults& faults) {
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return std::tuple(key_of(a.value), content_of(a.value), a.line)
           < std::tuple(key_of(b.value), content_of(b.value), b.line);
  });
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& a = rows[i - 1];
    const auto& b = rows[i];
    if (key_of(a.value) == key_of(b.value) && content_of(a.value) != content_of(b.value))
      faults.add(file, std::max(a.line, b.line),
                 "contradicts line " + std::to_string(std::min(a.line, b.line))
                   + ", which says something else of the "
                     "same");
  }
  const auto repeats = std::unique(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return key_of(a.value) == key_of(b.value) && content_of(a.value) == content_of(b.value);
  });
  rows.erase(repeats, rows.end());
}

template <class Value>
void give(std::vector<meter_row<Value>>& rows, std::vector<settlement_inputs::row<Value>>& to) {
  to.reserve(rows.size());
  for (auto& row : rows)
    to.push_back(std::move(row.value));
}

/// The instant at which a local date begins.
std::int64_t local_midnight(const civil_date& date) noexcept { return from_settlement_period({date, 1})->start_s(); }

enum class bare_date : bool { local_midnight, refused };

/// Reads the optional files one by one.
class settlement_reader {
public:
  explicit settlement_reader(const meter_index& meters) : meters_(meters) {}

  void read(const estate_file& file) {
    if (file.name == "registers.csv")
      read_registers(file);
    else if (file.name == "annual.csv")
      read_annual(file);
    else if (file.name == "appointments.csv")
      read_appointments(file);
    else if (file.name == "load_shapes.csv")
      read_load_shapes(file);
  }
  result<settlement_inputs> finish(std::string_view folder_name) {
    if (faults_.count() != 0)
      return faults_.refusal(folder_name);
    return std::move(out_);
  }

private:
  void read_registers(const estate_file& file);
  void read_annual(const estate_file& file);
  void read_appointments(const estate_file& file);
  void check_overlaps(const std::vector<meter_row<appointment>>& rows, std::string_view file);
  void read_load_shapes(const estate_file& file);
  shape_row read_shape_row(estate_table& table);

  std::optional<meter_number> read_meter(estate_table& table, std::size_t column, mpan& out) const;
  void read_quantity(estate_table& table, std::size_t column, std::optional<meter_number> meter, quantity& out) const;

  const meter_index& meters_;
  estate_faults faults_;
  settlement_inputs out_;
};

std::optional<meter_number> settlement_reader::read_meter(estate_table& table, std::size_t column, mpan& out) const {
  const auto number = table.mpan_in(column);
  if (!number)
    return std::nullopt;
  out = *number;
  const auto meter = meters_.find(*number);
  if (!meter)
    table.fault("no meter " + in_quotes(table.field(column)) + " in meters.csv");
  return meter;
}

/// `meter`: nothing where it is not known, or the quantity is of no meter.
void settlement_reader::read_quantity(estate_table& table, std::size_t column, std::optional<meter_number> meter,
                                      quantity& out) const {
  const std::string_view text = table.field(column);
  if (const auto q = parse_quantity(text))
    out = *q;
  else
    return table.fault("quantity " + in_quotes(text) + " is not AI, AE, RI or RE");
  if (meter && (meters_.quantities_of(*meter) & mask_of(out)) == 0)
    table.fault("the meter has no quantity " + std::string(text) + " in meters.csv");
}

std::int64_t read_energy(estate_table& table, std::size_t column, std::string_view name, std::int64_t largest) {
  const std::string_view text = table.field(column);
  const std::string what = std::string(name) + " " + in_quotes(text);
  const auto energy = parse_energy(text, energy_unit::kilowatt_hour);
  if (!energy)
    table.fault(what + " is not a decimal");
  else if (energy->rounded)
    table.fault(what + " is finer than a watt-hour: at most 3 decimals");
  else if (energy->wh < 0)
    table.fault(what + " is below 0");
  else if (energy->wh > largest)
    table.fault(what + " is too large");
  else
    return energy->wh;
  return 0;
}

std::optional<std::int64_t> read_instant(estate_table& table, std::size_t column, std::string_view name,
                                         bare_date dates) {
  const std::string_view text = table.field(column);
  if (text.size() == date_length) {
    const auto date = parse_date(text);
    if (date && dates == bare_date::local_midnight)
      return local_midnight(*date);
    if (date) {
      table.fault(std::string(name) + " " + in_quotes(text) + " is a date: it needs a time with Z or an offset");
      return std::nullopt;
    }
  }
  const auto instant = parse_instant(text);
  if (instant)
    return *instant;
  table.fault(std::string(name) + ": " + printable(instant.failure().message, 200));
  return std::nullopt;
}

// -- registers.csv ----------------------------------------------------------------------------------------------------

void settlement_reader::read_registers(const estate_file& file) {
  enum : std::size_t { mpan_column, quantity_column, time_column, energy_column };
  estate_table table(file.name, file.bytes, {"mpan", "quantity", "read_at", "kwh"}, 4, faults_);
  std::vector<meter_row<register_read>> rows;
  while (table.next()) {
    const std::size_t before = faults_.count();
    settlement_inputs::row<register_read> row;
    const auto meter = read_meter(table, mpan_column, row.mpan);
    read_quantity(table, quantity_column, meter, row.quantity);
    row.value.at_s = read_instant(table, time_column, "read_at", bare_date::refused).value_or(0);
    row.value.wh = read_energy(table, energy_column, "kwh", largest_energy_wh - 1);
    if (faults_.count() == before)
      rows.push_back({row, table.line()});
  }
  sort_out(
    rows, [](const auto& row) { return std::tuple(row.mpan, row.quantity, row.value.at_s); },
    [](const auto& row) { return row.value.wh; }, file.name, faults_);
  give(rows, out_.registers);
}

// -- annual.csv -------------------------------------------------------------------------------------------------------

/// The local settlement date that begins at an instant, or a bare date.
std::optional<civil_date> read_settlement_date(estate_table& table, std::size_t column, std::string_view name) {
  const auto instant = read_instant(table, column, name, bare_date::local_midnight);
  if (!instant)
    return std::nullopt;
  const settlement_period first = to_settlement_period({periods_starting_in(*instant, *instant).first});
  if (local_midnight(first.date) == *instant)
    return first.date;
  table.fault(std::string(name) + " " + in_quotes(table.field(column))
              + " is no local midnight: a settlement date begins there, write it as YYYY-MM-DD");
  return std::nullopt;
}

void settlement_reader::read_annual(const estate_file& file) {
  enum : std::size_t { mpan_column, quantity_column, energy_column, source_column, from_column };
  estate_table table(file.name, file.bytes, {"mpan", "quantity", "annual_kwh", "source", "effective_from"}, 5, faults_);
  std::vector<meter_row<annual_figure>> rows;
  while (table.next()) {
    const std::size_t before = faults_.count();
    settlement_inputs::row<annual_figure> row;
    const auto meter = read_meter(table, mpan_column, row.mpan);
    read_quantity(table, quantity_column, meter, row.quantity);
    row.value.consumption.wh = read_energy(table, energy_column, "annual_kwh", largest_energy_wh - 1);
    const std::string_view source = table.field(source_column);
    row.value.source = source == "SNAC" ? annual_source::supplier : annual_source::central;
    if (source != "SNAC" && source != "ECS")
      table.fault("source " + in_quotes(source) + " is not one of ECS, SNAC");
    row.value.from = read_settlement_date(table, from_column, "effective_from").value_or(civil_date{});
    if (faults_.count() == before)
      rows.push_back({row, table.line()});
  }
  sort_out(
    rows, [](const auto& row) { return std::tuple(row.mpan, row.quantity, row.value.from, row.value.source); },
    [](const auto& row) { return row.value.consumption.wh; }, file.name, faults_);
  give(rows, out_.annual);
}

// -- appointments.csv -------------------------------------------------------------------------------------------------

/// Half-open, compared with the start of a period; what is left empty is open.
period_range read_appointed_range(estate_table& table, std::size_t from_column, std::size_t to_column) {
  const auto end_of = [&table](std::size_t column, std::string_view name, std::int32_t& end) {
    if (table.field(column).empty())
      return true;
    const auto instant = read_instant(table, column, name, bare_date::local_midnight);
    if (instant)
      end = periods_starting_in(*instant, *instant).first;
    return instant.has_value();
  };
  period_range range;
  const bool good = end_of(from_column, "from", range.first);
  if (end_of(to_column, "to", range.end) && good && range.first >= range.end)
    table.fault("no half hour starts in the appointment: to must be after from");
  return range;
}

void settlement_reader::read_appointments(const estate_file& file) {
  enum : std::size_t { mpan_column, service_column, from_column, to_column };
  estate_table table(file.name, file.bytes, {"mpan", "data_service_id", "from", "to"}, 4, faults_);
  std::vector<meter_row<appointment>> rows;
  while (table.next()) {
    const std::size_t before = faults_.count();
    settlement_inputs::row<appointment> row;
    (void)read_meter(table, mpan_column, row.mpan);
    row.value.data_service_id = table.field(service_column);
    if (row.value.data_service_id.empty())
      table.fault("data_service_id is empty");
    else if (row.value.data_service_id.size() > id_bytes_limit)
      table.fault("data_service_id is longer than 100 bytes");
    row.value.effective = read_appointed_range(table, from_column, to_column);
    if (faults_.count() == before)
      rows.push_back({std::move(row), table.line()});
  }
  sort_out(
    rows,
    [](const auto& row) {
      return std::tie(row.mpan, row.value.effective.first, row.value.effective.end, row.value.data_service_id);
    },
    [](const auto&) { return 0; }, file.name, faults_);
  check_overlaps(rows, file.name);
  give(rows, out_.appointments);
}

/// One data service at a time.
void settlement_reader::check_overlaps(const std::vector<meter_row<appointment>>& rows, std::string_view file) {
  std::size_t reaches = 0; // the row of the meter that ends last so far
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto range = [&rows](std::size_t at) { return rows[at].value.value.effective; };
    if (rows[i].value.mpan != rows[reaches].value.mpan) {
      reaches = i;
      continue;
    }
    if (range(i).first < range(reaches).end)
      faults_.add(file, std::max(rows[i].line, rows[reaches].line),
                  "overlaps in time with line " + std::to_string(std::min(rows[i].line, rows[reaches].line))
                    + ", which has the same MPAN");
    if (range(i).end > range(reaches).end)
      reaches = i;
  }
}

// -- load_shapes.csv --------------------------------------------------------------------------------------------------

shape_row settlement_reader::read_shape_row(estate_table& table) {
  enum : std::size_t {
    group_column,
    type_column,
    segment_column,
    domestic_column,
    quantity_column,
    time_column,
    value_column,
    flag_column
  };
  shape_row row;
  row.category.gsp_group = table.gsp_group_in(group_column).value_or(row.category.gsp_group);
  row.category.type = static_cast<connection_type>(table.code_in(type_column, "connection_type", "WLHEU"));
  row.category.segment = static_cast<market_segment>(table.code_in(segment_column, "market_segment", "SAU"));
  row.category.domestic = table.code_in(domestic_column, "domestic", "TF") == 'T';
  read_quantity(table, quantity_column, std::nullopt, row.category.quantity);
  if (const auto end = read_instant(table, time_column, "period_end", bare_date::refused)) {
    row.period = {static_cast<std::int32_t>(*end / seconds_per_period)};
    if (row.period.end_s() != *end)
      table.fault("period_end " + in_quotes(table.field(time_column)) + " is not the end of a half hour");
    else if (row.period < first_storable_period || row.period > last_storable_period)
      table.fault("period_end " + in_quotes(table.field(time_column)) + " is not in the years 1970 to 2199");
  }
  row.value.flag = static_cast<shape_flag>(table.code_in(flag_column, "flag", "ADEB"));
  if (row.value.flag != shape_flag::no_data || !table.field(value_column).empty())
    row.value.wh = read_energy(table, value_column, "value", largest_shape_wh);
  if (row.value.flag == shape_flag::no_data && row.value.wh != 0)
    table.fault("flag B means no data, but there is a value");
  return row;
}

void settlement_reader::read_load_shapes(const estate_file& file) {
  estate_table table(
    file.name, file.bytes,
    {"gsp_group", "connection_type", "market_segment", "domestic", "quantity", "period_end", "value", "flag"}, 8,
    faults_);
  std::vector<of_line<shape_row>> rows;
  while (table.next()) {
    const std::size_t before = faults_.count();
    const shape_row row = read_shape_row(table);
    if (faults_.count() == before)
      rows.push_back({row, table.line()});
  }
  sort_out(
    rows, [](const shape_row& row) { return std::tuple(row.category, row.period); },
    [](const shape_row& row) { return std::tuple(row.value.wh, row.value.flag); }, file.name, faults_);
  for (const auto& [row, line] : rows)
    out_.shapes[row.category][row.period.day()][static_cast<std::size_t>(row.period.slot())] = row.value;
}

} // namespace

result<std::vector<estate_file>> read_settlement_files(const std::filesystem::path& folder) {
  std::vector<estate_file> out;
  for (const std::string_view name : settlement_file_names) {
    const std::filesystem::path path = folder / name;
    std::error_code code;
    if (std::filesystem::symlink_status(path, code).type() == std::filesystem::file_type::not_found)
      continue;
    auto bytes = read_estate_file(path);
    if (!bytes)
      return bytes.failure();
    out.push_back({std::string(name), std::move(*bytes)});
  }
  return out;
}

result<settlement_inputs> parse_settlement_files(std::span<const estate_file> files, const meter_index& meters,
                                                 std::string_view folder_name) {
  settlement_reader reader(meters);
  for (const estate_file& file : files)
    reader.read(file);
  return reader.finish(folder_name);
}

} // namespace gridtwin
