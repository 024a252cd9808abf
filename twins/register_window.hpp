#pragma once

#include "twins/estimation_facts.hpp"
#include "twins/estimation_settings.hpp"
#include "twins/own_history.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// A register read put to the grid of half hours: to the nearest boundary, one that is 15 minutes from both to the
/// later. So consecutive windows leave nothing out and share nothing, and a read is off by the energy of 15 minutes at
/// most. Ours; the industry's rule was not found.
struct grid_read {
  std::int64_t boundary = 0; ///< half hours since the epoch: the number of the period that ends there
  register_read read;
  bool contradicted = false; ///< another read of the same instant differs
  bool operator==(const grid_read&) const = default;
};

/// Reads by boundary, one for each: of several the nearest to it, of two as near the earlier.
std::vector<grid_read> on_grid(std::span<const register_read> reads);

/// What a window may be, and what it is spread by.
struct register_limits {
  int longest_days = 0;
  std::int64_t largest_wh = 0;             ///< of a half hour
  history_calendar* own_history = nullptr; ///< what it is spread by; nothing: the load shape alone
};

/// What a register advanced between two reads that follow one another, less what is settled in between as it was
/// received, actuals and estimates, spread over the half hours that have neither: together exactly the advance. It
/// takes those of them in which the meter is de-energised as zero. Either a fault, or shares.
///
/// By own history each half hour weighs what the meter used at that time before (`mean_of_history`), and one of which
/// nothing is known weighs its load shape, brought to the level of the others. By the load shape alone (domain notes
/// 3.3, M) where nothing but zeros is known of any, or a share would be above the largest.
struct register_window {
  struct share {
    std::int32_t period_number = 0;
    std::int64_t wh = 0;
    auto operator<=>(const share&) const = default;
  };
  register_read first;
  register_read last;
  std::int64_t actual_wh = 0;   ///< of the half hours in between
  std::int64_t received_wh = 0; ///< of those with an estimate that was received
  std::vector<share> shares;    ///< by period
  std::uint32_t by_history = 0; ///< shares that weigh the meter's own history; the others weigh its shape
  std::optional<estimation_exception> fault;

  /// Nothing where the half hour has no share.
  std::optional<std::int64_t> share_of(period p) const noexcept;
};

register_window spread_advance(const grid_read& first, const grid_read& last, const estimation_facts& facts,
                               const register_limits& limits);

/// The windows between a meter's reads. Each is spread once, when it is first asked for.
class register_windows {
public:
  /// `facts` outlives it.
  register_windows(const estimation_facts& facts, const register_limits& limits);

  /// The window that a half hour is in; nothing before the first read and behind the last. Valid while this is.
  const register_window* around(period p);

private:
  const estimation_facts* facts_;
  register_limits limits_;
  std::vector<grid_read> reads_;
  std::map<std::size_t, register_window> spread_; ///< by the position of the later read
};

} // namespace gridtwin
