#include "src/commands/replay.hpp"

#include "config/printable_text.hpp"
#include "config/toml_document.hpp"
#include "src/commands/market_file.hpp"
#include "src/commands/replay_report.hpp"
#include "src/process/interrupt.hpp"
#include "src/process/small_file.hpp"
#include "src/replay/replay_run.hpp"
#include "src/replay/rule_binding.hpp"
#include "src/replay/run_inputs.hpp"
#include "src/replay/source_blocks.hpp"

#include <unistd.h>

#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view replay_command = "replay";

struct replay_options {
  std::string estate;
  std::vector<std::string> reads;
  std::string format = "generic";
  std::string market;
  std::string meter;
  std::uint32_t version = 1;
  std::string received_at;
  std::string as_of;
  std::string rules;
  std::string store;
  std::size_t threads = 0;
  std::string json_out;
  bool json = false;
};

/// How the sources are read. Messages name their meters and are guarded by where this runs; rows are not.
result<source_format> format_of(const replay_options& o) {
  auto out = format_called(o.format);
  if (!out)
    return out;
  if (out->messages) {
    if (!o.meter.empty())
      return error{errc::usage, "--meter is for files of rows: a message names its meter"};
    out->messages->version = static_cast<std::uint16_t>(o.version);
    if (o.market.empty())
      return out;
    const auto market = read_market_file(o.market);
    if (!market)
      return market.failure();
    out->messages->environment = market->environment;
    return out;
  }
  if (!o.market.empty())
    return error{errc::usage, "--market is for --format " + std::string(if021_name)};
  out->rows.version = o.version;
  if (!o.meter.empty())
    out->rows.meter = o.meter;
  return out;
}

/// What the journal keeps of a run: what decides how its sources were read and judged. `rules`: members of the object.
std::string describe(const replay_options& o, const source_format& format, const std::string& profile_text,
                     const std::string& rules) {
  std::string out = "{\"format\":" + json_string(o.format);
  if (format.messages)
    out += ",\"environment\":" + json_string(name_of(format.messages->environment));
  if (!profile_text.empty())
    out += ",\"profile\":" + json_string(profile_text);
  if (!o.meter.empty())
    out += ",\"meter\":" + json_string(o.meter);
  out += ",\"version\":" + std::to_string(o.version);
  if (!o.received_at.empty())
    out += ",\"received_at\":" + json_string(o.received_at);
  if (!o.as_of.empty())
    out += ",\"as_of\":" + json_string(o.as_of);
  return out + "," + rules + "}";
}

/// What the run is judged by, once it is known what the store has bound.
result<void> apply_rules(const replay_options& o, const store_folder& folder, std::optional<rule_pack> given,
                         replay_plan& plan) {
  const auto binding = bind_rules(folder, std::move(given));
  if (!binding)
    return binding.failure();
  const rule_settings& rules = binding->pack.settings;
  plan.limits.energy = rules.energy;
  plan.format.rows.drift_tolerance_s = rules.drift_tolerance_s;
  if (plan.format.messages)
    plan.format.messages->limits = plan.limits;
  plan.binds_rules = binding->changed;
  std::string profile_text;
  if (o.format.ends_with(".toml"))
    if (auto text = read_small_file(o.format, toml_bytes_limit))
      profile_text = std::move(*text);
  plan.options_text = describe(o, plan.format, profile_text, describe_rules(*binding));
  return {};
}

result<replay_plan> plan_of(const replay_options& o) {
  replay_plan plan;
  for (const std::string* time : {&o.received_at, &o.as_of}) {
    if (time->empty())
      continue;
    const auto instant = parse_instant(*time);
    if (!instant)
      return error{errc::usage, (time == &o.as_of ? "--as-of: " : "--received-at: ") + instant.failure().message};
    (time == &o.as_of ? plan.limits.as_of_s : plan.known.at_s) = *instant;
  }
  if (o.version < 1 || o.version > version_limit)
    return error{errc::usage, "--version must lie between 1 and " + std::to_string(version_limit)};
  auto format = format_of(o);
  if (!format)
    return format.failure();
  plan.format = std::move(*format);
  std::span<const std::string_view> endings = row_file_endings;
  if (plan.format.messages)
    endings = message_file_endings;
  auto listed = list_sources({o.reads.begin(), o.reads.end()}, endings);
  if (!listed)
    return listed.failure();
  plan.sources = std::move(listed->sources);
  for (const std::string& name : listed->passed_over)
    std::fprintf(stderr, "note: %s is passed over: in a folder only files named %s are read\n", name.c_str(),
                 name_endings(endings).c_str());
  if (auto loaded = load_estate(o.estate, plan); !loaded)
    return loaded.failure();
  if (auto readable = check_sources(plan); !readable)
    return readable.failure();
  if (const auto note = close_past_final_runs(plan.limits))
    std::fprintf(stderr, "note: %s\n", note->c_str());
  plan.threads = o.threads != 0 ? o.threads : std::max(1U, std::thread::hardware_concurrency());
  return plan;
}

/// What the options name, as far as it can be told without the store.
struct replay_preparation {
  replay_plan plan;
  std::optional<rule_pack> rules;
};

result<replay_preparation> prepare(const replay_options& o) {
  auto plan = plan_of(o);
  if (!plan)
    return plan.failure();
  replay_preparation out{std::move(*plan), std::nullopt};
  if (o.rules.empty())
    return out;
  auto rules = read_rule_pack(o.rules);
  if (!rules)
    return rules.failure();
  out.rules = std::move(*rules);
  return out;
}

/// The line that tells how far a run is: on a terminal, after the first second.
class replay_progress_line {
public:
  explicit replay_progress_line(const millisecond_clock& now)
    : now_(now), start_ms_(now()), next_ms_(start_ms_ + 1000), terminal_(isatty(STDERR_FILENO) == 1) {}

  void show(const replay_progress& p) {
    if (!terminal_ || now_() < next_ms_)
      return;
    next_ms_ = now_() + 250;
    const std::int64_t elapsed = std::max<std::int64_t>(now_() - start_ms_, 1);
    std::string line = with_thousands(p.readings) + " readings durable, "
                       + with_thousands(p.readings * 1000 / static_cast<std::uint64_t>(elapsed)) + "/s";
    if (p.finishing)
      line += ", summarising days";
    else if (p.bytes_done > 0 && p.bytes_total > 0)
      line +=
        ", " + std::to_string(p.bytes_done * 100 / p.bytes_total) + " %, "
        + std::to_string(static_cast<std::uint64_t>(elapsed) * (p.bytes_total - p.bytes_done) / p.bytes_done / 1000)
        + " s left";
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
    shown_ = true;
  }

  void clear() {
    if (shown_)
      std::fputs("\r\033[K", stderr);
  }

private:
  const millisecond_clock& now_;
  std::int64_t start_ms_;
  std::int64_t next_ms_;
  bool terminal_;
  bool shown_ = false;
};

int run(const replay_options& o, const millisecond_clock& now) {
  const std::int64_t start = now();
  catch_interrupts();
  // The disk is waited for while the estate is read.
  std::future<result<store_folder>> opening =
    std::async(std::launch::async, [&o] { return store_folder::for_writing(o.store); });
  auto prepared = prepare(o);
  auto folder = opening.get();
  if (!prepared) {
    if (folder)
      std::move(*folder).take_back();
    return report_failure(replay_command, prepared.failure());
  }
  if (!folder)
    return report_failure(replay_command, folder.failure());
  auto& [plan, rules] = *prepared;
  if (auto applied = apply_rules(o, *folder, std::move(rules), plan); !applied)
    return report_failure(replay_command, applied.failure());
  replay_progress_line line(now);
  std::optional<result<store_view>> view;
  std::optional<result<store_totals>> after;
  const auto outcome = run_replay(
    plan, *folder, [&](const replay_progress& p) { line.show(p); },
    [&](const known_estate& bound) {
      view.emplace(store_view::open(o.store, bound));
      if (*view)
        after.emplace(read_store_totals(**view));
    });
  line.clear();
  if (!outcome)
    return report_failure(replay_command, outcome.failure());
  if (outcome->stopped_by)
    return report_failure(replay_command, *outcome->stopped_by);
  if (!*view)
    return report_failure(replay_command, view->failure());
  if (!*after)
    return report_failure(replay_command, after->failure());
  const std::int64_t elapsed = now() - start;
  const std::string json = replay_json(plan, *outcome, **after, elapsed);
  if (!o.json_out.empty())
    if (auto written = write_small_file(o.json_out, json); !written)
      return report_failure(replay_command, written.failure());
  if (o.json)
    return print_result(replay_command, json);
  return print_result(replay_command, replay_text(plan, *outcome, **after, elapsed, **view, o.store));
}

} // namespace

void register_replay(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                     const millisecond_clock& now) {
  auto o = std::make_shared<replay_options>();
  CLI::App* replay =
    parent.add_subcommand("replay", "Reads files of half-hourly readings through the twins into a store");
  replay
    ->add_option(
      "--estate", o->estate,
      "Folder with transformers.csv, feeders.csv and meters.csv; registers.csv, annual.csv, appointments.csv "
      "and load_shapes.csv are taken along")
    ->required();
  replay->add_option("--reads", o->reads, "Files or folders of readings; .gz is read as it is")->required();
  replay->add_option("--format", o->format,
                     "generic (default), lcl, lcl-kaggle, or a profile file (*.toml); if-021: messages");
  replay->add_option(
    "--market", o->market,
    "Market settings (*.toml) for if-021: a message of production is taken only where 'environment' is "
    "PRD, and no other there; default: this is not production");
  replay->add_option("--meter", o->meter, "The meter of files that have no column for it");
  replay->add_option("--version", o->version, "Version of readings in files that have no column for it; default 1");
  replay->add_option("--received-at", o->received_at,
                     "When the readings were received (UTC); default: end of their period");
  replay->add_option("--as-of", o->as_of,
                     "Take this instant (UTC) for now: quarantine half hours that end after it, reject those of "
                     "settlement dates whose final run (RF) has passed");
  replay->add_option("--rules", o->rules,
                     "Rule pack (*.toml) that the store goes by from this run on; default: the one it goes by already");
  replay->add_option("--store", o->store, "Folder of the store; made where it is missing")->required();
  replay->add_option("--threads", o->threads, "Threads; default: one a processor")->check(CLI::Range(1, 256));
  replay->add_option("--json-out", o->json_out, "Write the JSON object to this file as well");
  replay->add_flag("--json", o->json, "Print one JSON object instead of text");
  replay->footer("It may be run again with more files, or the same ones: what is known already is a duplicate.\n"
                 "Example:\n  gridtwin replay --estate estate --reads reads.csv --store store\n"
                 "  gridtwin replay --estate london --reads MAC000002.csv.gz --format lcl --store store\n"
                 "  gridtwin replay --estate estate --reads messages.jsonl --format if-021 --store store");
  replay->callback([o, select, now] { select([o, now] { return run(*o, now); }); });
}

} // namespace gridtwin
