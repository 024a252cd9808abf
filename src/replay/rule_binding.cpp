#include "src/replay/rule_binding.hpp"

#include "config/printable_text.hpp"
#include "config/toml_document.hpp"
#include "src/process/small_file.hpp"
#include "twins/hash.hpp"
#include "twins/rule_table.hpp"

#include <utility>

namespace gridtwin {

namespace {

/// The run that bound rules last is the last one whose options hold a text of them.
constexpr std::string_view bound_rules_sql =
  "SELECT rules FROM (SELECT number, CASE WHEN json_valid(options) THEN json_extract(options, '$.rules') END AS rules "
  "FROM runs) WHERE rules IS NOT NULL ORDER BY number DESC LIMIT 1";

result<std::optional<std::string>> bound_text(sqlite_database& database) {
  auto query = database.prepare(bound_rules_sql);
  if (!query)
    return query.failure();
  std::optional<std::string> out;
  if (query->step())
    out.emplace(query->bytes(0));
  if (query->failed())
    return database.failure("cannot read the rules of");
  return out;
}

} // namespace

result<rule_pack> read_rule_pack(const std::string& path) {
  auto text = read_small_file(path, toml_bytes_limit);
  if (!text)
    return text.failure();
  auto settings = parse_rule_settings(*text, path);
  if (!settings)
    return settings.failure();
  return rule_pack{*settings, std::move(*text)};
}

result<rule_binding> bind_rules(const store_folder& folder, std::optional<rule_pack> given) {
  auto database = folder.connect_reader();
  if (!database)
    return database.failure();
  return bind_rules(*database, std::move(given));
}

result<rule_binding> bind_rules(sqlite_database& database, std::optional<rule_pack> given) {
  auto bound = bound_text(database);
  if (!bound)
    return bound.failure();
  if (!*bound || (given && given->text == **bound)) {
    if (!given)
      given = rule_pack{parse_rule_settings(built_in_rule_settings(), "built in").value(),
                        std::string(built_in_rule_settings())};
    return rule_binding{std::move(*given), !*bound};
  }
  auto settings = parse_rule_settings(**bound, "bound to the store");
  if (!settings)
    return error{errc::store_unusable, settings.failure().message + " (a newer gridtwin may have written it)"};
  if (!given)
    return rule_binding{{*settings, std::move(**bound)}, false};
  if (given->settings.version <= settings->version)
    return error{errc::bad_profile, "--rules: the store is bound to version " + std::to_string(settings->version)
                                      + " of its rules; give a pack that differs from it a higher 'version'"};
  return rule_binding{std::move(*given), true};
}

std::string describe_rules(const rule_binding& binding) {
  std::string out = "\"rules_version\":" + std::to_string(binding.pack.settings.version)
                    + ",\"rule_table\":" + std::to_string(rule_table_version) + ",\"rules_digest\":\""
                    + to_hex(sha256(binding.pack.text)) + "\"";
  if (binding.changed)
    out += ",\"rules\":" + json_string(binding.pack.text);
  return out;
}

} // namespace gridtwin
