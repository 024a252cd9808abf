#include "src/bench/bench_estimates.hpp"

#include "config/printable_text.hpp"
#include "config/settlement_settings.hpp"
#include "src/bench/estimate_trial.hpp"
#include "src/commands/terminal.hpp"
#include "twins/energy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view bench_estimates_command = "bench estimates";

struct named_outcome {
  std::string_view name;
  std::string_view what;
  trial_outcome outcome;
};

/// Watt-hours a half hour, two decimals.
std::string mean_of(std::uint64_t sum, std::uint64_t half_hours) {
  return half_hours == 0 ? "0.00" : format_ratio(sum, half_hours, 2);
}

std::string mean_of_signed(std::int64_t sum, std::uint64_t half_hours) {
  const std::uint64_t size =
    sum < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(sum) : static_cast<std::uint64_t>(sum);
  const std::string text = mean_of(size, half_hours);
  return (sum < 0 && text != "0.00" ? "-" : "") + text;
}

/// Whether the rungs err the less the earlier they stand, and the first one less than both yardsticks.
bool is_in_order(const trial_outcome& outcome) {
  std::vector<std::uint64_t> rungs;
  for (const trial_method& m : outcome.methods)
    if (m.kind == trial_kind::rung)
      rungs.push_back(m.absolute_wh);
  return std::is_sorted(rungs.begin(), rungs.end())
         && std::all_of(outcome.methods.begin(), outcome.methods.end(), [&](const trial_method& m) {
              return m.kind != trial_kind::yardstick || rungs.front() < m.absolute_wh;
            });
}

std::string to_json(const bench_estimates_options& o, const half_hour_table& table,
                    const std::vector<named_outcome>& trials) {
  std::string out = fmt::format("{{\"meters\":{},\"actuals\":{},\"count\":{},\"seed\":{},\"trials\":[",
                                table.rows.size(), table.actuals(), o.count, o.seed);
  for (const named_outcome& t : trials) {
    const trial_outcome& of = t.outcome;
    out += fmt::format("{}{{\"name\":{},\"held_back\":{},\"compared\":{},\"mean_wh\":{},\"in_order\":{},\"methods\":[",
                       &t == trials.data() ? "" : ",", json_string(t.name), of.held_back, of.compared,
                       mean_of(of.actual_wh, of.compared), is_in_order(of));
    for (const trial_method& m : of.methods)
      out += fmt::format("{}{{\"name\":{},\"kind\":{},\"values\":{},\"mae_wh\":{},\"bias_wh\":{}}}",
                         &m == of.methods.data() ? "" : ",", json_string(m.name), json_string(name_of(m.kind)),
                         m.values, mean_of(m.absolute_wh, of.compared), mean_of_signed(m.bias_wh, of.compared));
    out += "]}";
  }
  return out + "]}\n";
}

constexpr std::string_view assumptions =
  R"(What was assumed. Shapes are means of what is left, the estimated meter among it. Registers are read at local midnight
of the first of each month (variants: Mondays, each day) and counted what is held back. The supplier's annual figure is
the meter's own of the same year, rounded to 100 kWh: hindsight, which flatters it. That of central settlement is from
the months before, so the order of these two follows from what was assumed. A shape's annual total is that of the last
365 days. "Last year" is all other dates of the same data, for there is no year before: it flatters that yardstick.
)";

std::string_view conclusion_of(const trial_outcome& of) {
  if (of.compared == 0)
    return "  Nothing is compared: some method has a value of none of them. The store should hold months.\n";
  return is_in_order(of)
           ? "  The ladder's order is that of the error, and its first rung is better than both yardsticks.\n"
           : "  The ladder's order is NOT that of the error, or its first rung no better than a yardstick.\n";
}

std::string to_text(const bench_estimates_options& o, const half_hour_table& table,
                    const std::vector<named_outcome>& trials) {
  std::string out = fmt::format("Estimates against {} of the {} actual half hours of {} meters, seed {}\n",
                                with_thousands(o.count), with_thousands(table.actuals()), table.rows.size(), o.seed);
  for (const named_outcome& t : trials) {
    const trial_outcome& of = t.outcome;
    out += fmt::format("\n{}: {} held back, {} compared (every method has a value), {} Wh on average\n", t.what,
                       with_thousands(of.held_back), with_thousands(of.compared), mean_of(of.actual_wh, of.compared));
    out += fmt::format("  {:<11}{:<46}{:>10}{:>10}{:>10}\n", "", "method", "has value", "MAE, Wh", "bias, Wh");
    for (const trial_method& m : of.methods)
      out += fmt::format("  {:<11}{:<46}{:>10}{:>10}{:>10}\n", name_of(m.kind), m.name, with_thousands(m.values),
                         mean_of(m.absolute_wh, of.compared), mean_of_signed(m.bias_wh, of.compared));
    out += conclusion_of(of);
  }
  return out + "\n" + std::string(assumptions);
}

result<std::vector<named_outcome>> run_trials(const bench_estimates_options& o, const half_hour_table& table) {
  const auto settings = parse_settlement_settings(built_in_settlement_settings(), "the built-in settings");
  if (!settings)
    return settings.failure();
  auto holidays = parse_bank_holidays(built_in_bank_holidays(), "the built-in holidays");
  if (!holidays)
    return holidays.failure();
  std::sort(holidays->begin(), holidays->end());
  const auto single = hold_back_single(table, o.count, o.seed);
  if (!single)
    return single.failure();
  const auto dates = hold_back_dates(table, o.count, o.seed);
  if (!dates)
    return dates.failure();
  return std::vector<named_outcome>{
    {"random", "Half hours at random", run_trial(table, *single, settings->estimation, *holidays)},
    {"days", "Gaps of a local day", run_trial(table, *dates, settings->estimation, *holidays)}};
}

} // namespace

int run_bench_estimates(const bench_estimates_options& options) {
  auto view = store_view::open(options.store);
  if (!view)
    return report_failure(bench_estimates_command, view.failure());
  const auto table = read_half_hours(*view);
  if (!table)
    return report_failure(bench_estimates_command, table.failure());
  const auto trials = run_trials(options, *table);
  if (!trials)
    return report_failure(bench_estimates_command, trials.failure());
  return print_result(bench_estimates_command,
                      options.json ? to_json(options, *table, *trials) : to_text(options, *table, *trials));
}

} // namespace gridtwin
