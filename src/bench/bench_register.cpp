#include "src/bench/bench_register.hpp"

#include "src/bench/bench_estimates.hpp"
#include "src/bench/bench_memory.hpp"
#include "src/bench/bench_restarts.hpp"
#include "src/bench/bench_rules.hpp"

#include <memory>

namespace gridtwin {

namespace {

constexpr std::uint32_t most_meters = 31'000'000; // all of Great Britain
constexpr std::uint32_t largest_transformer = 10'000;
constexpr std::uint32_t most_held_back = 1'000'000;

void add_estate_options(CLI::App& to, bench_estate_plan& plan) {
  to.add_option("--meters", plan.meters, "How many meters, up to 31000000; default 1000000")
    ->check(CLI::Range(1U, most_meters));
  to.add_option("--meters-a-feeder", plan.meters_a_feeder, "Default 50")->check(CLI::Range(1U, largest_transformer));
  to.add_option("--meters-a-transformer", plan.meters_a_transformer, "A multiple of the above; default 200")
    ->check(CLI::Range(1U, largest_transformer));
  to.add_flag("--export", plan.exports, "Every meter exports, too: two readings a meter and half hour");
}

void add_restarts_options(CLI::App& to, bench_restarts_options& o) {
  constexpr std::uint32_t most_kept = 1'000'000; // half hours of a day are written for each
  to.add_option("--meters", o.estate.meters, "How many meters, up to 1000000; default 100000")
    ->check(CLI::Range(1U, most_kept));
  to.add_option("--meters-a-feeder", o.estate.meters_a_feeder, "Default 50")
    ->check(CLI::Range(1U, largest_transformer));
  to.add_option("--meters-a-transformer", o.estate.meters_a_transformer, "A multiple of the above; default 200")
    ->check(CLI::Range(1U, largest_transformer));
  to.add_option("--kills", o.kills, "Twins to kill at once; default: all")->check(CLI::Range(1U, most_kept));
  to.add_option("--restarts", o.restarts, "Restarts after that, in rounds of as many as --kills; default 1000000")
    ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000}));
  to.add_option("--half-hours", o.half_hours, "Half hours of a day that each twin holds; default 48")
    ->check(CLI::Range(1, periods_per_day));
  to.add_option("--threads", o.threads, "Threads; default: one a processor")->check(CLI::Range(1, 256));
  to.add_flag("--json", o.json, "Print one JSON object instead of text");
  to.footer(
    "The store is made in the folder for temporary files (TMPDIR) and taken away again; some 6 bytes a half hour.\n"
    "Example:\n  gridtwin bench restarts --meters 100000 --kills 100000\n"
    "  gridtwin bench restarts --meters 20000 --restarts 0 --json");
}

} // namespace

void register_bench(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                    const microsecond_clock& now) {
  CLI::App* bench = parent.add_subcommand("bench", "Measures the runtime on this machine");
  bench->require_subcommand(1);
  bench->footer("Example:\n  gridtwin bench twins --meters 1000000\n  gridtwin bench memory");

  auto t = std::make_shared<bench_twins_options>();
  CLI::App* twins =
    bench->add_subcommand("twins", "Real twins, all rules on, one half hour a meter a round; nothing is stored");
  add_estate_options(*twins, t->estate);
  twins->add_option("--rounds", t->rounds, "Half hours for every meter; default 11")->check(CLI::Range(1, 100'000));
  twins->add_option("--threads", t->threads, "Threads; default: one a processor")->check(CLI::Range(1, 256));
  twins
    ->add_option("--path", t->path,
                 "group (default): as in a replay, with others by the transformer; handle: each reading alone, as a "
                 "message to the twin's own handle")
    ->check(CLI::IsMember({"group", "handle"}));
  twins->add_flag("--json", t->json, "Print one JSON object instead of text");
  twins->footer("Example:\n  gridtwin bench twins --meters 1000000 --rounds 21\n"
                "  gridtwin bench twins --meters 31000000 --rounds 3     # takes about 16 GB of memory");
  twins->callback([t, select, now] { select([t, now] { return run_bench_twins(*t, now); }); });

  auto m = std::make_shared<bench_memory_options>();
  CLI::App* memory = bench->add_subcommand("memory", "Where each byte of a twin with an open day goes");
  add_estate_options(*memory, m->estate);
  memory->add_flag("--json", m->json, "Print one JSON object instead of text");
  memory->footer("Example:\n  gridtwin bench memory --meters 1000000 --export");
  memory->callback([m, select] { select([m] { return run_bench_memory(*m); }); });

  auto k = std::make_shared<bench_restarts_options>();
  CLI::App* restarts = bench->add_subcommand(
    "restarts", "Kills real twins by their handles, all at once and again and again: how soon they are back, rebuilt "
                "from a store, and whether memory grows");
  add_restarts_options(*restarts, *k);
  restarts->callback([k, select, now] { select([k, now] { return run_bench_restarts(*k, now); }); });

  auto r = std::make_shared<bench_rules_options>();
  CLI::App* rules = bench->add_subcommand("rules", "Nanoseconds that each rule takes on a reading that passes it");
  rules->add_option("--rounds", r->rounds, "Measurements of each, of which the median counts; default 11")
    ->check(CLI::Range(1, 1000));
  rules->add_flag("--json", r->json, "Print one JSON object instead of text");
  rules->footer("Example:\n  gridtwin bench rules");
  rules->callback([r, select, now] { select([r, now] { return run_bench_rules(*r, now); }); });

  auto e = std::make_shared<bench_estimates_options>();
  CLI::App* estimates = bench->add_subcommand(
    "estimates", "How far estimates of half hours that are known are off, by method and against two yardsticks");
  estimates->add_option("--store", e->store, "Folder of the store")->required();
  estimates
    ->add_option("--count", e->count, "Half hours to hold back, once at random, once in gaps of a day; default 20000")
    ->check(CLI::Range(1U, most_held_back));
  estimates->add_option("--seed", e->seed, "Chooses them; default 1");
  estimates->add_flag("--json", e->json, "Print one JSON object instead of text");
  estimates->footer(
    "It takes months of readings: what is held back must be a tenth of them at most, and own history is four weeks.\n"
    "Example:\n  gridtwin bench estimates --store store");
  estimates->callback([e, select] { select([e] { return run_bench_estimates(*e); }); });
}

} // namespace gridtwin
