#include "config/printable_text.hpp"
#include "config/toml_document.hpp"
#include "src/security/access_policy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>

namespace gridtwin {

namespace {

/// Bytes of a path that a message shows: a file that is wrong must be found by it.
constexpr std::size_t longest_shown_path = 400;

constexpr std::string_view meters_header = "mpan";
constexpr std::string_view consent_header = "mpan,consent";
constexpr std::string_view consent_codes = "HDMN"; // half-hourly, daily, monthly, none (DI-017)
constexpr std::size_t longest_file_name = 255;

/// A name in the policy's own folder: nothing that leads out of it.
bool is_plain_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= longest_file_name && name.front() != '.'
         && std::all_of(name.begin(), name.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-'
                     || c == '_';
            });
}

/// Calls `each` with the lines behind the header, and their numbers, until it says what is wrong. The file's first
/// fault.
template <class Each>
result<void> read_lines(const std::string& name, std::string_view text, std::string_view header, Each each) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  const auto fault = [&name](std::size_t number, const std::string& why) {
    return error{errc::bad_profile, in_quotes(name) + " line " + std::to_string(number) + ": " + why};
  };
  for (std::size_t number = 1; !text.empty() || number == 1; ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (number == 1) {
      if (line != header)
        return fault(1, "the header must be " + in_quotes(header));
      continue;
    }
    if (line.empty() && text.empty())
      break;
    if (const auto why = each(line))
      return fault(number, *why);
  }
  return {};
}

/// Sorted; error: one stands there twice.
std::optional<error> sort_once(const std::string& name, std::vector<mpan>& meters) {
  std::sort(meters.begin(), meters.end());
  if (std::adjacent_find(meters.begin(), meters.end()) == meters.end())
    return std::nullopt;
  return error{errc::bad_profile,
               in_quotes(name) + " has an MPAN twice; once is enough, and twice may mean two things"};
}

result<std::vector<mpan>> read_meters(const std::string& name, std::string_view text) {
  std::vector<mpan> out;
  const auto read = read_lines(name, text, meters_header, [&out](std::string_view line) -> std::optional<std::string> {
    const auto meter = parse_mpan(line);
    if (!meter)
      return "no MPAN: 13 digits with a check digit";
    out.push_back(*meter);
    return std::nullopt;
  });
  if (!read)
    return read.failure();
  if (auto twice = sort_once(name, out))
    return *twice;
  return out;
}

/// The meters with consent to half-hourly data.
result<std::vector<mpan>> read_consent(const std::string& name, std::string_view text) {
  std::vector<mpan> all;
  std::vector<mpan> out;
  const auto read = read_lines(name, text, consent_header, [&](std::string_view line) -> std::optional<std::string> {
    const std::size_t comma = line.find(',');
    const auto meter = parse_mpan(line.substr(0, comma));
    const std::string_view code = comma == std::string_view::npos ? "" : line.substr(comma + 1);
    if (!meter)
      return "no MPAN: 13 digits with a check digit";
    if (code.size() != 1 || consent_codes.find(code.front()) == std::string_view::npos)
      return "consent is H (half-hourly), D (daily), M (monthly) or N (none)";
    all.push_back(*meter);
    if (code == "H")
      out.push_back(*meter);
    return std::nullopt;
  });
  if (!read)
    return read.failure();
  if (auto twice = sort_once(name, all))
    return *twice;
  std::sort(out.begin(), out.end());
  return out;
}

/// Reads the keys one by one; the first fault stays.
class policy_reader {
public:
  policy_reader(std::string_view origin, const policy_file_reader& read) : origin_(origin), read_(read) {
    for (const access_role role : all_roles) {
      masks_[static_cast<std::size_t>(role)] = default_masks(role);
      rights_[static_cast<std::size_t>(role)] = default_rights(role);
    }
  }

  result<access_policy> read(const toml_table& table) {
    check_keys(table, "", {"version", "privacy_floor", "roles", "identities"});
    number(table, "version", 1, 1, std::nullopt);
    const auto floor =
      number(table, "privacy_floor", least_privacy_floor, largest_privacy_floor, default_privacy_floor);
    if (const toml_table* const roles = table_of(table.find("roles"), "roles"))
      for (const auto& [name, value] : roles->entries())
        read_role(name, value);
    if (const toml_table* const identities = table_of(table.find("identities"), "identities"))
      for (const auto& [uri, value] : identities->entries())
        read_identity(uri, value);
    if (fault_)
      return *fault_;
    return access_policy(static_cast<std::uint32_t>(floor), std::move(grants_), masks_);
  }

private:
  void fail(const std::string& what) {
    if (!fault_)
      fault_ = error{errc::bad_profile, "policy " + in_quotes(origin_, longest_shown_path) + ": " + what};
  }

  void check_keys(const toml_table& table, const std::string& within, std::initializer_list<std::string_view> known) {
    if (const auto unknown = unknown_key(table, {known.begin(), known.end()}))
      fail(within.empty() ? *unknown : "[" + within + "] " + *unknown);
  }

  /// Nothing where there is none, or no table.
  const toml_table* table_of(const toml_value* value, const std::string& key) {
    if (value != nullptr && value->table() == nullptr)
      fail("'" + key + "' must be a table");
    return value != nullptr ? value->table() : nullptr;
  }

  std::int64_t number(const toml_table& table, const std::string& key, std::int64_t least, std::int64_t most,
                      std::optional<std::int64_t> otherwise) {
    const toml_value* const value = table.find(key);
    if (value == nullptr && otherwise)
      return *otherwise;
    const auto n = value != nullptr ? value->number() : std::nullopt;
    if (n && *n >= least && *n <= most)
      return *n;
    fail("'" + key + "' must be "
         + (least == most ? std::to_string(least)
                          : "a whole number, " + std::to_string(least) + " to " + std::to_string(most)));
    return least;
  }

  /// The texts of a list; nothing where the key is not there.
  std::optional<std::vector<std::string>> texts(const toml_table& table, const std::string& within,
                                                const std::string& key) {
    const toml_value* const value = table.find(key);
    if (value == nullptr)
      return std::nullopt;
    std::vector<std::string> out;
    if (value->list() == nullptr)
      fail("[" + within + "] '" + key + "' must be a list of texts");
    else
      for (const toml_value& one : *value->list())
        if (one.text() != nullptr)
          out.push_back(*one.text());
        else
          fail("[" + within + "] '" + key + "' must be a list of texts");
    return out;
  }

  void read_rights(const toml_table& table, const std::string& within, access_role role, access_rights& rights) {
    const auto words = texts(table, within, "rights");
    if (!words)
      return;
    rights = {};
    for (const std::string& word : *words) {
      if (!add_right(rights, word))
        fail("[" + within + "] " + in_quotes(word)
             + " is no right: submit, 'read TOPIC', extract, acknowledge, operate or audit");
      else if (!rights.within(most_rights(role)))
        fail("[" + within + "] the role " + std::string(name_of(role)) + " can never have " + in_quotes(word));
    }
  }

  void read_role(const std::string& name, const toml_value& value) {
    const auto role = parse_access_role(name);
    const std::string within = "roles." + printable(name);
    if (!role)
      return fail("[" + within
                  + "] is no role: head-end, settlement, network-operator, flexibility, auditor, operator");
    const toml_table* const table = table_of(&value, within);
    if (table == nullptr)
      return;
    check_keys(*table, within, {"rights", "masked"});
    read_rights(*table, within, *role, rights_[static_cast<std::size_t>(*role)]);
    if (const auto masked = texts(*table, within, "masked"))
      for (const std::string& word : *masked) {
        if (const auto field = parse_access_field(word))
          masks_[static_cast<std::size_t>(*role)].set(static_cast<std::size_t>(*field));
        else
          fail("[" + within + "] " + in_quotes(word)
               + " is no field: mpan, sender, source, line, supplier_mpid, quality, reason, version");
      }
  }

  void read_identity(const std::string& uri, const toml_value& value) {
    const auto identity = parse_identity(uri);
    if (!identity)
      return fail("[identities] " + identity.failure().message);
    const std::string within = "identities." + in_quotes(uri, longest_identity_name * 2);
    const toml_table* const table = table_of(&value, within);
    if (table == nullptr)
      return;
    access_grant grant;
    grant.rights = rights_[static_cast<std::size_t>(identity->role)];
    read_rights(*table, within, identity->role, grant.rights);
    read_state(*table, within, grant);
    switch (identity->role) {
    case access_role::head_end:
      check_keys(*table, within, {"rights", "state", "meters", "meters_file", "transformers"});
      read_head_end(*table, within, grant);
      break;
    case access_role::network_operator:
      check_keys(*table, within, {"rights", "state", "transformers"});
      if (table->contains("transformers"))
        read_transformers(*table, within, grant, true);
      else
        fail("[" + within + "] needs 'transformers', \"all\" or a list");
      break;
    case access_role::flexibility:
      check_keys(*table, within, {"rights", "state", "consent_file"});
      if (auto consented = meters_of_file(*table, within, "consent_file", read_consent))
        grant.consented = std::move(*consented);
      break;
    default:
      check_keys(*table, within, {"rights", "state"});
    }
    grants_.emplace(*identity, std::move(grant));
  }

  void read_state(const toml_table& table, const std::string& within, access_grant& grant) {
    const toml_value* const value = table.find("state");
    if (value == nullptr)
      return;
    grant.enabled = value->text() != nullptr && *value->text() == "enabled";
    if (!grant.enabled && (value->text() == nullptr || *value->text() != "disabled"))
      fail("[" + within + "] 'state' must be \"enabled\" or \"disabled\"");
  }

  void read_head_end(const toml_table& table, const std::string& within, access_grant& grant) {
    const int said = (table.contains("meters") ? 1 : 0) + (table.contains("meters_file") ? 1 : 0)
                     + (table.contains("transformers") ? 1 : 0);
    if (said != 1)
      return fail("[" + within + "] needs one of 'meters' (\"all\"), 'meters_file' and 'transformers' (a list)");
    if (const toml_value* const value = table.find("meters")) {
      grant.all_meters = value->text() != nullptr && *value->text() == "all";
      if (!grant.all_meters)
        fail("[" + within + "] 'meters' must be \"all\"; a list of meters stands in a file: 'meters_file'");
    } else if (table.contains("meters_file")) {
      if (auto meters = meters_of_file(table, within, "meters_file", read_meters))
        grant.meters = std::move(*meters);
    } else {
      read_transformers(table, within, grant, false);
    }
  }

  void read_transformers(const toml_table& table, const std::string& within, access_grant& grant, bool may_be_all) {
    const toml_value& value = *table.find("transformers");
    if (may_be_all && value.text() != nullptr && *value.text() == "all") {
      grant.all_transformers = true;
      return;
    }
    grant.transformers = *texts(table, within, "transformers");
    std::sort(grant.transformers.begin(), grant.transformers.end());
    for (const std::string& id : grant.transformers)
      if (id.empty() || id.size() > longest_transformer_id)
        fail("[" + within + "] a transformer has an id of 1 to 64 bytes");
  }

  template <class Parse>
  std::optional<std::vector<mpan>> meters_of_file(const toml_table& table, const std::string& within,
                                                  const std::string& key, Parse parse) {
    const toml_value* const value = table.find(key);
    if (value == nullptr || value->text() == nullptr || !is_plain_name(*value->text())) {
      fail("[" + within + "] '" + key
           + "' must be the name of a file in the policy's folder: letters, digits, '.', '-' and '_'");
      return std::nullopt;
    }
    const auto text = read_(*value->text());
    if (!text) {
      fail("[" + within + "] " + text.failure().message);
      return std::nullopt;
    }
    auto meters = parse(*value->text(), *text);
    if (!meters) {
      fail("[" + within + "] " + meters.failure().message);
      return std::nullopt;
    }
    return std::move(*meters);
  }

  std::string_view origin_;
  const policy_file_reader& read_;
  std::array<access_rights, all_roles.size()> rights_;
  std::array<field_set, all_roles.size()> masks_;
  std::map<peer_identity, access_grant> grants_;
  std::optional<error> fault_;
};

result<std::string> whole_text(const std::filesystem::path& path, std::size_t limit) {
  const error unreadable{errc::unreadable_input,
                         "cannot read " + printable(path.string(), longest_shown_path) + ": is the name right?"};
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed))
    return unreadable;
  std::ifstream in(path, std::ios::binary);
  const auto size = std::filesystem::file_size(path, failed);
  if (!in || failed)
    return unreadable;
  if (size > limit)
    return error{errc::unreadable_input,
                 printable(path.string(), longest_shown_path) + " is larger than " + std::to_string(limit) + " bytes"};
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in || in.peek() != std::ifstream::traits_type::eof())
    return error{errc::unreadable_input,
                 printable(path.string(), longest_shown_path) + " changes while it is read; try again"};
  return text;
}

} // namespace

result<access_policy> parse_access_policy(std::string_view toml, std::string_view origin_name,
                                          const policy_file_reader& read) {
  const auto parsed = parse_toml(toml);
  if (!parsed)
    return error{errc::bad_profile,
                 "policy " + in_quotes(origin_name, longest_shown_path) + ": " + parsed.failure().message};
  return policy_reader(origin_name, read).read(*parsed);
}

result<access_policy> read_access_policy(const std::string& path, std::vector<policy_file>* files) {
  const auto read = [files](const std::filesystem::path& file, std::size_t limit) {
    auto text = whole_text(file, limit);
    if (files != nullptr)
      files->push_back({file.string(), text ? *text : std::string()});
    return text;
  };
  const auto text = read(path, toml_bytes_limit);
  if (!text)
    return text.failure();
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return parse_access_policy(*text, path,
                             [&](const std::string& name) { return read(folder / name, policy_file_bytes_limit); });
}

} // namespace gridtwin
