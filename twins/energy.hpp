#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// Units in which a file may give the energy of a half hour.
enum class energy_unit : std::uint8_t {
  kilowatt_hour,
  watt_hour,
  kilowatt, ///< mean power of the half hour: 1 kW is 500 Wh
  kilovar_hour,
};

/// A value that was read exactly.
struct parsed_energy {
  std::int64_t wh = 0;  ///< watt-hours, or var-hours for reactive quantities
  bool rounded = false; ///< the text was finer than a watt-hour; rounded half to even
  bool operator==(const parsed_energy&) const = default;
};

/// Beyond this a value is cut to it, which any rule takes for too large.
inline constexpr std::int64_t largest_energy_wh = 1'000'000'000'000'000;

/// Reads a decimal such as `0.25`, `-1`, `.5`, `3.4030001` or `1.25E-2`, with no floating point. `thousands` is a
/// separator that is skipped between digits of the whole part, 0 for none.
/// Nothing where the text is not a decimal; blanks around it are the caller's to strip.
std::optional<parsed_energy> parse_energy(std::string_view text, energy_unit unit, char thousands = 0) noexcept;

/// A fixed-point decimal such as a rating or a power factor, in units of 10^-decimals. Nothing where it is not a plain
/// non-negative decimal or finer than that.
std::optional<std::int64_t> parse_fixed(std::string_view text, int decimals) noexcept;

/// Wide enough for products of energies and scales; an extension of the compilers that we build with.
__extension__ using uint128 = unsigned __int128;

/// `numerator / denominator` with that many decimals, rounded half to even; both non-negative, denominator above 0.
std::string format_ratio(uint128 numerator, uint128 denominator, int decimals);

} // namespace gridtwin
