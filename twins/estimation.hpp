#pragma once

#include "twins/energy.hpp"
#include "twins/estate.hpp"
#include "twins/estimation_facts.hpp"
#include "twins/estimation_settings.hpp"
#include "twins/own_history.hpp"
#include "twins/reading.hpp"
#include "twins/register_window.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace gridtwin {

/// What is estimated: one quantity of a meter, as it is at its connection point.
struct estimation_subject {
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  market_segment segment = market_segment::smart;
  connection_type type = connection_type::whole_current;
  std::int64_t largest_wh = largest_energy_wh; ///< more is believed of no half hour (ECS1012)
};

// What an estimate was made from, one for each kind of method. Versions are `estimation_facts::shape_version`.

struct register_inputs {
  register_read first;
  register_read last;
  std::int64_t actual_wh = 0;   ///< of the half hours in between
  std::int64_t received_wh = 0; ///< of those with an estimate that was received
  std::uint32_t half_hours = 0; ///< that the rest was spread over
  std::uint32_t by_history = 0; ///< of them, those that weighed the meter's own history
  std::string shape_version;    ///< of what the others weighed; empty where there are none
  bool operator==(const register_inputs&) const = default;
};

enum class shape_total_kind : std::uint8_t { annual, seven_days };

struct annual_inputs {
  annual_figure figure;
  std::int64_t shape_wh = 0;
  std::int64_t total_wh = 0;
  shape_total_kind total = shape_total_kind::annual;
  std::string shape_version;
  bool operator==(const annual_inputs&) const = default;
};

struct shape_inputs {
  shape_value value;
  std::string shape_version;
  bool operator==(const shape_inputs&) const = default;
};

/// Nothing where the meter is de-energised or by default; there the method says it all.
using estimate_inputs = std::variant<std::monostate, register_inputs, annual_inputs, history_mean, shape_inputs>;

/// One line of `key=value` with a blank in between and no commas; the same inputs give the same bytes. Energies in Wh.
/// `read_from=2026-03-01T00:00:00Z:1000 read_to=2026-03-08T00:00:00Z:6000 actual_wh=3000 half_hours=12 by_history=11
/// shape=VERSION`, with `received_wh=700` behind `actual_wh` where there is any, without `by_history` where it is 0 and
/// without `shape` where it is all;
/// `annual=SNAC:4200000 from=2026-01-01 shape_wh=400 total=annual:3500000 shape=VERSION`, or `ECS`, or `7-days`;
/// `days=same-kind:2026-02-15;2026-02-22`, or `all`; `shape_wh=400 flag=A shape=VERSION`; or empty.
std::string to_string(const estimate_inputs& inputs);

/// A value for a half hour that has no actual, to give way to one.
struct estimate {
  gridtwin::period period;
  gridtwin::content content; ///< Wh, quality, reason
  estimation_method method = estimation_method::default_value;
  estimate_inputs inputs;
  std::vector<estimation_exception> exceptions; ///< what could not be used on the way, in the order of the rungs
  bool operator==(const estimate&) const = default;
};

/// One estimate for each of the half hours wanted that has neither an actual nor an estimate that was received,
/// ascending, whatever their order. An estimate follows from the facts, the settings and its half hour alone, so parts
/// of a day are estimated as the whole is.
///
/// Where the meter is de-energised it is zero. Else the rungs of `settings.order` are tried one by one, and behind them
/// the default value. Register advance, of the window around the half hour; supplier's annual figure, the latest one
/// from a settlement date at or before, while it is valid, before central settlement's even where that is newer
/// (ES-07); both scaled by the annual total up to the half hour's UTC day or, where that covers too little, by the
/// seven-day total; own history; the shape's value; the default.
///
/// `calendar`: of `history_span_of` the settings, for facts with the same holidays.
std::vector<estimate> estimate_missing(const estimation_subject& subject, std::span<const period> wanted,
                                       const estimation_facts& facts, const estimation_settings& settings,
                                       history_calendar& calendar);

/// How far own history looks back.
inline history_span history_span_of(const estimation_settings& settings) noexcept {
  return {settings.history_weeks, settings.history_fewest};
}

} // namespace gridtwin
