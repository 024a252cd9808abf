#include "config/settlement_settings.hpp"

#include "config/estimation_reader.hpp"
#include "config/printable_text.hpp"
#include "config/toml_document.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>

namespace gridtwin {

namespace {

constexpr int longest_delay_days = 2000;
constexpr int longest_delay_months = 120;

std::optional<int> whole_number(std::string_view digits, int most) {
  int value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc() || end != digits.data() + digits.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

/// `WD+16` or `28 months`
std::optional<run_delay> parse_delay(std::string_view text) {
  constexpr std::string_view days = "WD+";
  constexpr std::string_view months = " months";
  if (text.starts_with(days)) {
    const auto n = whole_number(text.substr(days.size()), longest_delay_days);
    return n && *n > 0 ? std::optional(run_delay{*n, 0}) : std::nullopt;
  }
  if (!text.ends_with(months))
    return std::nullopt;
  const auto n = whole_number(text.substr(0, text.size() - months.size()), longest_delay_months);
  return n && *n > 0 ? std::optional(run_delay{0, *n}) : std::nullopt;
}

/// `17:30` as minutes since midnight
std::optional<int> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':')
    return std::nullopt;
  const auto hour = whole_number(text.substr(0, 2), 23);
  const auto minute = whole_number(text.substr(3), 59);
  return hour && minute ? std::optional(*hour * 60 + *minute) : std::nullopt;
}

/// What is built in is there and can be read: a test holds it.
estimation_settings built_in_estimation() {
  estimation_settings out;
  const auto parsed = parse_toml(built_in_settlement_settings());
  const toml_value* const table = parsed ? parsed->find("estimation") : nullptr;
  if (table != nullptr && table->table() != nullptr)
    read_estimation(*table->table(), out);
  return out;
}

/// Reads the keys one by one; the first fault stays.
class settings_reader {
public:
  explicit settings_reader(std::string_view origin) : origin_(origin) {}

  result<settlement_settings> read(const toml_table& table) {
    check_keys(table, {"gate_time", "timetable", "estimation"});
    if (const toml_value* const clock = table.find("gate_time")) {
      const auto minute = clock->text() != nullptr ? parse_clock(*clock->text()) : std::nullopt;
      if (!minute)
        fail("'gate_time' must be a time of the local clock, as \"17:30\"");
      settings_.gate_minute = minute.value_or(0);
    }
    const toml_value* const timetables = table.find("timetable");
    if (timetables == nullptr || timetables->list() == nullptr || timetables->list()->empty())
      fail("it has no timetable: write [[timetable]] with 'name', 'from' and 'runs'");
    else
      for (const toml_value& one : *timetables->list())
        read_timetable(one);
    settings_.estimation = built_in_estimation();
    if (const toml_value* const estimation = table.find("estimation")) {
      const auto wrong = estimation->table() != nullptr ? read_estimation(*estimation->table(), settings_.estimation)
                                                        : "'estimation' must be a table: [estimation]";
      if (wrong)
        fail(*wrong);
    }
    if (fault_)
      return *fault_;
    return std::move(settings_);
  }

private:
  void fail(std::string_view what) {
    if (!fault_)
      fault_ = error{errc::bad_profile, "settlement settings " + in_quotes(origin_) + ": " + std::string(what)};
  }

  void check_keys(const toml_table& table, std::initializer_list<std::string_view> known) {
    if (const auto unknown = unknown_key(table, {known.begin(), known.end()}))
      fail(*unknown);
  }

  void read_timetable(const toml_value& value) {
    const toml_table* const table = value.table();
    if (table == nullptr)
      return fail("'timetable' must be a list of tables: [[timetable]]");
    check_keys(*table, {"name", "from", "runs"});
    settlement_timetable out;
    const toml_value* const name = table->find("name");
    if (name == nullptr || name->text() == nullptr || name->text()->empty())
      return fail("a timetable has no 'name'");
    out.name = *name->text();
    const std::string called = "timetable " + in_quotes(out.name);
    const toml_value* const from = table->find("from");
    const auto date = from != nullptr && from->text() != nullptr
                        ? parse_date(*from->text())
                        : result<civil_date>(error{errc::usage, "there is none"});
    if (!date)
      return fail(called + ": 'from' must be its first settlement date, as \"2027-07-02\" in quotes");
    out.from = *date;
    for (const settlement_timetable& other : settings_.timetables)
      if (other.name == out.name || other.from == out.from)
        return fail(called + " has the name or the first date of another one");
    const toml_value* const runs = table->find("runs");
    if (runs == nullptr || runs->table() == nullptr || runs->table()->entries().empty())
      return fail(called + ": 'runs' must say when each is held, as { SF = \"WD+7\", DF = \"20 months\" }");
    for (const auto& [code, when] : runs->table()->entries()) {
      const auto run = parse_run_code(code);
      const auto delay = when.text() != nullptr ? parse_delay(*when.text()) : std::nullopt;
      if (!run)
        return fail(called + ": there is no run " + in_quotes(code) + "; runs are II, SF, R1, R2, R3, RF, DR and DF");
      if (!delay)
        return fail(called + ": run " + std::string(name_of(*run))
                    + " must be so many working days or months after the date, as \"WD+7\" or \"20 months\"");
      out.runs[index_of(*run)] = delay;
    }
    settings_.timetables.push_back(std::move(out));
  }

  std::string origin_;
  settlement_settings settings_;
  std::optional<error> fault_;
};

} // namespace

result<settlement_settings> parse_settlement_settings(std::string_view toml, std::string_view origin_name) {
  const auto parsed = parse_toml(toml);
  if (!parsed)
    return error{errc::bad_profile, "settlement settings " + in_quotes(origin_name) + ": " + parsed.failure().message};
  return settings_reader(origin_name).read(*parsed);
}

result<std::vector<civil_date>> parse_bank_holidays(std::string_view text, std::string_view origin_name) {
  std::vector<civil_date> out;
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find_first_of(",\r"));
    while (!line.empty() && (line.front() == ' ' || line.front() == '"'))
      line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '"'))
      line.remove_suffix(1);
    if (line.empty() || line.front() == '#' || (number == 1 && line == "date"))
      continue;
    const auto date = parse_date(line);
    if (!date)
      return error{errc::bad_profile, "bank holidays " + in_quotes(origin_name) + ", line " + std::to_string(number)
                                        + ": " + in_quotes(line) + " is no date; write one a line, as 2027-12-27"};
    out.push_back(*date);
  }
  if (out.empty())
    return error{errc::bad_profile, "bank holidays " + in_quotes(origin_name) + ": there is no date in it"};
  return out;
}

} // namespace gridtwin
