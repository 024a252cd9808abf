#include "src/bench/estimate_trial.hpp"

#include "twins/estimation.hpp"
#include "twins/own_history.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace gridtwin {

namespace {

constexpr int most_weeks_before = 4;
constexpr std::int64_t none = half_hour_table::none;
constexpr std::array<std::string_view, read_rhythm_count> rhythm_names{"monthly", "weekly", "daily"};

/// How a method is made of the ladder.
struct climb {
  std::string name;
  trial_kind kind = trial_kind::rung;
  estimation_settings settings;
  read_rhythm reads = read_rhythm::monthly;
};

std::vector<climb> climbs_of(const estimation_settings& settings) {
  std::vector<climb> out;
  for (const estimation_method rung : settings.order) {
    out.push_back({std::string(name_of(rung)), trial_kind::rung, settings, read_rhythm::monthly});
    out.back().settings.order = {rung};
  }
  out.push_back({"the whole ladder", trial_kind::ladder, settings, read_rhythm::monthly});
  for (const bool over_history : {false, true})
    for (const read_rhythm reads : read_rhythms) {
      if (reads == read_rhythm::monthly && over_history == settings.register_over_history)
        continue; // is among the rungs
      climb variant{"register-advance, " + std::string(rhythm_names[static_cast<std::size_t>(reads)])
                      + (over_history ? ", over own history" : ", over the shape"),
                    trial_kind::variant, settings, reads};
      variant.settings.order = {estimation_method::register_advance};
      variant.settings.register_over_history = over_history;
      out.push_back(std::move(variant));
    }
  return out;
}

/// What each method says of each half hour that is held back.
using said = std::vector<std::vector<std::int64_t>>;

/// Estimates one meter after the other.
class trial {
public:
  trial(const half_hour_table& table, std::span<const held_half_hour> held, const estimation_settings& settings,
        std::span<const civil_date> holidays)
    : table_(table), held_(held), settings_(settings), holidays_(holidays), rest_(without(table, held)),
      shapes_(shapes_of(rest_, settings.fewest_actuals, settings.off_peak)), climbs_(climbs_of(settings)),
      said_(climbs_.size() + 2, std::vector<std::int64_t>(held.size(), none)) {}

  trial_outcome run() {
    for (std::size_t begin = 0; begin < held_.size();) {
      std::size_t end = begin;
      while (end < held_.size() && held_[end].row == held_[begin].row)
        ++end;
      estimate_meter(begin, end);
      measure_by_yardsticks(begin, end);
      begin = end;
    }
    return compare();
  }

private:
  void estimate_meter(std::size_t begin, std::size_t end) {
    const std::size_t row = held_[begin].row;
    const trial_shape& shape = shapes_.at(table_.rows[row].category);
    trial_facts facts(table_, rest_, row, shape, holidays_);
    const auto figures = trial_annual_figures(rest_, row, shape, settings_.supplier_annual_days);
    facts.figures(figures);
    std::vector<period> wanted;
    for (std::size_t i = begin; i < end; ++i)
      wanted.push_back(table_.at(held_[i].position));
    estimation_subject subject;
    subject.segment = table_.rows[row].category.segment;
    subject.type = table_.rows[row].category.type;
    for (std::size_t m = 0; m < climbs_.size(); ++m) {
      const auto reads = trial_reads(table_, row, climbs_[m].reads);
      facts.reads(reads);
      history_calendar calendar(history_span_of(climbs_[m].settings));
      const auto estimates = estimate_missing(subject, wanted, facts, climbs_[m].settings, calendar);
      for (std::size_t i = 0; i < estimates.size(); ++i)
        if (climbs_[m].kind == trial_kind::ladder || estimates[i].method == climbs_[m].settings.order.front())
          said_[m][begin + i] = estimates[i].content.wh;
    }
  }

  void measure_by_yardsticks(std::size_t begin, std::size_t end) {
    const std::vector<std::int64_t>& wh = rest_.rows[held_[begin].row].wh;
    std::array<shape_half_hour, periods_per_day> year{};
    for (std::size_t i = 0; i < wh.size(); ++i)
      if (wh[i] != none)
        year[slot_of(i)] += {wh[i], 1};
    for (std::size_t i = begin; i < end; ++i) {
      said_[climbs_.size()][i] = week_before(wh, held_[i].position);
      const shape_value mean = value_of(year[slot_of(held_[i].position)]);
      if (mean.flag != shape_flag::no_data)
        said_[climbs_.size() + 1][i] = mean.wh;
    }
  }

  std::size_t slot_of(std::size_t position) const {
    return static_cast<std::size_t>(wall_clock_slot(to_settlement_period(table_.at(position))));
  }

  std::int64_t week_before(const std::vector<std::int64_t>& wh, std::size_t position) const {
    const settlement_period local = to_settlement_period(table_.at(position));
    for (int weeks = 1; weeks <= most_weeks_before; ++weeks)
      for (const period p :
           periods_at_wall_clock(civil_from_days(days_from_civil(local.date) - 7 * weeks), wall_clock_slot(local)))
        if (const auto at = rest_.position_of(p); at && wh[*at] != none)
          return wh[*at];
    return none;
  }

  trial_outcome compare() const {
    trial_outcome out;
    out.held_back = held_.size();
    for (const climb& c : climbs_)
      out.methods.push_back({c.name, c.kind});
    out.methods.push_back({"same half hour last week", trial_kind::yardstick});
    out.methods.push_back({"last year's average", trial_kind::yardstick});
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const bool all = std::all_of(said_.begin(), said_.end(), [&](const auto& of) { return of[i] != none; });
      const std::int64_t actual_wh = table_.rows[held_[i].row].wh[held_[i].position];
      out.compared += all ? 1 : 0;
      out.actual_wh += all ? static_cast<std::uint64_t>(actual_wh) : 0;
      for (std::size_t m = 0; m < said_.size(); ++m) {
        const std::int64_t wh = said_[m][i];
        out.methods[m].values += wh != none ? 1 : 0;
        if (!all)
          continue;
        out.methods[m].bias_wh += wh - actual_wh;
        out.methods[m].absolute_wh += static_cast<std::uint64_t>(std::max(wh, actual_wh) - std::min(wh, actual_wh));
      }
    }
    return out;
  }

  const half_hour_table& table_;
  std::span<const held_half_hour> held_;
  const estimation_settings& settings_;
  std::span<const civil_date> holidays_;
  half_hour_table rest_;
  trial_shapes shapes_;
  std::vector<climb> climbs_;
  said said_; ///< by method, the two yardsticks last
};

} // namespace

std::string_view name_of(trial_kind kind) noexcept {
  constexpr std::array<std::string_view, 4> names{"rung", "ladder", "variant", "yardstick"};
  return names[static_cast<std::size_t>(kind)];
}

trial_outcome run_trial(const half_hour_table& table, std::span<const held_half_hour> held,
                        const estimation_settings& settings, std::span<const civil_date> holidays) {
  return trial(table, held, settings, holidays).run();
}

} // namespace gridtwin
