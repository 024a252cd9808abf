#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

// The forms of a message's fields (domain notes, 1.2 and 1.3), each in both directions where it has two.

// Longest texts, in characters.
inline constexpr std::size_t longest_sub_text = 500;
inline constexpr std::size_t longest_correlation = 60;
inline constexpr std::size_t longest_transaction = 65;
inline constexpr std::size_t longest_url = 2000; ///< ours: the schema names no bound
inline constexpr std::size_t mpan_size = 13;
inline constexpr int minutes_per_day = 24 * 60;

/// An instant in exactly 25 characters, `2022-03-21T19:05:00+00:00` (DT-003).
struct message_instant {
  std::int64_t s = 0; ///< since the epoch
  bool utc = true;    ///< it was written with the offset +00:00
};
inline constexpr std::size_t message_instant_size = 25;

/// Nothing where the text has another form, or its date or time does not exist.
std::optional<message_instant> parse_message_instant(std::string_view text) noexcept;
/// With the offset +00:00, whatever it was read with. `s` lies in the years 0 to 9999. Writes 25 characters.
char* put_message_instant(char* out, std::int64_t s) noexcept;

/// Energy as `^-?\d{1,9}\.\d{3}$`: kWh or kVArh as whole Wh or varh.
std::optional<std::int64_t> parse_message_value(std::string_view text) noexcept;
/// What the form can say: nine digits before the point.
inline constexpr std::int64_t largest_message_wh = 999'999'999'999;
inline constexpr std::size_t longest_message_value = 14; ///< with its sign
/// `wh` is at most `largest_message_wh`, with either sign. Returns the end of what it wrote.
char* put_message_value(char* out, std::int64_t wh) noexcept;

/// `S-IF-021-1401234567-SDS-20260616-0000000001`: 1 to 200 characters of the form
/// `^S-((IF|REP)-)?\d{3}[A-B]?-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+$`
bool is_sender_reference(std::string_view text) noexcept;

/// `1` to `10` (DI-076)
std::optional<std::uint8_t> parse_estimation_reason(std::string_view text) noexcept;
/// One of `W`, `L`, `H`, `E` and `U` (DI-015).
bool is_connection_type(std::string_view text) noexcept;

/// Characters of a text in UTF-8.
std::size_t characters_in(std::string_view text) noexcept;

/// Appends a JSON string with its quotes.
void append_json_text(std::string& out, std::string_view text);

} // namespace gridtwin
