#include "config/rule_settings.hpp"

#include "config/printable_text.hpp"
#include "config/toml_document.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>

namespace gridtwin {

namespace {

constexpr std::int64_t largest_version = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t largest_drift_s = 600;   // a third of a half hour: no doubt remains which one is meant
constexpr std::int64_t largest_pct = 1'000'000; // ten thousand times: as good as no limit
constexpr std::array<std::string_view, registration_status_count> status_names{"created", "operational", "terminated"};

template <class Code, std::size_t N>
std::optional<std::size_t> place_of(const std::array<Code, N>& codes, std::string_view name) noexcept {
  for (std::size_t i = 0; i < N; ++i)
    if (name.size() == 1 && name.front() == static_cast<char>(codes[i]))
      return i;
  return std::nullopt;
}

/// Reads the keys one by one; the first fault stays.
class rules_reader {
public:
  explicit rules_reader(std::string_view origin) : origin_(origin) {}

  result<rule_settings> read(const toml_table& table) {
    check_keys(table, {"version", "limits", "feeders", "registers", "clock", "registration"});
    settings_.version = static_cast<std::uint32_t>(number(table, "", "version", 1, largest_version));
    if (const toml_table* const limits = table_at(table, "limits"))
      read_limits(*limits);
    read_feeders(table.find("feeders"));
    if (const toml_table* const registers = table_at(table, "registers")) {
      check_keys(*registers, {"tolerance_wh", "tolerance_per_mille"});
      settings_.registers.wh = number(*registers, "registers.", "tolerance_wh", 0, largest_energy_wh);
      settings_.registers.per_mille = number(*registers, "registers.", "tolerance_per_mille", 0, 1000);
    }
    if (const toml_table* const clock = table_at(table, "clock")) {
      check_keys(*clock, {"drift_tolerance_s"});
      settings_.drift_tolerance_s =
        static_cast<std::int32_t>(number(*clock, "clock.", "drift_tolerance_s", 0, largest_drift_s));
    }
    if (const toml_table* const registration = table_at(table, "registration"))
      read_statuses(*registration);
    if (fault_)
      return *fault_;
    return settings_;
  }

private:
  void fail(std::string_view what) {
    if (!fault_)
      fault_ = error{errc::bad_profile, "rules " + in_quotes(origin_) + ": " + std::string(what)};
  }

  void check_keys(const toml_table& table, std::initializer_list<std::string_view> known) {
    if (const auto unknown = unknown_key(table, {known.begin(), known.end()}))
      fail(*unknown);
  }

  const toml_table* table_at(const toml_table& table, const std::string& key) {
    const toml_value* const value = table.find(key);
    if (value != nullptr && value->table() != nullptr)
      return value->table();
    fail("[" + key + "] is missing: a pack says everything itself; start from config/examples/rules.toml");
    return nullptr;
  }

  std::int64_t number(const toml_table& table, const std::string& within, const std::string& key, std::int64_t least,
                      std::int64_t most) {
    const toml_value* const value = table.find(key);
    const auto n = value != nullptr ? value->number() : std::nullopt;
    if (n && *n >= least && *n <= most)
      return *n;
    fail("'" + within + key + "' must be a whole number, " + std::to_string(least) + " to " + std::to_string(most));
    return least;
  }

  energy_limit read_limit(const toml_table& table, const std::string& name) {
    energy_limit out;
    out.maximum_wh = number(table, name + ".", "maximum_wh", 1, largest_energy_wh - 1);
    out.alarm_wh = number(table, name + ".", "alarm_wh", 0, largest_energy_wh - 1);
    if (out.alarm_wh > out.maximum_wh)
      fail("'" + name + ".alarm_wh' is above maximum_wh: what is rejected raises no alarm");
    return out;
  }

  void read_limits(const toml_table& limits) {
    check_keys(limits, {"W", "L", "H", "E", "U"});
    for (const connection_type type : connection_types) {
      const std::string name = std::string("limits.") + static_cast<char>(type);
      const toml_value* const value = limits.find(std::string_view(name).substr(name.size() - 1));
      if (value == nullptr || value->table() == nullptr) {
        fail("[" + name + "] is missing: every connection type has its 'maximum_wh' and 'alarm_wh'");
        continue;
      }
      const toml_table& of_type = *value->table();
      check_keys(of_type, {"maximum_wh", "alarm_wh", "S", "A", "U"});
      auto& segments = settings_.energy[index_of(type)];
      segments.fill(read_limit(of_type, name));
      for (const auto& [key, own] : of_type.entries()) {
        const auto segment = place_of(market_segments, key);
        if (!segment)
          continue;
        if (own.table() == nullptr) {
          fail("'" + name + "." + key + "' must be a table with 'maximum_wh' and 'alarm_wh'");
          continue;
        }
        check_keys(*own.table(), {"maximum_wh", "alarm_wh"});
        segments[*segment] = read_limit(*own.table(), name + "." + key);
      }
    }
  }

  /// The one table that a pack may lack, as those did that stores were bound to before it: it then holds feeders to
  /// nothing, with this program as with that one.
  void read_feeders(const toml_value* value) {
    settings_.feeders.reset();
    if (value == nullptr)
      return;
    if (value->table() == nullptr)
      return fail("'feeders' must be a table with 'rating_pct', 'unrated_wh' and 'meters_pct'");
    const toml_table& table = *value->table();
    check_keys(table, {"rating_pct", "unrated_wh", "meters_pct"});
    feeder_limits& out = settings_.feeders.emplace();
    out.rating_pct = static_cast<std::int32_t>(number(table, "feeders.", "rating_pct", 1, largest_pct));
    out.unrated_wh = number(table, "feeders.", "unrated_wh", 1, largest_energy_wh - 1);
    out.meters_pct = static_cast<std::int32_t>(number(table, "feeders.", "meters_pct", 0, largest_pct));
  }

  void read_statuses(const toml_table& registration) {
    check_keys(registration, {"recordable"});
    const toml_value* const value = registration.find("recordable");
    settings_.recordable.fill(false);
    if (value == nullptr || value->list() == nullptr)
      return fail("'registration.recordable' must be a list of registration statuses, as [\"operational\"]");
    for (const toml_value& one : *value->list()) {
      const std::string* const text = one.text();
      const auto at = text == nullptr ? status_names.end() : std::find(status_names.begin(), status_names.end(), *text);
      if (at == status_names.end())
        return fail(
          "'registration.recordable' has a word that is no status; there are created, operational, terminated");
      settings_.recordable[static_cast<std::size_t>(at - status_names.begin())] = true;
    }
  }

  std::string origin_;
  rule_settings settings_;
  std::optional<error> fault_;
};

} // namespace

result<rule_settings> parse_rule_settings(std::string_view toml, std::string_view origin_name) {
  const auto parsed = parse_toml(toml);
  if (!parsed)
    return error{errc::bad_profile, "rules " + in_quotes(origin_name) + ": " + parsed.failure().message};
  return rules_reader(origin_name).read(*parsed);
}

} // namespace gridtwin
