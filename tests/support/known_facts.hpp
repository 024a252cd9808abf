#pragma once

#include "config/settlement_settings.hpp"
#include "twins/estimation_facts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin::testing {

/// What a test says is known of a meter; energised, without anything else, until it says so.
struct known_facts : estimation_facts {
  std::map<period, std::int64_t> actuals;
  std::map<period, std::int64_t> received_estimates;
  std::set<period> refused;
  std::set<period> without_supply;
  std::map<period, shape_value> shape;
  shape_value shape_elsewhere; ///< no data
  std::map<utc_day, shape_totals> annual_totals;
  std::map<utc_day, shape_totals> seven_day_totals;
  std::string version = "v1";
  std::vector<register_read> reads;
  std::vector<annual_figure> figures;
  std::set<civil_date> holidays;

  std::optional<std::int64_t> actual_at(period p) const override {
    const auto found = actuals.find(p);
    return found != actuals.end() ? std::optional(found->second) : std::nullopt;
  }
  std::optional<std::int64_t> received_estimate_at(period p) const override {
    const auto found = received_estimates.find(p);
    return found != received_estimates.end() ? std::optional(found->second) : std::nullopt;
  }
  bool refused_at(period p) const override { return refused.contains(p); }
  bool energised_at(period p) const override { return !without_supply.contains(p); }
  shape_value shape_at(period p) const override {
    const auto found = shape.find(p);
    return found != shape.end() ? found->second : shape_elsewhere;
  }
  shape_totals annual_shape_totals(utc_day last) const override { return at(annual_totals, last); }
  shape_totals seven_day_shape_totals(utc_day last) const override { return at(seven_day_totals, last); }
  std::string_view shape_version() const override { return version; }
  std::span<const register_read> register_reads() const override { return reads; }
  std::span<const annual_figure> annual_figures() const override { return figures; }
  bool is_holiday(const civil_date& local_date) const override { return holidays.contains(local_date); }

private:
  static shape_totals at(const std::map<utc_day, shape_totals>& totals, utc_day last) {
    const auto found = totals.find(last);
    return found != totals.end() ? found->second : shape_totals{};
  }
};

inline shape_value mean_of(std::int64_t wh) { return {wh, shape_flag::actual_mean}; }

inline estimation_settings built_in_estimation_settings() {
  const auto settings = parse_settlement_settings(built_in_settlement_settings(), "built in");
  REQUIRE(settings);
  return settings->estimation;
}

/// The half hour that ends then.
inline period ending(std::string_view instant) {
  const auto at = parse_instant(instant);
  REQUIRE(at);
  REQUIRE(*at % seconds_per_period == 0);
  return {static_cast<std::int32_t>(*at / seconds_per_period)};
}

/// All half hours of a local settlement date.
inline std::vector<period> periods_of(const civil_date& date) {
  std::vector<period> out;
  for (int number = 1; number <= settlement_periods_of(date); ++number)
    out.push_back(*from_settlement_period({date, number}));
  return out;
}

} // namespace gridtwin::testing
