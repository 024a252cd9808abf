#include "src/commands/sim_register.hpp"

#include "src/commands/sim_estate.hpp"
#include "src/commands/sim_reads.hpp"

#include <functional>
#include <memory>

namespace gridtwin {

namespace {

using select_command = std::function<void(std::function<int()>)>;

void register_sim_estate(CLI::App& sim, const select_command& select, const millisecond_clock& now) {
  auto options = std::make_shared<sim_estate_options>();
  CLI::App* estate = sim.add_subcommand("estate", "Writes an estate: transformers, feeders and meters as CSV files");
  estate->add_option("--meters", options->meters, "How many meters, 10 to 31000000")->required();
  estate->add_option("--out", options->out, "Folder to write; made where it is missing")->required();
  estate->add_option("--seed", options->seed, "The same seed gives the same files; 1 if not given");
  estate->add_flag("--json", options->json, "Print one JSON object instead of text");
  estate->footer("Example:\n  gridtwin sim estate --meters 1000 --out estate --seed 1");
  estate->callback([options, select, now] { select([options, now] { return run_sim_estate(*options, now); }); });
}

void register_sim_reads(CLI::App& sim, const select_command& select, const millisecond_clock& now) {
  auto options = std::make_shared<sim_reads_options>();
  CLI::App* reads = sim.add_subcommand("reads", "Writes half-hourly readings of an estate, with faults on purpose");
  reads->add_option("--estate", options->estate, "Folder of the estate")->required();
  reads->add_option("--from", options->from, "First UTC day, as 2026-03-01")->required();
  reads->add_option("--days", options->days, "How many days")->required();
  reads->add_option("--seed", options->seed, "The same seed gives the same file; 1 if not given");
  reads->add_option("--out", options->out, "CSV file to write (uncompressed), or - for standard output")->required();
  reads->add_option("--faults", options->faults,
                    "Rates of faults, as gap=0.01,duplicate=0.001. Known: gap, duplicate, conflict, correction, "
                    "off-grid, null, negative, too-large, unknown-meter, shuffled, outage. 'all' is a usual rate of "
                    "each, 'all,gap=0.2' all with more gaps");
  reads->add_option("--truth", options->truth,
                    "JSON file for what was injected, and what 'replay --json' must find in an empty store");
  reads->add_option("--order", options->order,
                    "Order of rows: time, meter or random (in memory, up to 20 million half hours); the rows are the "
                    "same. Default time");
  reads->add_flag("--json", options->json, "Print one JSON object instead of text");
  reads->footer("Example:\n  gridtwin sim reads --estate estate --from 2026-03-01 --days 7 --seed 1 --out reads.csv "
                "--faults all --truth truth.json");
  reads->callback([options, select, now] { select([options, now] { return run_sim_reads(*options, now); }); });
}

} // namespace

void register_sim(CLI::App& parent, const select_command& select, const millisecond_clock& now) {
  CLI::App* sim = parent.add_subcommand("sim", "Simulated estates and readings, reproducible by seed");
  sim->require_subcommand(1);
  sim->footer("Example:\n  gridtwin sim estate --meters 1000 --out estate\n  gridtwin sim reads --estate estate --from "
              "2026-03-01 --days 7 --out reads.csv");
  register_sim_estate(*sim, select, now);
  register_sim_reads(*sim, select, now);
}

} // namespace gridtwin
