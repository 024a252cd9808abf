#include "twins/register_window.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t half_a_period_s = seconds_per_period / 2;

/// Seconds since the half hour began, 0 to 1799.
std::int64_t seconds_into_period(std::int64_t at_s) noexcept {
  const std::int64_t rest = at_s % seconds_per_period;
  return rest >= 0 ? rest : rest + seconds_per_period;
}

std::int64_t nearest_boundary(std::int64_t at_s) noexcept {
  const std::int64_t down = at_s / seconds_per_period - (at_s % seconds_per_period < 0 ? 1 : 0);
  return seconds_into_period(at_s) >= half_a_period_s ? down + 1 : down;
}

std::int64_t distance_s(const grid_read& r) noexcept {
  const std::int64_t into = seconds_into_period(r.read.at_s);
  return into >= half_a_period_s ? seconds_per_period - into : into;
}

register_window faulty(register_window window, estimation_exception fault) {
  window.actual_wh = 0;
  window.received_wh = 0;
  window.shares.clear();
  window.by_history = 0;
  window.fault = fault;
  return window;
}

/// What each half hour of a window that has a share weighs.
struct window_weights {
  std::vector<std::int64_t> wh;
  std::uint32_t by_history = 0;
};

/// Nothing: a half hour lacks a shape.
std::optional<window_weights> weigh_by_shape(const std::vector<shape_value>& shape) {
  window_weights out;
  for (const shape_value& value : shape) {
    if (value.flag == shape_flag::no_data)
      return std::nullopt;
    out.wh.push_back(value.wh);
  }
  return out;
}

/// Nothing: there is no history but zeros, or a half hour has neither a history nor a shape of the others' level.
std::optional<window_weights> weigh_by_history(const register_window& window, const std::vector<shape_value>& shape,
                                               const estimation_facts& facts, history_calendar& calendar) {
  window_weights out;
  std::vector<std::size_t> unknown;
  uint128 history_wh = 0;
  uint128 shape_wh = 0; // of the same half hours
  bool comparable = true;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto mean = mean_of_history({window.shares[i].period_number}, facts, calendar);
    out.wh.push_back(mean ? mean->wh : 0);
    if (!mean) {
      unknown.push_back(i);
      comparable = comparable && shape[i].flag != shape_flag::no_data;
    } else if (++out.by_history; shape[i].flag != shape_flag::no_data) {
      history_wh += static_cast<uint128>(mean->wh);
      shape_wh += static_cast<uint128>(shape[i].wh);
    }
  }
  if (std::all_of(out.wh.begin(), out.wh.end(), [](std::int64_t wh) { return wh == 0; }))
    return std::nullopt;
  if (!unknown.empty() && (!comparable || shape_wh == 0))
    return std::nullopt;
  for (const std::size_t i : unknown) {
    const uint128 level = static_cast<uint128>(shape[i].wh) * history_wh / shape_wh;
    if (level > static_cast<uint128>(std::numeric_limits<std::int64_t>::max()))
      return std::nullopt;
    out.wh[i] = static_cast<std::int64_t>(level);
  }
  return out;
}

/// False: a share is more than a half hour may be. `window` has its half hours.
bool share_out(register_window& window, std::int64_t rest_wh, const window_weights& weights, std::int64_t largest_wh) {
  const auto spread = apportion(rest_wh, weights.wh);
  if (!spread)
    return false;
  for (std::size_t i = 0; i < window.shares.size(); ++i)
    window.shares[i].wh = (*spread)[i];
  window.by_history = weights.by_history;
  return std::all_of(spread->begin(), spread->end(), [&](std::int64_t wh) { return wh <= largest_wh; });
}

} // namespace

std::vector<grid_read> on_grid(std::span<const register_read> reads) {
  std::vector<grid_read> all;
  all.reserve(reads.size());
  for (const register_read& read : reads)
    all.push_back({nearest_boundary(read.at_s), read, false});
  const auto key = [](const grid_read& r) { return std::tuple(r.boundary, distance_s(r), r.read.at_s, r.read.wh); };
  std::sort(all.begin(), all.end(), [&](const grid_read& a, const grid_read& b) { return key(a) < key(b); });
  std::vector<grid_read> out;
  for (const grid_read& read : all) {
    if (out.empty() || out.back().boundary != read.boundary)
      out.push_back(read);
    else if (out.back().read.at_s == read.read.at_s && out.back().read.wh != read.read.wh)
      out.back().contradicted = true;
  }
  return out;
}

std::optional<std::int64_t> register_window::share_of(period p) const noexcept {
  const auto at = std::lower_bound(shares.begin(), shares.end(), p.number,
                                   [](const share& s, std::int32_t number) { return s.period_number < number; });
  if (at == shares.end() || at->period_number != p.number)
    return std::nullopt;
  return at->wh;
}

register_window spread_advance(const grid_read& first, const grid_read& last, const estimation_facts& facts,
                               const register_limits& limits) {
  register_window out{first.read, last.read, 0, 0, {}, 0, std::nullopt};
  if (first.contradicted || last.contradicted)
    return faulty(std::move(out), estimation_exception::register_contradicted);
  if (last.read.wh < first.read.wh)
    return faulty(std::move(out), estimation_exception::register_backwards);
  if (last.boundary - first.boundary > std::int64_t{limits.longest_days} * periods_per_day)
    return faulty(std::move(out), estimation_exception::register_window_too_long);

  const std::int64_t advance_wh = last.read.wh - first.read.wh;
  uint128 actual_wh = 0;
  uint128 received_wh = 0;
  std::vector<shape_value> shape;
  for (std::int64_t number = first.boundary + 1; number <= last.boundary; ++number) {
    const period p{static_cast<std::int32_t>(number)};
    if (const auto wh = facts.actual_at(p)) {
      actual_wh += static_cast<uint128>(*wh);
    } else if (const auto estimated_wh = facts.received_estimate_at(p)) {
      received_wh += static_cast<uint128>(*estimated_wh);
    } else if (facts.energised_at(p)) {
      out.shares.push_back({p.number, 0});
      shape.push_back(facts.shape_at(p));
    }
  }
  if (actual_wh + received_wh > static_cast<uint128>(advance_wh))
    return faulty(std::move(out), estimation_exception::register_below_intervals);
  out.actual_wh = static_cast<std::int64_t>(actual_wh);
  out.received_wh = static_cast<std::int64_t>(received_wh);
  if (shape.empty())
    return out;
  const std::int64_t rest_wh = advance_wh - out.actual_wh - out.received_wh;
  if (limits.own_history != nullptr)
    if (const auto weights = weigh_by_history(out, shape, facts, *limits.own_history))
      if (share_out(out, rest_wh, *weights, limits.largest_wh))
        return out;
  const auto weights = weigh_by_shape(shape);
  if (!weights)
    return faulty(std::move(out), estimation_exception::register_without_shape);
  if (!share_out(out, rest_wh, *weights, limits.largest_wh))
    return faulty(std::move(out), estimation_exception::register_above_maximum);
  return out;
}

register_windows::register_windows(const estimation_facts& facts, const register_limits& limits)
  : facts_(&facts), limits_(limits), reads_(on_grid(facts.register_reads())) {}

const register_window* register_windows::around(period p) {
  const auto later = std::lower_bound(reads_.begin(), reads_.end(), std::int64_t{p.number},
                                      [](const grid_read& r, std::int64_t number) { return r.boundary < number; });
  if (later == reads_.begin() || later == reads_.end())
    return nullptr;
  const auto position = static_cast<std::size_t>(later - reads_.begin());
  auto found = spread_.find(position);
  if (found == spread_.end())
    found = spread_.emplace(position, spread_advance(*(later - 1), *later, *facts_, limits_)).first;
  return &found->second;
}

} // namespace gridtwin
