#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gridtwin {

class toml_value;

/// Keys and values of a table, in the order of the keys.
class toml_table {
public:
  using entry = std::pair<std::string, toml_value>;

  toml_table();
  /// `entries`: no key twice.
  explicit toml_table(std::vector<entry> entries);
  ~toml_table();
  toml_table(const toml_table&);
  toml_table(toml_table&&) noexcept;
  toml_table& operator=(const toml_table&);
  toml_table& operator=(toml_table&&) noexcept;

  /// Nothing where there is no such key.
  const toml_value* find(std::string_view key) const noexcept;
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
  const std::vector<entry>& entries() const noexcept { return entries_; }

private:
  std::vector<entry> entries_;
};

/// A value of a parsed TOML text: of what kinds settings use. Dates, times and fractions are of no kind.
class toml_value {
public:
  using list_type = std::vector<toml_value>;

  toml_value() = default;
  explicit toml_value(std::string text) : content_(std::move(text)) {}
  explicit toml_value(std::int64_t number) : content_(number) {}
  explicit toml_value(list_type values) : content_(std::move(values)) {}
  explicit toml_value(toml_table table) : content_(std::move(table)) {}

  /// Each is nothing where the value is of another kind.
  const std::string* text() const noexcept { return std::get_if<std::string>(&content_); }
  std::optional<std::int64_t> number() const noexcept {
    const std::int64_t* const n = std::get_if<std::int64_t>(&content_);
    return n != nullptr ? std::optional(*n) : std::nullopt;
  }
  const list_type* list() const noexcept { return std::get_if<list_type>(&content_); }
  const toml_table* table() const noexcept { return std::get_if<toml_table>(&content_); }

private:
  std::variant<std::monostate, std::string, std::int64_t, list_type, toml_table> content_;
};

/// Largest text that is read as TOML: settings are a page of keys.
inline constexpr std::size_t toml_bytes_limit = 64 * 1024;

/// Error: what is wrong with the text, and on which line, without the name of where it came from.
result<toml_table> parse_toml(std::string_view text);

/// What is wrong with a key that is not among the known ones: it, the one that may be meant, and all that are known.
/// Nothing if every key of the table is known.
std::optional<std::string> unknown_key(const toml_table& table, std::span<const std::string_view> known);

/// A text of printable characters as TOML has it: in quotation marks.
std::string toml_string(std::string_view text);

} // namespace gridtwin
