#include "src/settlement/run_progress.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <iterator>

namespace gridtwin {

namespace {

/// The end of a settlement date's last half hour.
std::int64_t end_s(const civil_date& date) noexcept {
  return from_settlement_period({date, settlement_periods_of(date)})->end_s();
}

/// A plan while it is made: with dates that may turn out not to be needed.
class planner {
public:
  explicit planner(const run_question& question) : q_(&question) {
    std::set_union(q_->shown.begin(), q_->shown.end(), q_->stored.begin(), q_->stored.end(),
                   std::back_inserter(dates_));
    for (const civil_date& date : dates_) {
      auto gates = gates_of(*q_->calendar, q_->gate_minute, date);
      gates_.push_back(gates ? std::optional(*gates) : std::nullopt);
      needed_.push_back(false);
      exact_from_s_.push_back(q_->as_of_s + 1); // all that is asked of it is what was known
      if (std::binary_search(q_->stored.begin(), q_->stored.end(), date))
        stored_.push_back(gates_.size() - 1);
    }
  }

  run_plan plan() {
    for (std::size_t at = 0; at < dates_.size(); ++at)
      if (std::binary_search(q_->shown.begin(), q_->shown.end(), dates_[at]))
        plan_date(at);
    // Positions among the dates that are needed.
    std::vector<std::size_t> place(dates_.size());
    for (std::size_t at = 0; at < dates_.size(); ++at) {
      place[at] = out_.dates.size();
      if (!needed_[at])
        continue;
      out_.dates.push_back({dates_[at], exact_from_s_[at]});
      out_.gates.push_back(gates_[at].value_or(run_gates{}));
    }
    for (planned_run& run : out_.runs) {
      run.date = place[run.date];
      for (earlier_instants& earlier : run.earlier)
        earlier.date = place[earlier.date];
    }
    return std::move(out_);
  }

private:
  bool passed(const run_gate& gate) const noexcept { return !counts_for(q_->as_of_s, gate.at_s); }

  void ask(std::size_t date, std::int64_t instant_s) {
    needed_[date] = true;
    exact_from_s_[date] = std::min(exact_from_s_[date], instant_s);
  }

  void plan_date(std::size_t at) {
    if (!gates_[at]) {
      ++out_.dates_without_timetable;
      return;
    }
    const run_gates& gates = *gates_[at];
    out_.dates_with_unknown_runs += gates.complete ? 0 : 1;
    std::optional<run_code> last_closed;
    for (std::size_t i = 0; i < run_count; ++i) {
      const auto& gate = gates.of[i];
      if (!gate || !passed(*gate))
        continue;
      ask(at, gate->at_s);
      if (!last_closed || gate->at_s >= gates[*last_closed]->at_s)
        last_closed = static_cast<run_code>(i);
    }
    for (std::size_t i = 0; i < run_count; ++i) {
      const auto run = static_cast<run_code>(i);
      const auto& gate = gates.of[i];
      if (!gate || (q_->only && run != *q_->only) || (passed(*gate) && !q_->closed))
        continue;
      needed_[at] = true;
      planned_run& planned = out_.runs.emplace_back();
      planned.date = at;
      planned.run = run;
      planned.gate = *gate;
      planned.open = !passed(*gate);
      planned.last_closed = planned.open ? last_closed : run;
      if (planned.open)
        planned.earlier = earlier_dates(at, gate->at_s);
    }
  }

  /// The dates before it that have been as old as it will be at its gate.
  std::vector<earlier_instants> earlier_dates(std::size_t at, std::int64_t gate_s) {
    std::vector<earlier_instants> out;
    const auto end = std::lower_bound(stored_.begin(), stored_.end(), at);
    for (auto i = end; i != stored_.begin() && out.size() < forecast_dates;) {
      const std::size_t date = *--i;
      const std::int64_t older_s = end_s(dates_[at]) - end_s(dates_[date]);
      const earlier_instants instants{date, q_->as_of_s - older_s, gate_s - older_s};
      if (instants.later_s > q_->as_of_s)
        continue;
      ask(date, instants.then_s);
      out.push_back(instants);
    }
    return out;
  }

  const run_question* q_;
  std::vector<civil_date> dates_;
  std::vector<std::optional<run_gates>> gates_; ///< by date
  std::vector<bool> needed_;
  std::vector<std::int64_t> exact_from_s_;
  std::vector<std::size_t> stored_; ///< positions of the dates that the store has readings of
  run_plan out_;
};

} // namespace

run_plan plan_runs(const run_question& question) { return planner(question).plan(); }

std::uint64_t share_of(std::uint64_t part, std::uint64_t whole) noexcept {
  return static_cast<std::uint64_t>(uint128{part} * whole_share / whole);
}

run_progress progress_of(const planned_run& run, const run_plan& plan, std::span<const date_progress> dates,
                         std::uint64_t target_share) {
  const date_progress& date = dates[run.date];
  const run_gates& gates = plan.gates[run.date];
  run_progress out;
  for (std::size_t i = 0; i < out.by_timing.size(); ++i)
    out.by_timing[i] = date.known.timed(static_cast<submission_timing>(i), gates, run.run);
  if (run.last_closed)
    out.made_last_gate = date.known.before(gates[*run.last_closed]->at_s);
  if (!run.open) {
    out.verdict = *out.made_last_gate == date.expected ? run_verdict::complete : run_verdict::missed;
    return out;
  }
  if (date.missing() == 0) {
    out.verdict = run_verdict::complete;
    return out;
  }
  std::vector<earlier_date> earlier;
  for (const earlier_instants& at : run.earlier) {
    const date_progress& before = dates[at.date];
    if (before.received != 0)
      earlier.push_back({before.expected, before.known.until(at.then_s), before.known.before(at.later_s)});
  }
  out.forecast = known_at_gate(date.expected, date.received, earlier);
  if (out.forecast && share_of(*out.forecast, date.expected) < target_share)
    out.verdict = run_verdict::at_risk;
  return out;
}

} // namespace gridtwin
