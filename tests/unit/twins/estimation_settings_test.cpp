#include "twins/estimation_settings.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace gridtwin;

TEST_CASE("estimation_settings: the codes that each family may carry, of all 38") {
  const auto codes_of = [](quality_family family, estimation_method method) {
    std::string out;
    for (std::size_t i = 0; i < quality_count; ++i)
      if (is_code_of(family, method, {static_cast<std::uint8_t>(i)}))
        out += std::string(name_of(quality{static_cast<std::uint8_t>(i)})) + ' ';
    return out;
  };
  using enum quality_family;
  constexpr auto any = estimation_method::own_history;
  constexpr auto zero = estimation_method::de_energised;
  CHECK(codes_of(smart, any) == "E0 E1 E2 E3 E4 E5 E6 E7 E8 E9 ");
  CHECK(codes_of(advanced, any) == "EA1 EA2 EA3 EA4 EA5 EA6 EA7 EA8 EA9 EA10 EA11 EA12 EA13 ");
  CHECK(codes_of(advanced_export, any) == "EAE1 EAE2 EAE3 ");
  CHECK(codes_of(unmetered, any) == "E ");
  CHECK(codes_of(unmetered, zero) == "ZE ");
  for (const quality_family family : {smart, advanced, advanced_export})
    CHECK(codes_of(family, zero) == "ZE1 ZE2 ZE3 ");
}

TEST_CASE("estimation_settings: families by segment, what advanced meters export apart") {
  using enum quality_family;
  CHECK(quality_family_of(market_segment::smart, quantity::active_export) == smart);
  CHECK(quality_family_of(market_segment::unmetered, quantity::active_import) == unmetered);
  CHECK(quality_family_of(market_segment::advanced, quantity::active_import) == advanced);
  CHECK(quality_family_of(market_segment::advanced, quantity::reactive_import) == advanced);
  CHECK(quality_family_of(market_segment::advanced, quantity::reactive_export) == advanced);
  CHECK(quality_family_of(market_segment::advanced, quantity::active_export) == advanced_export);
  std::size_t position = 0;
  for (const char type : std::string_view("WLHEU"))
    CHECK(index_of(static_cast<connection_type>(type)) == position++);
  CHECK(position == connection_type_count);
}
