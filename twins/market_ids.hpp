#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

// Who is who on the industry's data integration platform (domain notes, 1.2 and 7).

/// `environmentTag`: which of the platform's installations a message is for.
enum class environment_tag : std::uint8_t { production, integration_b, integration, user_integration, development };
inline constexpr std::array<std::string_view, 5> environment_names{"PRD", "SITB", "SIT", "UIT", "DEV"};
constexpr std::string_view name_of(environment_tag e) noexcept {
  return environment_names[static_cast<std::size_t>(e)];
}
std::optional<environment_tag> parse_environment(std::string_view name) noexcept;

/// A participant's id: 10 letters or digits.
bool is_dip_id(std::string_view text) noexcept;
/// The same as a part of a sender's reference: 10 hexadecimal digits.
bool is_hex_dip_id(std::string_view text) noexcept;
/// What a participant does, as `SDS`: 3 to 5 capital letters.
bool is_role_id(std::string_view text) noexcept;
/// A supplier as the estate names it, as `SUPP`: 4 capital letters.
bool is_mpid(std::string_view text) noexcept;

/// `_A` to `_P` without `_I` and `_O`: the letter.
std::optional<char> parse_gsp_group(std::string_view text) noexcept;

} // namespace gridtwin
