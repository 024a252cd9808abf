#include "config/estimation_reader.hpp"

#include "config/printable_text.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t longest_window_days = 3660;
constexpr std::int64_t longest_validity_days = 3660;
constexpr std::int64_t longest_history_weeks = 52;

/// Reads the keys one by one; the first fault stays.
class estimation_reader {
public:
  explicit estimation_reader(estimation_settings& settings) : settings_(settings) {}

  std::optional<std::string> read(const toml_table& table) {
    check_keys(table, "estimation",
               {"order", "register_window_days", "register_over", "supplier_annual_days", "annual_total_percent",
                "seven_day_total_percent", "history_weeks", "history_fewest", "fewest_actuals", "off_peak", "reason",
                "default_wh", "quality"});
    read_order(table.find("order"));
    read_number(table, "register_window_days", 1, longest_window_days, settings_.register_window_days);
    read_register_over(table.find("register_over"));
    read_number(table, "supplier_annual_days", 1, longest_validity_days, settings_.supplier_annual_days);
    read_number(table, "annual_total_percent", 1, 100, settings_.annual_total_percent);
    read_number(table, "seven_day_total_percent", 1, 100, settings_.seven_day_total_percent);
    read_number(table, "history_weeks", 1, longest_history_weeks, settings_.history_weeks);
    read_number(table, "history_fewest", 1, longest_history_weeks, settings_.history_fewest);
    read_number(table, "fewest_actuals", 1, 1'000'000, settings_.fewest_actuals);
    read_off_peak(table.find("off_peak"));
    if (const toml_table* const reasons = table_at(table, "reason", "estimation")) {
      check_keys(*reasons, "estimation.reason", {"missing", "invalid", "de_energised"});
      read_reason(*reasons, "missing", settings_.reason_missing);
      read_reason(*reasons, "invalid", settings_.reason_invalid);
      read_reason(*reasons, "de_energised", settings_.reason_de_energised);
    }
    if (const toml_table* const defaults = table_at(table, "default_wh", "estimation")) {
      constexpr std::array<std::string_view, connection_type_count> types{"W", "L", "H", "E", "U"};
      check_keys(*defaults, "estimation.default_wh", {"W", "L", "H", "E", "U"});
      for (const std::string_view type : types)
        read_number(*defaults, type, 0, largest_energy_wh,
                    settings_.default_wh[index_of(static_cast<connection_type>(type.front()))]);
    }
    if (const toml_table* const families = table_at(table, "quality", "estimation"))
      read_quality(*families);
    return fault_;
  }

private:
  void fail(std::string what) {
    if (!fault_)
      fault_ = std::move(what);
  }

  void check_keys(const toml_table& table, std::string_view called, std::initializer_list<std::string_view> known) {
    if (const auto unknown = unknown_key(table, {known.begin(), known.end()}))
      fail("[" + std::string(called) + "] " + *unknown);
  }

  const toml_table* table_at(const toml_table& table, std::string_view key, std::string_view within) {
    const toml_value* const value = table.find(key);
    if (value != nullptr && value->table() == nullptr)
      fail("'" + std::string(key) + "' must be a table: [" + std::string(within) + "." + std::string(key) + "]");
    return value != nullptr ? value->table() : nullptr;
  }

  template <class Number>
  void read_number(const toml_table& table, std::string_view key, std::int64_t least, std::int64_t most, Number& into) {
    const toml_value* const value = table.find(key);
    if (value == nullptr)
      return;
    const auto number = value->number();
    if (!number || *number < least || *number > most)
      return fail("'" + std::string(key) + "' must be a whole number from " + std::to_string(least) + " to "
                  + std::to_string(most));
    into = static_cast<Number>(*number);
  }

  void read_order(const toml_value* value) {
    if (value == nullptr)
      return;
    if (value->list() == nullptr || value->list()->empty())
      return fail("'order' must be a list of methods, as [\"register-advance\", \"default\"]");
    std::vector<estimation_method> order;
    for (const toml_value& one : *value->list()) {
      const auto method = one.text() != nullptr ? parse_estimation_method(*one.text()) : std::nullopt;
      if (!method || *method == estimation_method::de_energised)
        return fail(
          "'order': " + (one.text() != nullptr ? in_quotes(*one.text()) : "what is no text")
          + " is no rung; rungs are register-advance, supplier-annual, central-annual, own-history, shape-mean "
            "and default");
      if (std::find(order.begin(), order.end(), *method) != order.end())
        return fail("'order' names " + std::string(name_of(*method)) + " twice");
      order.push_back(*method);
    }
    if (order.back() != estimation_method::default_value)
      return fail("'order' must end with \"default\", without which a half hour could be left empty");
    settings_.order = std::move(order);
  }

  void read_register_over(const toml_value* value) {
    if (value == nullptr)
      return;
    const std::string* const text = value->text();
    if (text == nullptr || (*text != "own-history" && *text != "shape"))
      return fail("'register_over' must be \"own-history\" or \"shape\"");
    settings_.register_over_history = *text == "own-history";
  }

  void read_off_peak(const toml_value* value) {
    if (value == nullptr)
      return;
    if (value->text() != nullptr && *value->text() == "1-14")
      settings_.off_peak = off_peak_window::periods_1_to_14;
    else if (value->text() != nullptr && *value->text() == "2-15")
      settings_.off_peak = off_peak_window::periods_2_to_15;
    else
      fail("'off_peak' must be the UTC periods \"1-14\" or \"2-15\"");
  }

  void read_reason(const toml_table& table, std::string_view key, std::uint8_t& into) {
    read_number(table, key, 1, last_estimation_reason, into);
    if (into == estimation_amended)
      fail("'" + std::string(key) + "' cannot be 9: an amendment needs a reason of its own (ECS1016)");
  }

  void read_quality(const toml_table& families) {
    check_keys(families, "estimation.quality", {"smart", "advanced", "advanced_export", "unmetered"});
    for (std::size_t f = 0; f < quality_family_count; ++f) {
      const toml_table* const codes = table_at(families, quality_family_names[f], "estimation.quality");
      if (codes == nullptr)
        continue;
      const std::string called = "estimation.quality." + std::string(quality_family_names[f]);
      check_keys(*codes, called,
                 {"register-advance", "supplier-annual", "central-annual", "own-history", "shape-mean", "default",
                  "de-energised"});
      for (const auto& [key, value] : codes->entries())
        if (const auto method = parse_estimation_method(key))
          read_code(static_cast<quality_family>(f), *method, value, called);
    }
  }

  void read_code(quality_family family, estimation_method method, const toml_value& value, const std::string& called) {
    const auto code = value.text() != nullptr ? parse_quality(*value.text()) : std::nullopt;
    if (!code || !is_code_of(family, method, *code))
      return fail("[" + called + "] '" + std::string(name_of(method)) + "' must be one of " + codes_of(family, method)
                  + ", in quotes");
    settings_.quality_codes[index_of(family)][index_of(method)] = *code;
  }

  static std::string codes_of(quality_family family, estimation_method method) {
    std::string out;
    for (std::size_t i = 0; i < quality_count; ++i) {
      const quality code{static_cast<std::uint8_t>(i)};
      if (is_code_of(family, method, code))
        out += (out.empty() ? "" : ", ") + std::string(name_of(code));
    }
    return out;
  }

  estimation_settings& settings_;
  std::optional<std::string> fault_;
};

} // namespace

std::optional<std::string> read_estimation(const toml_table& table, estimation_settings& settings) {
  return estimation_reader(settings).read(table);
}

} // namespace gridtwin
