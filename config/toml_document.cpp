#include "config/toml_document.hpp"

#include "config/printable_text.hpp"
#include "config/toml_text.hpp"

#include <algorithm>
#include <numeric>

// The packaged library is built with exceptions; we take the headers alone, without.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#undef TOML_EXCEPTIONS
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Its assertions are about input (`[=` breaks one), and in release it turns them into assumptions, so that such input
// is undefined behaviour. Without them the code that follows finds the fault itself.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

namespace gridtwin {

namespace {

toml_table table_of(const toml::table& parsed);

toml_value value_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>())
    return toml_value(from_toml_ascii(*text));
  if (const auto number = node.value_exact<std::int64_t>())
    return toml_value(*number);
  if (const toml::table* const table = node.as_table())
    return toml_value(table_of(*table));
  if (const toml::array* const list = node.as_array()) {
    toml_value::list_type values;
    for (const toml::node& one : *list)
      values.push_back(value_of(one));
    return toml_value(std::move(values));
  }
  return {};
}

toml_table table_of(const toml::table& parsed) {
  std::vector<toml_table::entry> entries;
  for (const auto& [key, node] : parsed)
    entries.emplace_back(from_toml_ascii(key.str()), value_of(node));
  return toml_table(std::move(entries));
}

/// Letters that must be changed, put in or left out to make one word the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

} // namespace

toml_table::toml_table() = default;
toml_table::toml_table(std::vector<entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) { return a.first < b.first; });
}
toml_table::~toml_table() = default;
toml_table::toml_table(const toml_table&) = default;
toml_table::toml_table(toml_table&&) noexcept = default;
toml_table& toml_table::operator=(const toml_table&) = default;
toml_table& toml_table::operator=(toml_table&&) noexcept = default;

const toml_value* toml_table::find(std::string_view key) const noexcept {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), key,
                                   [](const entry& e, std::string_view wanted) { return e.first < wanted; });
  return at != entries_.end() && at->first == key ? &at->second : nullptr;
}

result<toml_table> parse_toml(std::string_view text) {
  if (text.size() > toml_bytes_limit)
    return error{errc::usage, "larger than 64 KiB; it should be a page of keys"};
  if (const auto hazard = toml_hazard(text))
    return error{errc::usage, *hazard};
  const toml::parse_result parsed = toml::parse(toml_ascii(text), std::string());
  if (parsed)
    return table_of(parsed.table());
  const auto& why = parsed.error();
  return error{errc::usage, "line " + std::to_string(why.source().begin.line) + ": "
                              + printable(from_toml_ascii(why.description()), 200) + "; mend it, it is not TOML"};
}

std::optional<std::string> unknown_key(const toml_table& table, std::span<const std::string_view> known) {
  constexpr std::size_t longest_compared = 40;
  constexpr std::size_t far = 4; // letters
  for (const auto& [word, value] : table.entries()) {
    if (std::find(known.begin(), known.end(), word) != known.end())
      continue;
    std::string_view nearest;
    std::size_t least = far;
    std::string all;
    for (const std::string_view one : known) {
      all.append(all.empty() ? "" : ", ").append(one);
      if (const std::size_t d = distance(std::string_view(word).substr(0, longest_compared), one); d < least) {
        least = d;
        nearest = one;
      }
    }
    std::string message = "unknown key " + in_quotes(word);
    if (!nearest.empty())
      message.append("; did you mean '").append(nearest).append("'?");
    return message.append(" Known keys: ").append(all);
  }
  return std::nullopt;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

} // namespace gridtwin
