#include "src/commands/deadline.hpp"

#include "src/commands/deadline_table.hpp"
#include "src/commands/settlement_options.hpp"
#include "src/commands/store_view.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/settlement/stored_dates.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace gridtwin {

namespace {

constexpr std::string_view deadline_command = "deadline";
/// Of one call: every run of a date is closed by then.
constexpr std::int32_t most_dates = 3660;
constexpr std::size_t print_bytes = std::size_t{1} << 20;

struct deadline_options {
  std::string store;
  std::string as_of;
  std::string run;
  std::string from;
  std::string to;
  std::string by;
  std::string target = "100";
  settlement_options settlement;
  bool all = false;
  bool json = false;
};

/// What the options say, read.
struct deadline_request {
  std::optional<run_code> run;
  std::optional<civil_date> from;
  std::optional<civil_date> to; ///< the first date behind
  progress_group by = progress_group::all;
  std::uint64_t target_share = whole_share;
};

result<std::optional<civil_date>> read_date(std::string_view option, const std::string& text) {
  if (text.empty())
    return std::optional<civil_date>();
  const auto date = parse_date(text);
  if (!date)
    return error{errc::usage, std::string(option) + ": " + date.failure().message};
  return std::optional(*date);
}

result<deadline_request> request_of(const deadline_options& o) {
  deadline_request out;
  if (!o.run.empty()) {
    out.run = parse_run_code(o.run);
    if (!out.run)
      return error{errc::usage, "--run: there is no run '" + o.run + "': one of II, SF, R1, R2, R3, RF, DR, DF"};
  }
  const auto from = read_date("--from", o.from);
  const auto to = read_date("--to", o.to);
  if (!from || !to)
    return (from ? to : from).failure();
  out.from = *from;
  out.to = *to;
  if (!o.by.empty()) {
    const auto named = std::find(progress_group_names.begin() + 1, progress_group_names.end(), o.by);
    if (named == progress_group_names.end())
      return error{errc::usage, "--by: '" + o.by + "' is not supplier, gsp_group or transformer"};
    out.by = static_cast<progress_group>(named - progress_group_names.begin());
  }
  const auto target = parse_fixed(o.target, 2);
  if (!target || *target > static_cast<std::int64_t>(whole_share))
    return error{errc::usage, "--target: '" + o.target + "' is not a per cent of 0 to 100 with up to two decimals"};
  out.target_share = static_cast<std::uint64_t>(*target);
  return out;
}

/// The dates that are asked for: without a range those that the store has readings of and that have begun.
result<std::vector<civil_date>> shown_dates(const deadline_request& request, const std::vector<civil_date>& stored,
                                            std::int64_t as_of_s) {
  std::vector<civil_date> out;
  if (!request.from && !request.to) {
    for (const civil_date& date : stored)
      if (from_settlement_period({date, 1})->start_s() < as_of_s)
        out.push_back(date);
    return out;
  }
  if (stored.empty() && !(request.from && request.to))
    return out;
  const std::int32_t first = days_from_civil(request.from ? *request.from : stored.front());
  const std::int32_t end = request.to ? days_from_civil(*request.to) : days_from_civil(stored.back()) + 1;
  if (end - first > most_dates)
    return error{errc::usage, "--from and --to are more than ten years apart: ask for a shorter range"};
  for (std::int32_t day = first; day < end; ++day)
    out.push_back(civil_from_days(day));
  return out;
}

/// Standard output by the megabyte: by transformer there may be many rows.
class row_printer {
public:
  row_printer(const deadline_frame& frame, bool json) : frame_(&frame), json_(json) {}

  bool put(std::string text) {
    pending_ += text;
    return pending_.size() < print_bytes || flush();
  }
  bool put(const deadline_row& row) { return put(json_ ? deadline_json(*frame_, row) : deadline_text(*frame_, row)); }
  bool flush() {
    const bool printed = print_result(deadline_command, pending_) == 0;
    pending_.clear();
    return printed;
  }

private:
  const deadline_frame* frame_;
  bool json_;
  std::string pending_;
};

bool print_groups(row_printer& out, const deadline_frame& frame, const run_plan& plan,
                  const progress_meter::groups& groups) {
  for (const auto& [group, dates] : groups)
    for (const planned_run& run : plan.runs) {
      const date_progress& counts = dates[run.date];
      if (counts.expected == 0)
        continue;
      const deadline_row row{group, &plan.dates[run.date], &counts, &run,
                             progress_of(run, plan, dates, frame.target_share)};
      if (!out.put(row))
        return false;
    }
  return true;
}

void note_unknown_runs(const run_plan& plan, const settlement_calendar& calendar) {
  std::string note;
  if (plan.dates_with_unknown_runs != 0)
    note += "gridtwin deadline: some runs of " + std::to_string(plan.dates_with_unknown_runs)
            + " dates are left out: bank holidays are known from " + std::to_string(calendar.days().first_year())
            + " to " + std::to_string(calendar.days().last_year()) + " (--holidays)\n";
  if (plan.dates_without_timetable != 0)
    note += "gridtwin deadline: " + std::to_string(plan.dates_without_timetable)
            + " dates are left out: no timetable is for them (--settings)\n";
  std::fputs(note.c_str(), stderr);
}

/// As it is given, or the last instant at which anything in the store became known.
result<std::int64_t> as_of_instant(const deadline_options& o, store_view& view) {
  if (!o.as_of.empty()) {
    const auto instant = parse_instant(o.as_of);
    return instant ? instant : result<std::int64_t>(error{errc::usage, "--as-of: " + instant.failure().message});
  }
  const auto last = view.reader().last_known();
  if (!last)
    return last.failure();
  if (!*last)
    return error{errc::usage, "the store holds no reading that could tell the time: say it with --as-of"};
  return **last;
}

result<bool> print_runs(store_view& view, const deadline_frame& frame, const run_plan& plan, bool json) {
  auto meter = progress_meter::open(view.cut(), plan.dates, frame.by);
  if (!meter)
    return meter.failure();
  row_printer out(frame, json);
  if (!json && !out.put(deadline_heading(frame)))
    return false;
  for (std::uint32_t t = 0; t < view.estate().transformers.size(); ++t) {
    if (interrupted())
      return error{errc::interrupted, "interrupted"};
    if (auto added = meter->add({t}); !added)
      return added.failure();
    if (frame.by == progress_group::transformer && !print_groups(out, frame, plan, meter->take()))
      return false;
  }
  if (!print_groups(out, frame, plan, meter->take()))
    return false;
  return (json || out.put(deadline_legend(frame))) && out.flush();
}

int run(const deadline_options& o) {
  const auto request = request_of(o);
  if (!request)
    return report_failure(deadline_command, request.failure());
  const auto basis = read_settlement_basis(o.settlement);
  if (!basis)
    return report_failure(deadline_command, basis.failure());
  catch_interrupts();
  auto view = store_view::open(o.store);
  if (!view)
    return report_failure(deadline_command, view.failure());
  const auto as_of = as_of_instant(o, *view);
  if (!as_of)
    return report_failure(deadline_command, as_of.failure());
  view->look_back_to(*as_of);
  auto stored = stored_dates(view->cut(), view->days());
  if (!stored)
    return report_failure(deadline_command, stored.failure());
  auto shown = shown_dates(*request, *stored, *as_of);
  if (!shown)
    return report_failure(deadline_command, shown.failure());
  const run_plan plan = plan_runs({&basis->calendar, basis->settings.gate_minute, *as_of, std::move(*shown),
                                   std::move(*stored), request->run, o.all});
  const deadline_frame frame{*as_of, !o.as_of.empty(), request->target_share, request->by,
                             o.settlement.settings.empty() ? "built in" : o.settlement.settings};
  const auto printed = print_runs(*view, frame, plan, o.json);
  if (!printed)
    return report_failure(deadline_command, printed.failure());
  note_unknown_runs(plan, basis->calendar);
  return *printed ? 0 : 1;
}

} // namespace

void register_deadline(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<deadline_options>();
  CLI::App* app = parent.add_subcommand(
    "deadline", "Shows how complete each settlement date is, and whether it will be at the gates of its runs");
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--as-of", o->as_of,
                  "The instant that counts as now (UTC); otherwise when the last reading in the store became known");
  app->add_option("--run", o->run, "Only this run: II, SF, R1, R2, R3, RF, DR or DF");
  app->add_option("--from", o->from, "First settlement date (local), as 2026-03-01");
  app->add_option("--to", o->to, "First settlement date that is not shown any more");
  app->add_option("--by", o->by, "Counts apart by supplier, gsp_group or transformer");
  app->add_option("--target", o->target,
                  "Per cent that should be there at the gate; less by the forecast is at-risk (100, the target of the "
                  "Supplier Charges for half-hourly settlement)");
  add_settlement_options(*app, o->settlement);
  app->add_flag("--all", o->all, "Runs whose gate has passed, too");
  app->add_flag("--json", o->json, "Print one JSON object a line instead of text");
  app->footer("Verdicts: complete; open (something is missing, the gate is ahead); at-risk (the same, and as earlier\n"
              "dates went it will not reach the target); missed (with --all: something was missing at the gate).\n"
              "What becomes known at the gate or later is too late for the run.\n"
              "Example:\n  gridtwin deadline --store store --run SF --as-of 2026-03-10T09:00:00Z");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
