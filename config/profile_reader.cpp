#include "config/format_profile.hpp"
#include "config/printable_text.hpp"
#include "config/toml_document.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, 21> profile_keys{"delimiter",     "layout",
                                                        "meter",         "time",
                                                        "time_format",   "zone",
                                                        "label",         "value",
                                                        "columns",       "unit",
                                                        "thousands",     "null",
                                                        "quantity",      "quantity_column",
                                                        "quantity_map",  "quality_column",
                                                        "quality_map",   "reason",
                                                        "reason_column", "amendment_column",
                                                        "version_column"};

/// Reads the keys one by one; the first fault stays.
class profile_reader {
public:
  profile_reader(const toml_table& table, std::string_view origin) : table_(table), origin_(origin) {}

  result<format_profile> read() {
    profile_.name = origin_;
    if (const auto unknown = unknown_key(table_, profile_keys))
      fail(*unknown);
    read_shape();
    read_time();
    read_values();
    read_quantity();
    read_quality();
    check_layout();
    check_contradictions();
    if (fault_)
      return *fault_;
    return std::move(profile_);
  }

private:
  void fail(std::string_view what) {
    if (!fault_)
      fault_ = error{errc::bad_profile, "profile " + in_quotes(origin_) + ": " + std::string(what)};
  }
  void fail_key(std::string_view key, std::string_view what) {
    std::string message(1, '\'');
    fail(message.append(key).append("' ").append(what));
  }

  bool has(std::string_view key) const { return table_.contains(key); }

  bool fits(std::string_view text) const { return text.size() <= profile_string_limit; }

  std::optional<std::string> text(std::string_view key) {
    const toml_value* const value = table_.find(key);
    if (value == nullptr)
      return std::nullopt;
    const std::string* const word = value->text();
    if (word == nullptr || !fits(*word)) {
      fail_key(key, word == nullptr ? "must be a text in quotes" : "is too long");
      return std::nullopt;
    }
    return *word;
  }

  std::vector<std::string> texts(std::string_view key, bool may_be_empty) {
    std::vector<std::string> out;
    const toml_value* const value = table_.find(key);
    if (value == nullptr)
      return out;
    if (const std::string* const single = value->text()) {
      out.push_back(*single);
    } else if (const auto* const list = value->list()) {
      for (const toml_value& entry : *list) {
        if (entry.text() == nullptr)
          fail_key(key, "must be a text, or a list of texts as [\"a\", \"b\"]");
        else
          out.push_back(*entry.text());
      }
    } else {
      fail_key(key, "must be a text, or a list of texts as [\"a\", \"b\"]");
    }
    if (out.size() > profile_list_limit)
      fail_key(key, "has more than " + std::to_string(profile_list_limit) + " entries");
    for (const std::string& entry : out)
      if (!fits(entry) || (entry.empty() && !may_be_empty))
        fail_key(key, entry.empty() ? "has an empty name" : "has an entry that is too long");
    if (out.empty() && !may_be_empty)
      fail_key(key, "is empty; leave it out instead");
    return out;
  }

  column_choice column(std::string_view key) { return {texts(key, false), true}; }

  char single_character(std::string_view key, char otherwise) {
    const auto word = text(key);
    if (!word)
      return otherwise;
    const unsigned char c = word->size() == 1 ? static_cast<unsigned char>(word->front()) : 0;
    const std::string_view part_of_values = "\"\r\n.+-:";
    if (c == 0 || c > 0x7E || std::isalnum(c) != 0 || part_of_values.find(word->front()) != std::string_view::npos
        || (c < 0x20 && c != '\t')) {
      fail_key(key, "must be one character that is no letter, digit, quote, or part of a number or time");
      return otherwise;
    }
    return word->front();
  }

  void read_shape() {
    profile_.delimiter = single_character("delimiter", ',');
    profile_.thousands = has("thousands") ? single_character("thousands", 0) : '\0';
    if (const auto word = text("layout")) {
      if (*word == "wide")
        profile_.layout = row_layout::by_day;
      else if (*word != "long")
        fail_key("layout", "must be \"long\" (a row a reading) or \"wide\" (a row a day), not " + in_quotes(*word));
    }
    profile_.meter = column("meter");
  }

  void read_time() {
    profile_.time = column("time");
    if (!has("time"))
      fail("'time' is missing; name the column of the time, as time = \"period_end\"");
    profile_.time_format = text("time_format").value_or("iso8601");
    profile_.zone = text("zone").value_or("UTC");
    if (has("zone") && profile_.zone.empty())
      fail_key("zone", "is empty; say \"UTC\", an offset as \"+01:00\", or a name as \"Europe/London\"");
    const auto label = text("label");
    if (label && *label == "period-start")
      profile_.label = period_label::period_start;
    else if (label && *label == "period-end")
      profile_.label = period_label::period_end;
    else
      fail("'label' must say whether times name the start or the end of a half hour: label = \"period-start\" or "
           "\"period-end\"");
  }

  void read_values() {
    profile_.value = column("value");
    profile_.columns = texts("columns", false);
    if (has("null"))
      profile_.null_words = texts("null", true);
    const auto unit = text("unit");
    if (!unit || *unit == "kWh")
      profile_.unit = energy_unit::kilowatt_hour;
    else if (*unit == "Wh")
      profile_.unit = energy_unit::watt_hour;
    else if (*unit == "kW")
      profile_.unit = energy_unit::kilowatt;
    else if (*unit == "kvarh")
      profile_.unit = energy_unit::kilovar_hour;
    else
      fail_key("unit", "must be \"kWh\", \"Wh\", \"kW\" or \"kvarh\", not " + in_quotes(*unit));
  }

  /// Words of the file and the codes they stand for.
  template <class Code, class Parse>
  std::vector<std::pair<std::string, Code>> map_of(std::string_view key, Parse parse, std::string_view codes) {
    std::vector<std::pair<std::string, Code>> out;
    const toml_value* const value = table_.find(key);
    if (value == nullptr)
      return out;
    const toml_table* const words = value->table();
    if (words == nullptr || words->entries().empty() || words->entries().size() > profile_list_limit) {
      fail_key(key, "must be a table of words and codes, as { \"Word\" = \"" + std::string(codes.substr(0, 2))
                      + "\" }, with at most " + std::to_string(profile_list_limit) + " entries");
      return out;
    }
    for (const auto& [word, name] : words->entries()) {
      const auto code = name.text() != nullptr ? parse(*name.text()) : std::nullopt;
      if (!code || !fits(word))
        fail_key(key, "has no known code for " + in_quotes(word) + "; codes are " + std::string(codes));
      else
        out.emplace_back(word, *code);
    }
    return out;
  }

  void read_quantity() {
    profile_.quantity_column = column("quantity_column");
    profile_.quantity_map = map_of<quantity>("quantity_map", parse_quantity, "AI, AE, RI, RE");
    if (const auto word = text("quantity")) {
      if (const auto code = parse_quantity(*word))
        profile_.quantity = *code;
      else
        fail_key("quantity", "must be \"AI\", \"AE\", \"RI\" or \"RE\", not " + in_quotes(*word));
    }
  }

  void read_quality() {
    profile_.quality_column = column("quality_column");
    profile_.quality_map = map_of<quality>("quality_map", parse_quality, "A, A1, ... E1, ... ZE");
    profile_.reason_column = column("reason_column");
    profile_.amendment_column = column("amendment_column");
    profile_.version_column = column("version_column");
    const toml_value* const value = table_.find("reason");
    if (value == nullptr)
      return;
    for (int code = 1; code <= last_estimation_reason; ++code)
      if (value->number() == code || (value->text() != nullptr && *value->text() == std::to_string(code))) {
        profile_.reason = static_cast<std::uint8_t>(code);
        return;
      }
    fail_key("reason", "must be an estimation reason, \"1\" to \"10\"");
  }

  void check_layout() {
    if (profile_.layout == row_layout::by_reading) {
      if (!has("value"))
        fail("'value' is missing; name the column of the value, as value = \"kwh\"");
      if (has("columns"))
        fail("'columns' is for layout = \"wide\"; with \"long\" give 'value' alone");
      return;
    }
    if (has("value"))
      fail("'value' is for layout = \"long\"; with \"wide\" give 'columns', one a half hour");
    if (profile_.columns.size() != wide_columns)
      fail("'columns' must name the 48 columns of a wide row in order of the clock; it has "
           + std::to_string(profile_.columns.size()));
    auto sorted = profile_.columns;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end())
      fail("'columns' names " + in_quotes(*twice) + " twice");
  }

  void check_contradictions() {
    const auto both = [this](std::string_view a, std::string_view b) {
      if (has(a) && has(b))
        fail("'" + std::string(a) + "' and '" + std::string(b) + "' contradict each other; keep one of them");
    };
    const auto alone = [this](std::string_view map, std::string_view column) {
      if (has(map) && !has(column))
        fail("'" + std::string(map) + "' needs '" + std::string(column) + "', the column with its words");
    };
    both("quantity", "quantity_column");
    both("reason", "reason_column");
    alone("quantity_map", "quantity_column");
    alone("quality_map", "quality_column");
    const bool active = profile_.quantity == quantity::active_import || profile_.quantity == quantity::active_export;
    if (profile_.unit == energy_unit::kilovar_hour && active && !has("quantity_column"))
      fail("unit = \"kvarh\" is reactive energy; say quantity = \"RI\" or \"RE\"");
  }

  const toml_table& table_;
  std::string origin_;
  format_profile profile_;
  std::optional<error> fault_;
};

} // namespace

std::optional<int> clock_minute_of(std::string_view column_name) noexcept {
  std::array<int, 4> digits{};
  std::size_t found = 0;
  std::size_t at = column_name.size();
  while (at > 0 && found < digits.size()) {
    const char c = column_name[--at];
    if (c >= '0' && c <= '9')
      digits[found++] = c - '0';
    else if (c != ':' || found != 2)
      return std::nullopt;
  }
  const int hour = digits[3] * 10 + digits[2];
  const int minute = digits[1] * 10 + digits[0];
  if (found != digits.size() || minute > 59 || hour > 24 || (hour == 24 && minute != 0))
    return std::nullopt;
  return hour * 60 + minute;
}

result<format_profile> parse_profile(std::string_view toml, std::string_view origin_name) {
  const auto parsed = parse_toml(toml);
  if (!parsed)
    return error{errc::bad_profile, "profile " + in_quotes(origin_name) + ": " + parsed.failure().message};
  return profile_reader(*parsed, origin_name).read();
}

} // namespace gridtwin
