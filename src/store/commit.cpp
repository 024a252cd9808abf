#include "src/store/commit.hpp"

#include <array>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, letter_cause_count> cause_names{"threw", "process-died", "twin-parked"};

} // namespace

std::string_view name_of(letter_cause cause) noexcept { return cause_names[static_cast<std::size_t>(cause)]; }

std::optional<letter_cause> parse_letter_cause(std::string_view name) noexcept {
  for (std::size_t i = 0; i < cause_names.size(); ++i)
    if (cause_names[i] == name)
      return static_cast<letter_cause>(i);
  return std::nullopt;
}

} // namespace gridtwin
