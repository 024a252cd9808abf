#include "twins/estimation_settings.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, estimation_method_count> method_names{
  "register-advance", "supplier-annual", "central-annual", "own-history", "shape-mean", "default", "de-energised"};

constexpr std::array<std::string_view, estimation_exception_count> exception_names{
  "register-contradicted",  "register-backwards",     "register-window-too-long", "register-below-intervals",
  "register-without-shape", "register-above-maximum", "annual-without-shape",     "annual-out-of-bounds"};

} // namespace

std::string_view name_of(estimation_exception e) noexcept { return exception_names[index_of(e)]; }

std::string_view name_of(estimation_method m) noexcept { return method_names[index_of(m)]; }

std::optional<estimation_method> parse_estimation_method(std::string_view name) noexcept {
  const auto found = std::find(method_names.begin(), method_names.end(), name);
  if (found == method_names.end())
    return std::nullopt;
  return static_cast<estimation_method>(found - method_names.begin());
}

quality_family quality_family_of(market_segment segment, quantity q) noexcept {
  switch (segment) {
  case market_segment::smart:
    return quality_family::smart;
  case market_segment::unmetered:
    return quality_family::unmetered;
  case market_segment::advanced:
    break;
  }
  return q == quantity::active_export ? quality_family::advanced_export : quality_family::advanced;
}

bool is_code_of(quality_family family, estimation_method method, quality code) noexcept {
  const std::string_view name = name_of(code);
  const bool zero = is_zero_estimate(code);
  if (is_actual(code) || zero != (method == estimation_method::de_energised))
    return false;
  const bool unmetered_alone = name == "E" || name == "ZE";
  if (zero || unmetered_alone)
    return unmetered_alone == (family == quality_family::unmetered);
  if (name.starts_with("EAE"))
    return family == quality_family::advanced_export;
  return family == (name.starts_with("EA") ? quality_family::advanced : quality_family::smart);
}

} // namespace gridtwin
