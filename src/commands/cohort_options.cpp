#include "src/commands/cohort_options.hpp"

#include "twins/energy.hpp"

namespace gridtwin {

namespace {

constexpr std::uint32_t longest_run = cohort_slots;
constexpr std::uint32_t most_meters = 1'000'000;
constexpr std::int64_t largest_z_milli = 1'000'000'000;
constexpr int z_decimals = 3;

} // namespace

void add_cohort_options(CLI::App& app, cohort_options& o) {
  constexpr const char* group = "cohort-checks";
  app.add_option("--z", o.z, "Outliers from this modified z-score on; default 3.5")->group(group);
  app
    .add_option("--scale", o.scale,
                "Compare outliers by log (default), so that twice as much is as far as half, or by wh")
    ->check(CLI::IsMember({"log", "wh"}))
    ->group(group);
  app.add_option("--stuck", o.stuck_half_hours, "Stuck from so many equal half hours on; default 6")
    ->check(CLI::Range(2U, longest_run))
    ->group(group);
  app.add_option("--zero-run", o.zero_half_hours, "Zero runs from so many half hours on; default 8")
    ->check(CLI::Range(1U, longest_run))
    ->group(group);
  app
    .add_option("--drop", o.drop_per_cent,
                "More than so many per cent of a cohort have one cause, missing or found; default 10")
    ->check(CLI::Range(1U, 99U))
    ->group(group);
  app.add_option("--min-cohort", o.smallest_cohort, "Fewer meters are not compared; default 10")
    ->check(CLI::Range(2U, most_meters))
    ->group(group);
  app.add_option("--budget", o.budget, "Findings of a feeder and day, the largest; default 5")
    ->check(CLI::Range(1U, most_meters))
    ->group(group);
}

result<cohort_thresholds> read_cohort_thresholds(const cohort_options& o) {
  cohort_thresholds out;
  if (o.z) {
    const auto milli = parse_fixed(*o.z, z_decimals);
    if (!milli || *milli < 1 || *milli > largest_z_milli)
      return error{errc::usage, "--z '" + *o.z + "' is not a number from 0.001 to 1000000 with at most three decimals"};
    out.z_milli = *milli;
  }
  if (o.scale)
    out.scale = *o.scale == "wh" ? cohort_scale::wh : cohort_scale::logarithm;
  out.stuck_half_hours = o.stuck_half_hours.value_or(out.stuck_half_hours);
  out.zero_half_hours = o.zero_half_hours.value_or(out.zero_half_hours);
  out.drop_per_cent = o.drop_per_cent.value_or(out.drop_per_cent);
  out.smallest_cohort = o.smallest_cohort.value_or(out.smallest_cohort);
  out.budget = o.budget.value_or(out.budget);
  return out;
}

} // namespace gridtwin
