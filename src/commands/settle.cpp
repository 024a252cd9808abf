#include "src/commands/settle.hpp"

#include "config/printable_text.hpp"
#include "src/commands/settle_run.hpp"
#include "src/process/interrupt.hpp"
#include "src/process/small_file.hpp"
#include "twins/energy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

namespace gridtwin {

namespace {

constexpr std::string_view settle_command = "settle";

struct settle_command_options {
  std::string store;
  std::string run;
  std::string date;
  std::string as_of;
  std::string out;
  std::size_t threads = 0;
  bool json = false;
  settlement_options settlement;
};

result<settle_plan> plan_of(const settle_command_options& o) {
  settle_plan plan;
  const auto run = parse_run_code(o.run);
  if (!run) {
    std::string known;
    for (const std::string_view name : run_names)
      known += (known.empty() ? "" : ", ") + std::string(name);
    return error{errc::usage, "--run: there is no run '" + o.run + "': one of " + known};
  }
  plan.run = *run;
  const auto date = parse_date(o.date);
  if (!date)
    return error{errc::usage, "--date: " + date.failure().message};
  plan.date = *date;
  if (!o.as_of.empty()) {
    const auto instant = parse_instant(o.as_of);
    if (!instant)
      return error{errc::usage, "--as-of: " + instant.failure().message};
    plan.as_of = *instant;
  }
  plan.store = o.store;
  plan.out = o.out;
  plan.threads = o.threads != 0 ? o.threads : std::max(1U, std::thread::hardware_concurrency());
  return plan;
}

std::string optional_string(const std::optional<std::string>& text) { return text ? json_string(*text) : "null"; }

/// What the run is, the same whenever it is repeated.
std::string json_of(const settle_plan& plan, const settle_outcome& o) {
  const settlement_totals& t = o.totals;
  const auto date = o.run_date ? std::optional(format_date(*o.run_date)) : std::nullopt;
  const auto gate = o.gate_at_s ? std::optional(format_instant(*o.gate_at_s)) : std::nullopt;
  std::string out = fmt::format("{{\"run\":\"{}\",\"settlement_date\":\"{}\",\"timetable\":{}", name_of(plan.run),
                                format_date(plan.date), json_string(o.timetable));
  out += fmt::format(",\"run_date\":{},\"gate\":{},\"known_at\":\"{}\",\"provisional\":{}", optional_string(date),
                     optional_string(gate), format_instant(o.known_at_s), o.provisional);
  out += fmt::format(
    ",\"periods\":{},\"meters\":{},\"half_hours\":{},\"actual\":{},\"estimated\":{},\"received_estimates\":{}",
    settlement_periods_of(plan.date), t.meters(), t.half_hours(), t.actual(), t.half_hours() - t.actual(),
    t.received_estimates());
  out += ",\"by_method\":{";
  bool first = true;
  for (std::size_t i = 0; i < estimation_method_count; ++i)
    if (t.by_method()[i] != 0) {
      out += fmt::format("{}\"{}\":{}", first ? "" : ",", name_of(static_cast<estimation_method>(i)), t.by_method()[i]);
      first = false;
    }
  out += "},\"energy_wh\":{";
  first = true;
  for (const quantity q : quantities_by_name) {
    const auto& sum = t.by_quantity()[index_of(q)];
    if (sum.actual_wh == 0 && sum.estimated_wh == 0)
      continue;
    out += fmt::format("{}\"{}\":{{\"actual\":{},\"estimated\":{}}}", first ? "" : ",", name_of(q), sum.actual_wh,
                       sum.estimated_wh);
    first = false;
  }
  out += fmt::format("}},\"worklist\":{},\"shape_version\":\"{}\",\"inputs\":\"{}\",\"outputs\":\"{}\"", o.work_items,
                     to_hex(o.shapes), to_hex(o.inputs), to_hex(o.outputs));
  if (o.previous) {
    out += fmt::format(",\"previous\":{{\"run\":\"{}\",\"known_at\":\"{}\",\"outputs\":\"{}\"}},\"changes\":{{",
                       name_of(o.previous->run), format_instant(o.previous->known_at_s), to_hex(o.previous->outputs));
    first = true;
    for (std::size_t i = 0; i < change_cause_count; ++i)
      if (t.by_change()[i] != 0) {
        out += fmt::format("{}\"{}\":{}", first ? "" : ",", name_of(static_cast<change_cause>(i)), t.by_change()[i]);
        first = false;
      }
    out += "}";
  } else {
    out += ",\"previous\":null";
  }
  out += ",\"files\":{";
  for (std::size_t i = 0; i < o.files.size(); ++i)
    out += fmt::format("{}\"{}\":{{\"rows\":{},\"sha256\":\"{}\"}}", i == 0 ? "" : ",", o.files[i].name,
                       o.files[i].rows, to_hex(o.files[i].hash));
  return out + "}}";
}

std::string share_of_all(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : format_ratio(static_cast<uint128>(part) * 100, whole, 2) + " %";
}

std::string text_of(const settle_plan& plan, const settle_outcome& o, const std::string& folder, std::int64_t elapsed) {
  const settlement_totals& t = o.totals;
  const auto line = [](std::string_view what, const std::string& value) {
    return fmt::format("  {:<30}{:>22}\n", what, value);
  };
  std::string out = fmt::format("Run {} of settlement date {}, {} periods, timetable {}\n", name_of(plan.run),
                                format_date(plan.date), settlement_periods_of(plan.date), o.timetable);
  if (o.gate_at_s)
    out += line(o.provisional ? "gate, still ahead" : "gate", format_instant(*o.gate_at_s));
  out += line("as known at", format_instant(o.known_at_s));
  out += line("meters", with_thousands(t.meters()));
  out += line("half hours", with_thousands(t.half_hours()));
  out += line("  actual", with_thousands(t.actual()) + ", " + share_of_all(t.actual(), t.half_hours()));
  if (t.received_estimates() != 0)
    out += line("  estimates that were received", with_thousands(t.received_estimates()));
  for (std::size_t i = 0; i < estimation_method_count; ++i)
    if (t.by_method()[i] != 0)
      out += line("  " + std::string(name_of(static_cast<estimation_method>(i))), with_thousands(t.by_method()[i]));
  for (const quantity q : quantities_by_name)
    if (const auto& sum = t.by_quantity()[index_of(q)]; sum.actual_wh + sum.estimated_wh != 0)
      out += line(std::string(name_of(q)) + (index_of(q) < 2 ? ", MWh" : ", Mvarh"),
                  format_ratio(static_cast<uint128>(sum.actual_wh + sum.estimated_wh), 1'000'000, 6));
  if (o.previous) {
    out +=
      fmt::format("Against run {} as known at {}\n", name_of(o.previous->run), format_instant(o.previous->known_at_s));
    for (std::size_t i = 0; i < change_cause_count; ++i)
      if (t.by_change()[i] != 0)
        out += line(name_of(static_cast<change_cause>(i)), with_thousands(t.by_change()[i]));
  }
  out += fmt::format("Written to {} in {} s\n", folder, format_seconds(elapsed));
  for (const auto& file : o.files)
    out += line(file.name, with_thousands(file.rows) + (file.rows == 1 ? " row" : " rows"));
  out += "  inputs  " + to_hex(o.inputs) + "\n  outputs " + to_hex(o.outputs) + "\n";
  out += o.provisional ? "Not recorded: the gate of the run is still ahead.\n"
         : o.recorded  ? "Recorded in the store's journal.\n"
                       : "Recorded before, with the same inputs and outputs.\n";
  if (o.work_items != 0)
    out += fmt::format("\nNext, what would mend the estimates, largest energy first:\n  head {}/worklist.csv\n",
                       shell_word(folder));
  return out;
}

int run(const settle_command_options& o, const millisecond_clock& now) {
  catch_interrupts();
  const auto plan = plan_of(o);
  if (!plan)
    return report_failure(settle_command, plan.failure());
  const auto basis = read_settlement_basis(o.settlement);
  if (!basis)
    return report_failure(settle_command, basis.failure());
  progress_line line("transformers", now);
  const auto outcome =
    run_settlement(*plan, *basis, [&](std::uint64_t done, std::uint64_t all) { line.show(done, all); });
  line.clear();
  if (!outcome)
    return report_failure(settle_command, outcome.failure());
  const std::string json = json_of(*plan, *outcome);
  if (auto written = write_small_file((plan->out / "run.json").string(), json + "\n"); !written)
    return report_failure(settle_command, written.failure());
  return print_result(settle_command, o.json ? json + "\n" : text_of(*plan, *outcome, o.out, line.elapsed_ms()));
}

} // namespace

void register_settle(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                     const millisecond_clock& now) {
  auto o = std::make_shared<settle_command_options>();
  CLI::App* app =
    parent.add_subcommand("settle", "Settles a local date: every half hour of every meter, valid or estimated");
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--run", o->run, "II, SF, R1, R2, R3, RF, DR or DF")->required();
  app->add_option("--date", o->date, "Settlement date (local), as 2026-03-01")->required();
  app->add_option("--as-of", o->as_of,
                  "What became known later (UTC) does not count. Before the run's gate the result is provisional and "
                  "not recorded; a run that the timetable does not have is held then");
  app->add_option("--out", o->out, "Folder for the tables; made where it is missing")->required();
  add_settlement_options(*app, o->settlement);
  app->add_option("--threads", o->threads, "Threads; default: one a processor")->check(CLI::Range(1, 256));
  app->add_flag("--json", o->json, "Print one JSON object, the same as in run.json, instead of text");
  app->footer(
    "What was known at the run's gate is settled; what is missing is estimated by the ladder of methods in the\n"
    "settings. The same readings, estate and settings give the same bytes, whenever it is run.\n"
    "Tables: meter-days, estimates, settlement-local, shares, worklist, difference (to the run before).\n"
    "Example:\n  gridtwin settle --store store --run SF --date 2026-03-01 --out sf-2026-03-01");
  app->callback([o, select, now] { select([o, now] { return run(*o, now); }); });
}

} // namespace gridtwin
