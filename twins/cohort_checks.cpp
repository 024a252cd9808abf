#include "twins/cohort_checks.hpp"

#include "twins/cohort_incidents.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridtwin {

namespace {

/// From this share of the cohort on, what it has in common is told even where the cohort's own rate would excuse each.
constexpr std::uint32_t majority_per_cent = 50;

constexpr bool reads(std::int64_t wh) noexcept { return wh >= 0; }

/// The half hour at a place among the two days of which `day` is the second.
constexpr period period_of(utc_day day, int slot) noexcept {
  return {period_at(day, 0).number - periods_per_day + slot};
}

/// A run of a meter's half hours, `first` to `last` inclusive, as places among both days.
struct slot_run {
  int first = 0;
  int last = 0;
  int length() const noexcept { return last - first + 1; }
  bool reaches_today() const noexcept { return last >= periods_per_day; }
  /// How many of its half hours belong to the day that is checked.
  int today() const noexcept { return reaches_today() ? last - std::max(first, periods_per_day) + 1 : 0; }
};

/// Runs of half hours for which `holds(slot)` and, between two neighbours, `joins(slot, slot + 1)`.
template <class Holds, class Joins>
std::vector<slot_run> runs_of(int from, Holds&& holds, Joins&& joins) {
  std::vector<slot_run> out;
  bool open = false;
  for (int slot = from; slot < cohort_slots; ++slot) {
    if (!holds(slot)) {
      open = false;
      continue;
    }
    if (open && joins(slot - 1, slot))
      out.back().last = slot;
    else
      out.push_back({slot, slot});
    open = true;
  }
  return out;
}

std::int64_t value_at(const cohort_member& m, int slot) noexcept { return m.wh[static_cast<std::size_t>(slot)]; }

cohort_finding over_run(cohort_check check, utc_day day, const slot_run& run) {
  cohort_finding out;
  out.check = check;
  out.first = period_of(day, run.first);
  out.last = period_of(day, run.last);
  out.half_hours = static_cast<std::uint32_t>(run.length());
  return out;
}

/// A cohort with what is asked of it more than once.
class cohort_day {
public:
  cohort_day(utc_day day, std::span<const cohort_member* const> members, const cohort_thresholds& limits)
    : day_(day), members_(members), limits_(&limits) {
    std::vector<std::int64_t> values;
    for (int slot = 0; slot < cohort_slots; ++slot) {
      values.clear();
      for (const cohort_member* m : members)
        if (reads(value_at(*m, slot)))
          values.push_back(value_at(*m, slot));
      auto& spread = spreads_.emplace_back();
      if (!values.empty() && values.size() >= limits.smallest_cohort)
        spread.emplace(values, limits.scale, limits.deviation_floor_wh);
    }
    for (const cohort_member* m : members)
      size_ += std::any_of(m->wh.begin() + periods_per_day, m->wh.end(), reads) ? 1 : 0;
  }

  std::vector<cohort_finding> outliers() const;
  std::vector<cohort_finding> stuck() const;
  std::vector<cohort_finding> zero_runs() const;

private:
  struct stuck_meter {
    const cohort_member* member;
    std::vector<slot_run> runs; ///< that are long enough and reach the day
    std::uint64_t stuck = 0;    ///< readings of the day in them
    std::uint64_t read = 0;     ///< readings of the day
  };

  const std::optional<cohort_spread>& spread(int slot) const noexcept {
    return spreads_[static_cast<std::size_t>(slot)];
  }
  cohort_finding finding(cohort_check check, const cohort_member& m, const slot_run& run, std::int64_t statistic_milli,
                         std::int64_t threshold_milli) const {
    cohort_finding out = over_run(check, day_, run);
    out.meter = m.meter;
    out.cohort = m.cohort;
    out.statistic_milli = statistic_milli;
    out.threshold_milli = threshold_milli;
    out.cohort_size = size_;
    return out;
  }
  cohort_finding outlier(const cohort_member& m, const slot_run& run) const;
  std::vector<stuck_meter> stuck_meters() const;
  common_cause cause(std::uint32_t more_than_per_cent) const noexcept {
    return {more_than_per_cent, limits_->drop_meters, size_};
  }

  utc_day day_;
  std::span<const cohort_member* const> members_;
  const cohort_thresholds* limits_;
  std::vector<std::optional<cohort_spread>> spreads_; ///< nothing where too few are there
  std::uint32_t size_ = 0;                            ///< meters with a reading of the day
};

cohort_finding cohort_day::outlier(const cohort_member& m, const slot_run& run) const {
  int worst = run.first;
  const auto z_milli = [&](int slot) { return spread(slot)->z_of(value_at(m, slot)).milli(); };
  for (int slot = run.first; slot <= run.last; ++slot)
    if (z_milli(slot) > z_milli(worst))
      worst = slot;
  const cohort_spread& of = *spread(worst);
  cohort_finding out = finding(cohort_check::outlier, m, run, z_milli(worst), limits_->z_milli);
  out.cohort_size = static_cast<std::uint32_t>(of.size());
  out.detail = "at=" + format_period(period_of(day_, worst)) + " wh=" + std::to_string(value_at(m, worst))
               + " median_wh=" + std::to_string(of.doubled_median_wh() / 2)
               + (of.doubled_median_wh() % 2 != 0 ? ".5" : "");
  return out;
}

/// Of what no other meters have at the same time one finding a meter: a home that uses much in the morning and in the
/// evening is told of once.
std::vector<cohort_finding> cohort_day::outliers() const {
  std::vector<cohort_finding> runs;
  for (const cohort_member* m : members_)
    for (const slot_run& run : runs_of(
           periods_per_day,
           [&](int slot) {
             return spread(slot) && reads(value_at(*m, slot))
                    && spread(slot)->z_of(value_at(*m, slot)).exceeds(limits_->z_milli);
           },
           [](int, int) { return true; }))
      runs.push_back(outlier(*m, run));
  std::vector<cohort_finding> out;
  for (cohort_finding& run : merge_causes(std::move(runs), cause(limits_->drop_per_cent))) {
    if (out.empty() || !run.meter || out.back().meter != run.meter) {
      out.push_back(std::move(run));
      continue;
    }
    cohort_finding& of_day = out.back(); // runs of a meter stand together, in order of time
    run.first = of_day.first;
    run.half_hours += of_day.half_hours;
    if (run.statistic_milli <= of_day.statistic_milli) {
      of_day.last = run.last;
      of_day.half_hours = run.half_hours;
    } else {
      of_day = std::move(run);
    }
  }
  return out;
}

std::vector<cohort_day::stuck_meter> cohort_day::stuck_meters() const {
  std::vector<stuck_meter> out;
  for (const cohort_member* m : members_) {
    stuck_meter of{m, {}, 0, 0};
    of.read = static_cast<std::uint64_t>(std::count_if(m->wh.begin() + periods_per_day, m->wh.end(), reads));
    const auto runs = runs_of(
      0, [&](int slot) { return value_at(*m, slot) > 0; },
      [&](int a, int b) { return value_at(*m, a) == value_at(*m, b); });
    for (const slot_run& run : runs)
      if (run.reaches_today() && run.length() >= static_cast<int>(limits_->stuck_half_hours)) {
        of.runs.push_back(run);
        of.stuck += static_cast<std::uint64_t>(run.today());
      }
    out.push_back(std::move(of));
  }
  return out;
}

/// First those that most of the cohort have in common, as the cohort's own rate would then excuse each of them. Of the
/// others only what is stuck more than that rate.
std::vector<cohort_finding> cohort_day::stuck() const {
  if (size_ < limits_->smallest_cohort)
    return {};
  const std::vector<stuck_meter> meters = stuck_meters();
  std::uint64_t all_stuck = 0;
  std::uint64_t all_read = 0;
  for (const stuck_meter& of : meters) {
    all_stuck += of.stuck;
    all_read += of.read;
  }
  std::vector<cohort_finding> found;
  const std::int64_t threshold_milli = std::int64_t{limits_->stuck_half_hours} * 1000;
  for (const stuck_meter& of : meters)
    for (const slot_run& run : of.runs) {
      found.push_back(
        finding(cohort_check::stuck, *of.member, run, std::int64_t{run.length()} * 1000, threshold_milli));
      found.back().detail = "wh=" + std::to_string(value_at(*of.member, run.last))
                            + " stuck=" + std::to_string(of.stuck) + "/" + std::to_string(of.read)
                            + " cohort=" + std::to_string(all_stuck) + "/" + std::to_string(all_read);
    }
  found = merge_causes(std::move(found), cause(majority_per_cent));
  std::erase_if(found, [&](const cohort_finding& f) {
    if (!f.meter)
      return false;
    const auto of =
      std::find_if(meters.begin(), meters.end(), [&](const stuck_meter& s) { return s.member->meter == *f.meter; });
    return of->stuck * all_read <= limits_->stuck_over_cohort * all_stuck * of->read;
  });
  std::vector<cohort_finding> alone;
  const auto common =
    std::stable_partition(found.begin(), found.end(), [](const cohort_finding& f) { return !f.meter; });
  std::move(common, found.end(), std::back_inserter(alone));
  found.erase(common, found.end());
  alone = merge_causes(std::move(alone), cause(limits_->drop_per_cent));
  std::move(alone.begin(), alone.end(), std::back_inserter(found));
  return found;
}

std::vector<cohort_finding> cohort_day::zero_runs() const {
  std::vector<cohort_finding> out;
  for (const cohort_member* m : members_) {
    if (m->exports)
      continue;
    const auto runs = runs_of(
      0, [&](int slot) { return value_at(*m, slot) == 0 && spread(slot) && spread(slot)->doubled_median_wh() > 0; },
      [](int, int) { return true; });
    for (const slot_run& run : runs) {
      if (!run.reaches_today() || run.length() < static_cast<int>(limits_->zero_half_hours))
        continue;
      std::int64_t least = spread(run.first)->doubled_median_wh();
      for (int slot = run.first; slot <= run.last; ++slot)
        least = std::min(least, spread(slot)->doubled_median_wh());
      out.push_back(finding(cohort_check::zero_run, *m, run, std::int64_t{run.length()} * 1000,
                            std::int64_t{limits_->zero_half_hours} * 1000));
      out.back().detail = "least_median_wh=" + std::to_string(least / 2) + (least % 2 != 0 ? ".5" : "");
    }
  }
  return merge_causes(std::move(out), cause(limits_->drop_per_cent));
}

} // namespace

std::string_view name_of(cohort_check c) noexcept {
  constexpr std::array<std::string_view, 5> names{"fleet-drop", "outlier", "stuck", "zero-run", "left-out"};
  return names[static_cast<std::size_t>(c)];
}

void add_reporting(day_reporting& sum, const cohort_member& member) noexcept {
  for (int slot = 0; slot < periods_per_day; ++slot)
    if ((member.expected >> slot & 1U) != 0) {
      auto& count = sum[static_cast<std::size_t>(slot)];
      ++count.expected;
      count.reported += reads(value_at(member, periods_per_day + slot)) ? 1 : 0;
    }
}

bool has_dropped(const reporting_count& count, const cohort_thresholds& limits) noexcept {
  return count.missing() >= limits.drop_meters
         && std::uint64_t{count.missing()} * 100 > std::uint64_t{limits.drop_per_cent} * count.expected;
}

std::uint64_t dropped_mask(const day_reporting& counts, const cohort_thresholds& limits) noexcept {
  std::uint64_t out = 0;
  for (std::size_t slot = 0; slot < counts.size(); ++slot)
    out |= std::uint64_t{has_dropped(counts[slot], limits)} << slot;
  return out;
}

std::vector<cohort_finding> find_drops(utc_day day, const day_reporting& counts, std::uint64_t mask,
                                       const cohort_thresholds& limits) {
  std::vector<cohort_finding> out;
  const auto runs = runs_of(
    periods_per_day, [&](int slot) { return (mask >> (slot - periods_per_day) & 1U) != 0; },
    [](int, int) { return true; });
  for (const slot_run& run : runs) {
    const auto* worst = &counts[static_cast<std::size_t>(run.first - periods_per_day)];
    for (int slot = run.first; slot <= run.last; ++slot) {
      const auto& here = counts[static_cast<std::size_t>(slot - periods_per_day)];
      if (std::uint64_t{here.missing()} * worst->expected > std::uint64_t{worst->missing()} * here.expected)
        worst = &here;
    }
    const exact_score share{false, uint128{worst->missing()} * 100, worst->expected};
    cohort_finding drop = over_run(cohort_check::fleet_drop, day, run);
    drop.cohort = "all";
    drop.statistic_milli = share.milli();
    drop.threshold_milli = std::int64_t{limits.drop_per_cent} * 1000;
    drop.cohort_size = worst->expected;
    drop.meters = worst->missing();
    drop.detail = "expected=" + std::to_string(worst->expected) + " reported=" + std::to_string(worst->reported);
    out.push_back(std::move(drop));
  }
  return out;
}

std::vector<cohort_finding> check_cohort(utc_day day, std::span<const cohort_member* const> members,
                                         const cohort_thresholds& limits) {
  if (members.size() < limits.smallest_cohort)
    return {};
  const cohort_day cohort(day, members, limits);
  std::vector<cohort_finding> out = cohort.outliers();
  for (auto&& more : {cohort.stuck(), cohort.zero_runs()})
    out.insert(out.end(), more.begin(), more.end());
  std::sort(out.begin(), out.end(), precedes);
  return out;
}

std::string digest_of_readings(utc_day day, std::span<const cohort_member* const> members) {
  constexpr std::size_t digits = 16;
  std::vector<const cohort_member*> sorted(members.begin(), members.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->meter < b->meter; });
  std::string text;
  for (const cohort_member* m : sorted) {
    text += to_string(m->meter) + '\n';
    for (int slot = 0; slot < cohort_slots; ++slot)
      if (reads(value_at(*m, slot)))
        text += std::to_string(period_of(day, slot).number) + ',' + std::to_string(value_at(*m, slot)) + ','
                + std::to_string(m->version[static_cast<std::size_t>(slot)]) + '\n';
  }
  return to_hex(sha256(std::string_view(text))).substr(0, digits);
}

} // namespace gridtwin
