#include "twins/market_ids.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::size_t dip_id_size = 10;
constexpr std::size_t mpid_size = 4;
constexpr std::size_t shortest_role = 3;
constexpr std::size_t longest_role = 5;
constexpr std::string_view gsp_letters = "ABCDEFGHJKLMNP";

constexpr bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_capital(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_hex(char c) noexcept { return is_decimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_letter_or_digit(char c) noexcept { return is_decimal(c) || is_capital(c) || (c >= 'a' && c <= 'z'); }

} // namespace

std::optional<environment_tag> parse_environment(std::string_view name) noexcept {
  const auto found = std::find(environment_names.begin(), environment_names.end(), name);
  if (found == environment_names.end())
    return std::nullopt;
  return static_cast<environment_tag>(found - environment_names.begin());
}

bool is_dip_id(std::string_view text) noexcept {
  return text.size() == dip_id_size && std::all_of(text.begin(), text.end(), is_letter_or_digit);
}

bool is_hex_dip_id(std::string_view text) noexcept {
  return text.size() == dip_id_size && std::all_of(text.begin(), text.end(), is_hex);
}

bool is_role_id(std::string_view text) noexcept {
  return text.size() >= shortest_role && text.size() <= longest_role
         && std::all_of(text.begin(), text.end(), is_capital);
}

bool is_mpid(std::string_view text) noexcept {
  return text.size() == mpid_size && std::all_of(text.begin(), text.end(), is_capital);
}

std::optional<char> parse_gsp_group(std::string_view text) noexcept {
  if (text.size() != 2 || text[0] != '_' || gsp_letters.find(text[1]) == std::string_view::npos)
    return std::nullopt;
  return text[1];
}

} // namespace gridtwin
