#include "twins/codes.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

// DI-083, all 38, in the order of the schema's enumeration by family.
constexpr std::array<std::string_view, quality_count> quality_names{
  "A",   "E",   "E0",   "E1",   "E2",   "E3",   "E4",   "E5",   "E6",   "E7",   "E8",   "E9",  "ZE",
  "ZE1", "ZE2", "ZE3",  "A1",   "A2",   "A3",   "EA1",  "EA2",  "EA3",  "EA4",  "EA5",  "EA6", "EA7",
  "EA8", "EA9", "EA10", "EA11", "EA12", "EA13", "AAE1", "AAE2", "AAE3", "EAE1", "EAE2", "EAE3"};

struct verdict_text {
  std::string_view name;
  std::string_view ecs;
};

constexpr std::array<verdict_text, verdict_count> verdict_texts{{
  {"unparseable", ""},
  {"unknown-meter", ""},
  {"unknown-quantity", ""},
  {"null-value", ""},
  {"nonexistent-local-time", ""},
  {"ambiguous-local-time", ""},
  {"off-grid", "ECS1005"},
  {"duration", "ECS1004"},
  {"day-not-midnight", "ECS1014"},
  {"duplicate-in-message", "ECS1006"},
  {"overlap", "ECS1007"},
  {"label-suspect", ""},
  {"negative", "ECS1010"},
  {"over-maximum", "ECS1012"},
  {"wrong-event", "ECS1002"},
  {"zero-estimate-not-zero", "ECS1011"},
  {"reason-missing", "ECS1015"},
  {"amendment-reason-missing", "ECS1016"},
  {"not-appointed", "ECS1001"},
  {"status", "ECS1009"},
  {"deenergised-estimate", "ECS1008"},
  {"before-connection", "ECS1013"},
  {"future", ""},
  {"past-final-run", "ECS1003"},
  {"twin-failed", ""},
  {"duplicate", ""},
  {"conflict", ""},
  {"accepted", ""},
}};

template <std::size_t N>
std::optional<std::size_t> position(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

} // namespace

std::optional<quantity> parse_quantity(std::string_view name) noexcept {
  if (const auto i = position(quantity_names, name))
    return static_cast<quantity>(*i);
  return std::nullopt;
}

std::string_view name_of(quality q) noexcept { return quality_names[q.code]; }

std::optional<quality> parse_quality(std::string_view name) noexcept {
  if (const auto i = position(quality_names, name))
    return quality{static_cast<std::uint8_t>(*i)};
  return std::nullopt;
}

bool is_actual(quality q) noexcept { return name_of(q).front() == 'A'; }

bool is_zero_estimate(quality q) noexcept { return name_of(q).front() == 'Z'; }

std::string_view name_of(verdict v) noexcept { return verdict_texts[index_of(v)].name; }

std::optional<verdict> parse_verdict(std::string_view name) noexcept {
  for (std::size_t i = 0; i < verdict_count; ++i)
    if (verdict_texts[i].name == name)
      return static_cast<verdict>(i);
  return std::nullopt;
}

std::string_view ecs_code_of(verdict v) noexcept { return verdict_texts[index_of(v)].ecs; }

} // namespace gridtwin
