#include "config/market_settings.hpp"

#include "config/printable_text.hpp"
#include "config/toml_document.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, 8> market_keys{
  "environment",        "sender_dip_id", "sender_role", "connection_provider_dip_id",
  "primary_recipients", "distributors",  "suppliers",   "connection_from"};

bool is_distributor(std::string_view text) noexcept {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Reads the keys one by one; the first fault stays.
class market_reader {
public:
  market_reader(const toml_table& table, market_settings& out) : table_(table), out_(out) {}

  std::optional<std::string> read() {
    fault_ = unknown_key(table_, market_keys);
    read_environment();
    out_.sender_dip_id = needed("sender_dip_id", is_hex_dip_id, "10 hexadecimal digits, as \"1401234567\"");
    out_.sender_role = needed("sender_role", is_role_id, "3 to 5 capital letters, as \"SDS\"");
    if (table_.contains("connection_provider_dip_id"))
      out_.connection_provider_dip_id = needed("connection_provider_dip_id", is_dip_id, "a DIP id of 10 characters");
    read_recipients();
    read_ids("distributors", is_distributor, "the first two digits of an MPAN", out_.distributors);
    read_ids("suppliers", is_mpid, "an MPID of 4 capital letters", out_.suppliers);
    if (out_.distributors.empty())
      fail("'distributors' must name the DIP id of each distributor: distributors = { 20 = \"2500000001\" }");
    read_connection_from();
    return std::move(fault_);
  }

private:
  void fail(std::string what) {
    if (!fault_)
      fault_ = std::move(what);
  }

  std::string needed(std::string_view key, bool (*is_right)(std::string_view) noexcept, std::string_view what) {
    const toml_value* const value = table_.find(key);
    if (value != nullptr && value->text() != nullptr && is_right(*value->text()))
      return *value->text();
    fail("'" + std::string(key) + "' must be " + std::string(what));
    return {};
  }

  void read_environment() {
    const toml_value* const value = table_.find("environment");
    const auto tag = value != nullptr && value->text() != nullptr ? parse_environment(*value->text()) : std::nullopt;
    if (!tag)
      return fail("'environment' must be one of PRD, SITB, SIT, UIT and DEV");
    out_.environment = *tag;
  }

  void read_recipients() {
    const toml_value* const value = table_.find("primary_recipients");
    if (value == nullptr)
      return;
    if (value->list() == nullptr || value->list()->size() > market_recipients_limit)
      return fail("'primary_recipients' must be a list of at most 100 DIP ids");
    for (const toml_value& one : *value->list()) {
      if (one.text() == nullptr || !is_dip_id(*one.text()))
        return fail("'primary_recipients' must hold DIP ids of 10 characters, as [\"2300000001\"]");
      out_.primary_recipients.push_back(*one.text());
    }
  }

  void read_ids(std::string_view key, bool (*is_name)(std::string_view) noexcept, std::string_view name_is,
                std::map<std::string, std::string>& out) {
    const toml_value* const value = table_.find(key);
    if (value == nullptr)
      return;
    if (value->table() == nullptr)
      return fail("'" + std::string(key) + "' must be a table of DIP ids");
    for (const auto& [name, id] : value->table()->entries()) {
      if (!is_name(name))
        return fail("'" + std::string(key) + "': " + in_quotes(name) + " is not " + std::string(name_is));
      if (id.text() == nullptr || !is_dip_id(*id.text()))
        return fail("'" + std::string(key) + "': " + name + " must be a DIP id of 10 characters");
      out.emplace(name, *id.text());
    }
  }

  void read_connection_from() {
    const toml_value* const value = table_.find("connection_from");
    if (value == nullptr)
      return;
    const auto date =
      value->text() != nullptr ? parse_date(*value->text()) : result<civil_date>(error{errc::usage, "no text"});
    if (!date || *date < civil_date{1970, 1, 1})
      return fail("'connection_from' must be a date from 1970 on, as \"1998-04-01\" in quotes");
    out_.connection_from_s = days_from_civil(*date) * seconds_per_day;
  }

  const toml_table& table_;
  market_settings& out_;
  std::optional<std::string> fault_;
};

} // namespace

std::optional<std::string> read_market(const toml_table& table, market_settings& out) {
  return market_reader(table, out).read();
}

result<market_settings> parse_market_settings(std::string_view toml, std::string_view origin_name) {
  const auto refused = [&](const std::string& why) {
    return error{errc::bad_profile, "market settings " + in_quotes(origin_name) + ": " + why};
  };
  const auto parsed = parse_toml(toml);
  if (!parsed)
    return refused(parsed.failure().message);
  constexpr std::array<std::string_view, 1> tables{"market"};
  if (const auto unknown = unknown_key(*parsed, tables))
    return refused(*unknown);
  const toml_value* const market = parsed->find("market");
  if (market == nullptr || market->table() == nullptr)
    return refused("it has no table [market]");
  market_settings out;
  if (const auto wrong = read_market(*market->table(), out))
    return refused(*wrong);
  return out;
}

} // namespace gridtwin
