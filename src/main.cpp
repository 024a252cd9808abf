#include "src/bench/bench_register.hpp"
#include "src/commands/alarms.hpp"
#include "src/commands/audit.hpp"
#include "src/commands/changes.hpp"
#include "src/commands/deadletters.hpp"
#include "src/commands/deadline.hpp"
#include "src/commands/digest.hpp"
#include "src/commands/explain.hpp"
#include "src/commands/export.hpp"
#include "src/commands/load.hpp"
#include "src/commands/message_check.hpp"
#include "src/commands/node.hpp"
#include "src/commands/pki.hpp"
#include "src/commands/replay.hpp"
#include "src/commands/send.hpp"
#include "src/commands/settle.hpp"
#include "src/commands/sim_register.hpp"
#include "src/commands/status.hpp"
#include "src/commands/tail.hpp"
#include "src/commands/twins.hpp"
#include "src/commands/verify.hpp"
#include "src/commands/webhooks.hpp"
#include "src/process/clock.hpp"

#include <CLI/CLI.hpp>
#include <malloc.h>

#include <functional>
#include <iostream>
#include <string>

namespace {

/// Blocks of lines and batches come and go by the megabyte. Kept in the heap they are used again; given back to the
/// system each time they cost a seventh of a replay in page faults (docs/performance.md).
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_ARENA_MAX, 4);
}

/// The command that was called, as it is typed: `gridtwin alarms ack`.
std::string named_command(const CLI::App& app) {
  std::string out = app.get_name();
  for (auto of = app.get_subcommands(); !of.empty(); of = of.front()->get_subcommands())
    out += " " + of.front()->get_name();
  return out;
}

} // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  CLI::App app("gridtwin: half-hourly meter readings through supervised twins, from file to digest");
  app.name("gridtwin");
  app.set_version_flag("--version", "gridtwin 0.1.0");
  app.require_subcommand(1);
  app.footer("Example, from nothing:\n"
             "  gridtwin sim estate --meters 1000 --out estate\n"
             "  gridtwin sim reads --estate estate --from 2026-03-01 --days 2 --faults all --out reads.csv\n"
             "  gridtwin replay --estate estate --reads reads.csv --store store\n"
             "  gridtwin export feeder-load --store store\n"
             "Exit status: 0 done, 1 failed while running, 2 wrong usage or unreadable input.");
  std::function<int()> chosen;
  const auto select = [&chosen](std::function<int()> run) { chosen = std::move(run); };
  gridtwin::register_replay(app, select, gridtwin::monotonic_ms);
  gridtwin::register_send(app, select, gridtwin::monotonic_us);
  gridtwin::register_load(app, select, gridtwin::monotonic_us);
  gridtwin::register_export(app, select);
  gridtwin::register_digest(app, select);
  gridtwin::register_settle(app, select, gridtwin::monotonic_ms);
  gridtwin::register_deadline(app, select);
  gridtwin::register_explain(app, select);
  gridtwin::register_tail(app, select);
  gridtwin::register_node(app, select, gridtwin::wall_clock_s);
  gridtwin::register_status(app, select);
  gridtwin::register_verify(app, select, gridtwin::monotonic_ms);
  gridtwin::register_alarms(app, select);
  gridtwin::register_webhooks(app, select);
  gridtwin::register_twins(app, select);
  gridtwin::register_deadletters(app, select);
  gridtwin::register_audit(app, select);
  gridtwin::register_changes(app, select);
  gridtwin::register_message(app, select);
  gridtwin::register_pki(app, select, gridtwin::wall_clock_s);
  gridtwin::register_sim(app, select, gridtwin::monotonic_ms);
  gridtwin::register_bench(app, select, gridtwin::monotonic_us);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& failure) {
    // Without a known command the library complains of what is missing, not of what is wrong.
    const std::string first = argc > 1 ? argv[1] : "";
    const bool named = !first.empty() && first.front() != '-'
                       && app.get_subcommands([&](const CLI::App* a) { return a->get_name() == first; }).empty();
    std::cerr << "gridtwin: " << (named ? "there is no command '" + first + "'" : failure.what()) << " ("
              << (named ? "gridtwin" : named_command(app)) << " --help shows what there is)\n";
    return 2;
  } catch (const CLI::ParseError& failure) {
    if (failure.get_exit_code() == 0) // --help
      return app.exit(failure);
    std::cerr << "gridtwin: " << failure.what() << " (" << named_command(app) << " --help shows what there is)\n";
    return 2;
  }
  return chosen ? chosen() : 2;
}
