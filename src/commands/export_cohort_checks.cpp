#include "src/commands/cohort_days.hpp"
#include "src/commands/export.hpp"
#include "twins/cohort_incidents.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// A finding with the readings that it was computed from.
struct sourced_finding {
  cohort_finding found;
  std::uint64_t revision = 0;
  std::string readings; ///< `digest_of_readings`; empty above feeders
};

/// What the feeders of a transformer, or the transformers of an estate, together should and do report in a day, and how
/// many of them have dropped in each half hour.
struct joint_reporting {
  day_reporting counts{};
  std::array<std::uint32_t, periods_per_day> parts_dropped{};
  std::uint64_t revision = 0;

  void add(const joint_reporting& part, const cohort_thresholds& limits) {
    for (std::size_t slot = 0; slot < counts.size(); ++slot) {
      counts[slot].expected += part.counts[slot].expected;
      counts[slot].reported += part.counts[slot].reported;
      parts_dropped[slot] += has_dropped(part.counts[slot], limits) ? 1 : 0;
    }
    revision += part.revision;
  }
  /// Half hours that several parts miss for one cause: they and the whole have dropped.
  std::uint64_t common_drop(const cohort_thresholds& limits) const {
    std::uint64_t out = dropped_mask(counts, limits);
    for (std::size_t slot = 0; slot < parts_dropped.size(); ++slot)
      if (parts_dropped[slot] < 2)
        out &= ~(std::uint64_t{1} << slot);
    return out;
  }
};

std::uint64_t revision_of(const std::vector<const cohort_member*>& members) {
  std::uint64_t out = 0;
  for (const cohort_member* m : members)
    out += m->revision;
  return out;
}

joint_reporting reporting_of(const std::vector<const cohort_member*>& feeder) {
  joint_reporting out;
  for (const cohort_member* m : feeder)
    add_reporting(out.counts, *m);
  out.revision = revision_of(feeder);
  return out;
}

joint_reporting reporting_of(const cohort_days& transformer, const cohort_thresholds& limits) {
  joint_reporting out;
  for (std::size_t f = 0; f < transformer.feeders(); ++f)
    out.add(reporting_of(transformer.feeder(f)), limits);
  return out;
}

/// Runs the checks of a store's days, transformer by transformer, and writes what they find.
class cohort_export {
public:
  cohort_export(store_view& view, const export_scope& scope, const reported_span& span, table_writer& out)
    : view_(&view), scope_(&scope), span_(span), out_(&out) {
    for (std::int32_t n = span.first.day().number; n <= span.last.day().number; ++n)
      if (scope.holds(utc_day{n}))
        days_.push_back({n});
  }

  /// Incidents of the whole estate; only where all of it is asked for.
  result<void> write_estate();
  result<void> write_transformer(transformer_index t);

private:
  using findings = std::vector<sourced_finding>;

  void add_joint_drops(utc_day day, const joint_reporting& joint, std::uint64_t mask, std::string_view parts,
                       findings& to) const;
  findings check_feeder(utc_day day, const std::vector<const cohort_member*>& members, std::uint64_t judged) const;
  void write(std::string_view transformer, std::string_view feeder, findings rows);
  std::uint64_t judged(utc_day day) const {
    const auto explained = estate_drops_.find(day);
    return half_hours_within(span_, day) & ~(explained == estate_drops_.end() ? 0 : explained->second);
  }

  store_view* view_;
  const export_scope* scope_;
  reported_span span_;
  table_writer* out_;
  std::vector<utc_day> days_;
  std::map<utc_day, std::uint64_t> estate_drops_; ///< half hours that an incident of the estate tells of
};

/// `mask`: half hours that they tell of; `parts`: what the parts are called.
void cohort_export::add_joint_drops(utc_day day, const joint_reporting& joint, std::uint64_t mask,
                                    std::string_view parts, findings& to) const {
  for (cohort_finding& drop : find_drops(day, joint.counts, mask, scope_->cohorts)) {
    std::uint32_t most = 0;
    for (period p = drop.first; p <= drop.last; p = {p.number + 1})
      most = std::max(most, joint.parts_dropped[static_cast<std::size_t>(p.slot())]);
    drop.detail += ' ' + std::string(parts) + '=' + std::to_string(most);
    to.push_back({std::move(drop), joint.revision, {}});
  }
}

result<void> cohort_export::write_estate() {
  std::vector<joint_reporting> by_day(days_.size());
  for (std::uint32_t t = 0; t < view_->estate().transformers.size(); ++t) {
    cohort_days cohorts(*view_, {t});
    joint_reporting of_day;
    for (std::size_t i = 0; i < days_.size(); ++i) {
      // Years may lie between a stray reading and the others: they are told of, and cost next to nothing.
      if (i == 0 || !cohorts.as_silent_as_before(days_[i])) {
        if (auto loaded = cohorts.load(days_[i]); !loaded)
          return loaded;
        of_day = reporting_of(cohorts, scope_->cohorts);
      }
      by_day[i].add(of_day, scope_->cohorts);
    }
  }
  findings rows;
  for (std::size_t i = 0; i < days_.size(); ++i) {
    const std::uint64_t mask = by_day[i].common_drop(scope_->cohorts) & half_hours_within(span_, days_[i]);
    add_joint_drops(days_[i], by_day[i], mask, "transformers", rows);
    estate_drops_[days_[i]] = mask;
  }
  write({}, {}, std::move(rows));
  return {};
}

cohort_export::findings cohort_export::check_feeder(utc_day day, const std::vector<const cohort_member*>& members,
                                                    std::uint64_t judged) const {
  const cohort_thresholds& limits = scope_->cohorts;
  const day_reporting counts = reporting_of(members).counts;
  std::vector<cohort_finding> found = find_drops(day, counts, dropped_mask(counts, limits) & judged, limits);
  std::map<std::string, std::vector<const cohort_member*>> cohorts;
  for (const cohort_member* m : members)
    cohorts[m->cohort].push_back(m);
  for (const auto& [name, of] : cohorts) {
    auto more = check_cohort(day, of, limits);
    std::move(more.begin(), more.end(), std::back_inserter(found));
  }
  findings out;
  std::map<std::string, std::string> digests; // of cohorts with a finding
  cohorts["all"] = members;
  for (cohort_finding& f : keep_largest(std::move(found), day, limits.budget)) {
    const auto& of = cohorts[f.cohort];
    auto [digest, made] = digests.try_emplace(f.cohort);
    if (made)
      digest->second = digest_of_readings(day, of);
    out.push_back({std::move(f), revision_of(of), digest->second});
  }
  return out;
}

result<void> cohort_export::write_transformer(transformer_index t) {
  const estate& e = view_->estate();
  cohort_days cohorts(*view_, t);
  findings joint_rows;
  std::vector<findings> rows(cohorts.feeders());
  for (const utc_day day : days_) {
    std::uint64_t here = judged(day);
    if (here == 0 && cohorts.silent(day))
      continue;
    if (auto loaded = cohorts.load(day); !loaded)
      return loaded;
    if (!scope_->feeder && !scope_->meter) {
      const joint_reporting joint = reporting_of(cohorts, scope_->cohorts);
      const std::uint64_t mask = joint.common_drop(scope_->cohorts) & here;
      add_joint_drops(day, joint, mask, "feeders", joint_rows);
      here &= ~mask;
    }
    for (std::size_t f = 0; f < cohorts.feeders(); ++f) {
      auto found = check_feeder(day, cohorts.feeder(f), here);
      std::move(found.begin(), found.end(), std::back_inserter(rows[f]));
    }
  }
  const std::string& id = e.transformers[t.value].id;
  write(id, {}, std::move(joint_rows));
  const feeder_range feeders = feeders_of(e, t);
  for (std::size_t f = 0; f < rows.size(); ++f) {
    const std::string& feeder = e.feeders[feeders.first + f].id;
    if (!scope_->feeder || feeder == *scope_->feeder)
      write(id, feeder, std::move(rows[f]));
  }
  return {};
}

void cohort_export::write(std::string_view transformer, std::string_view feeder, findings rows) {
  std::sort(rows.begin(), rows.end(),
            [](const sourced_finding& a, const sourced_finding& b) { return precedes(a.found, b.found); });
  for (const auto& [found, revision, readings] : rows) {
    if (scope_->meter && found.meter != scope_->meter)
      continue;
    out_->row({transformer, feeder, found.meter ? to_string(*found.meter) : std::string(), name_of(found.check),
               format_period(found.first), format_period(found.last), std::to_string(found.half_hours), found.cohort,
               format_milli(found.statistic_milli), format_milli(found.threshold_milli),
               std::to_string(found.cohort_size), std::to_string(found.meters), std::to_string(revision), readings,
               found.detail});
  }
}

/// Whether the scope names a meter that a transformer does not have.
bool lacks_meter(const store_view& view, const export_scope& scope, transformer_index t) {
  const connection_range range = connections_of(view.estate(), t);
  const auto first = view.estate().connections.begin() + range.first;
  return scope.meter
         && std::none_of(first, first + range.count, [&](const connection& c) { return c.mpan == *scope.meter; });
}

} // namespace

/// A row for each finding, see `twins/cohort_checks.hpp` (VA-15). Reads a snapshot and asks no twin for anything: a run
/// that writes to the store meanwhile does not wait for it.
result<void> export_cohort_checks(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"transformer_id"},
              {"feeder_id"},
              {"mpan"},
              {"check"},
              {"first_period_end"},
              {"last_period_end"},
              {"half_hours", true},
              {"cohort"},
              {"statistic", true},
              {"threshold", true},
              {"cohort_size", true},
              {"meters", true},
              {"revision", true},
              {"readings"},
              {"detail"}});
  const auto span = span_of_readings(view);
  if (!span)
    return span.failure();
  if (!*span)
    return {};
  cohort_export rows(view, scope, **span, out);
  if (!scope.transformer && !scope.meter)
    if (auto written = rows.write_estate(); !written)
      return written;
  for (std::uint32_t t = 0; t < view.estate().transformers.size(); ++t)
    if (scope.holds(view.estate(), transformer_index{t}) && !lacks_meter(view, scope, {t}))
      if (auto written = rows.write_transformer({t}); !written)
        return written;
  return {};
}

} // namespace gridtwin
