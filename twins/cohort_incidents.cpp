#include "twins/cohort_incidents.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

namespace gridtwin {

namespace {

/// Statistic against threshold, without rounding: whether `a` is farther beyond its threshold than `b`.
bool larger(const cohort_finding& a, const cohort_finding& b) {
  const auto share = [](const cohort_finding& of, const cohort_finding& other) {
    return static_cast<uint128>(std::abs(of.statistic_milli)) * static_cast<uint128>(other.threshold_milli);
  };
  return share(a, b) > share(b, a);
}

bool goes_first(const cohort_finding& a, const cohort_finding& b) {
  if (a.meter.has_value() != b.meter.has_value())
    return !a.meter;
  if (larger(a, b) || larger(b, a))
    return larger(a, b);
  return precedes(a, b);
}

/// The earliest of the half hours that most findings hold, and how many do.
std::pair<period, std::uint32_t> fullest_half_hour(const std::vector<cohort_finding>& findings) {
  std::map<period, std::int32_t> steps; // by how many there are more from here on
  for (const cohort_finding& f : findings) {
    ++steps[f.first];
    --steps[{f.last.number + 1}];
  }
  std::pair<period, std::uint32_t> best{};
  std::int32_t now = 0;
  for (const auto& [from, step] : steps) {
    now += step;
    if (now > static_cast<std::int32_t>(best.second))
      best = {from, static_cast<std::uint32_t>(now)};
  }
  return best;
}

/// `many`: at least one, sorted by `precedes`.
cohort_finding one_incident(const std::vector<cohort_finding>& many, const common_cause& cause) {
  const cohort_finding& worst = *std::min_element(many.begin(), many.end(), goes_first);
  cohort_finding out = worst;
  out.meter.reset();
  out.meters = static_cast<std::uint32_t>(many.size());
  out.cohort_size = cause.cohort_size;
  for (const cohort_finding& f : many) {
    out.first = std::min(out.first, f.first);
    out.last = std::max(out.last, f.last);
  }
  out.half_hours = static_cast<std::uint32_t>(out.last.number - out.first.number + 1);
  const exact_score share{false, uint128{out.meters} * 100, cause.cohort_size};
  out.statistic_milli = share.milli();
  out.threshold_milli = std::int64_t{cause.more_than_per_cent} * 1000;
  out.detail =
    "worst=" + to_string(*worst.meter) + " statistic=" + format_milli(worst.statistic_milli) + " " + worst.detail;
  return out;
}

} // namespace

bool precedes(const cohort_finding& a, const cohort_finding& b) {
  const auto key = [](const cohort_finding& f) {
    return std::tuple(f.meter ? to_string(*f.meter) : std::string(), name_of(f.check), f.first, f.last,
                      std::string_view(f.cohort));
  };
  return key(a) < key(b);
}

std::vector<cohort_finding> merge_causes(std::vector<cohort_finding> findings, const common_cause& cause) {
  std::vector<cohort_finding> out;
  while (!findings.empty()) {
    const auto [at, count] = fullest_half_hour(findings);
    if (count < cause.least_meters
        || std::uint64_t{count} * 100 <= std::uint64_t{cause.more_than_per_cent} * cause.cohort_size)
      break;
    const auto rest = std::stable_partition(findings.begin(), findings.end(),
                                            [at = at](const cohort_finding& f) { return f.first > at || f.last < at; });
    out.push_back(one_incident({rest, findings.end()}, cause));
    findings.erase(rest, findings.end());
  }
  std::move(findings.begin(), findings.end(), std::back_inserter(out));
  return out;
}

std::vector<cohort_finding> keep_largest(std::vector<cohort_finding> findings, utc_day day, std::uint32_t budget) {
  if (findings.size() > budget) {
    std::sort(findings.begin(), findings.end(), goes_first);
    cohort_finding rest;
    rest.check = cohort_check::left_out;
    rest.cohort = "all";
    rest.first = period_at(day, 0);
    rest.last = period_at(day, periods_per_day - 1);
    rest.statistic_milli = static_cast<std::int64_t>(findings.size() - budget) * 1000;
    rest.threshold_milli = std::int64_t{budget} * 1000;
    rest.half_hours = periods_per_day;
    rest.meters = 0;
    findings.resize(budget);
    findings.push_back(std::move(rest));
  }
  std::sort(findings.begin(), findings.end(), precedes);
  return findings;
}

} // namespace gridtwin
