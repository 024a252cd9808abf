#include "src/commands/node.hpp"

#include "config/node_settings.hpp"
#include "config/printable_text.hpp"
#include "config/toml_document.hpp"
#include "src/commands/terminal.hpp"
#include "src/gate/audit_trail.hpp"
#include "src/node/alarm_thread.hpp"
#include "src/node/node_edge.hpp"
#include "src/node/node_log.hpp"
#include "src/node/pushes.hpp"
#include "src/process/clock.hpp"
#include "src/process/interrupt.hpp"
#include "src/process/small_file.hpp"
#include "src/replay/run_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace gridtwin {

namespace {

struct run_options {
  std::string config;
  bool json = false;
  log_format log = log_format::text;
};

struct read_node_settings {
  node_settings settings;
  std::string text;
};

result<read_node_settings> read_settings(const std::string& path) {
  auto text = read_small_file(path, toml_bytes_limit);
  if (!text)
    return text.failure();
  auto settings = parse_node_settings(*text, path);
  if (!settings)
    return settings.failure();
  if (const auto plans = webhook_plans(*settings); !plans)
    return error{plans.failure().code, "settings " + in_quotes(path) + ": " + plans.failure().message};
  return read_node_settings{std::move(*settings), std::move(*text)};
}

std::int64_t refused(const run_counts& counts) {
  std::int64_t out = 0;
  for (std::size_t v = 0; v < verdict_count; ++v)
    if (const auto as = static_cast<verdict>(v); is_rejected(as) || is_quarantined(as))
      out += counts.by_verdict[v];
  return out;
}

std::string as_json(const turn_report& r) {
  return fmt::format(
    "{{\"event\":\"half-hour\",\"from\":{},\"files\":{},\"readings\":{},\"accepted\":{},\"duplicates\":{},"
    "\"conflicts\":{},\"refused\":{},\"problem\":{}}}\n",
    json_string(format_instant(r.from_s)), r.files, r.counts.readings(), r.counts.of(verdict::accepted),
    r.counts.of(verdict::duplicate), r.counts.of(verdict::conflict), refused(r.counts),
    r.problem.empty() ? "null" : json_string(r.problem));
}

std::string as_text(const turn_report& r) {
  const auto number = [](std::int64_t n) { return with_thousands(static_cast<std::uint64_t>(n)); };
  return fmt::format("{}: {} readings, {} accepted, {} duplicates, {} conflicts, {} refused{}{}\n",
                     format_instant(r.from_s), number(r.counts.readings()), number(r.counts.of(verdict::accepted)),
                     number(r.counts.of(verdict::duplicate)), number(r.counts.of(verdict::conflict)),
                     number(refused(r.counts)),
                     r.files == 0 ? "" : fmt::format("; {} file{} of the inbox", r.files, r.files == 1 ? "" : "s"),
                     r.problem.empty() ? "" : "; " + printable(r.problem, r.problem.size()));
}

/// An idle half hour tells nothing.
bool is_worth_telling(const turn_report& r) { return r.files != 0 || r.counts.readings() != 0 || !r.problem.empty(); }

/// Without a name of anybody: `gridtwin alarms` has them.
void tell(const run_options& o, const alarm_look& look) {
  if (look.raised == 0 && look.ended == 0)
    return;
  const std::string line =
    o.json ? fmt::format("{{\"event\":\"alarms\",\"raised\":{},\"ended\":{}}}\n", look.raised, look.ended)
           : fmt::format("alarms: {} raised, {} ended\n", look.raised, look.ended);
  std::FILE* const to = o.json ? stdout : stderr;
  std::fputs(line.c_str(), to);
  std::fflush(to);
}

int run(const run_options& o, const node_run::second_clock& now) {
  constexpr std::string_view command = "run";
  catch_interrupts();
  catch_reload_requests();
  auto read = read_settings(o.config);
  if (!read)
    return report_failure(command, read.failure());
  const node_settings& settings = read->settings;
  node_log log(o.log, now);
  submission_feed feed(static_cast<std::size_t>(settings.waiting_readings));
  audit_trail audit(now, [&log](const audit_event& event) {
    log.tell(event.act, "event=" + event.act + " who=" + event.who + " why=" + json_string(event.detail),
             {{"who", event.who}, {"why", event.detail}});
  });
  known_meters meters;
  node_status status;
  auto node = node_run::prepare(settings, {feed, status, audit, meters, now, [&o](const turn_report& r) {
                                             if (!is_worth_telling(r))
                                               return;
                                             const std::string line = o.json ? as_json(r) : as_text(r);
                                             std::FILE* const to = o.json ? stdout : stderr;
                                             std::fputs(line.c_str(), to);
                                             std::fflush(to);
                                           }});
  if (!node)
    return report_failure(command, node.failure());
  auto edge = node_edge::open(settings, {feed, audit, meters, status, now, monotonic_us, reload_requested, log});
  if (!edge)
    return report_failure(command, edge.failure());
  const std::string where = (*edge)->where();
  log.tell("ready", "ready" + (where.empty() ? where : ", " + where) + "; Ctrl-C ends it in good order",
           {{"where", where}});
  audit.did("gridtwin", "start-node", "", where);
  audit.uses(use_settings_act, o.config, std::move(read->text));
  (*edge)->tell_policy();
  alarm_thread alarms(
    settings, audit, now, [&o](const alarm_look& look) { tell(o, look); },
    [&log](const std::string& trouble) {
      log.tell("alarms-failed", "alarms: " + trouble, {{"why", trouble}});
    });
  auto done = node->run();
  feed.close(); // what waits was not stored and is told so
  (*edge)->stop();
  audit.did("gridtwin", "stop-node", "", done ? "it was asked to end" : done.failure().message);
  // Where the store has failed nothing more may be written into it.
  if (done || done.failure().code != errc::store_failed)
    if (auto recorded = node->record_last_acts(); !recorded && done)
      done = recorded;
  return done ? 0 : report_failure(command, done.failure());
}

/// What settings name that must be there before a node starts and is not.
struct missing_file {
  std::string key;
  std::string table;
  std::string path;
};

bool is_missing(const std::string& path) {
  std::error_code failed;
  return !path.empty() && !std::filesystem::exists(path, failed);
}

std::vector<missing_file> missing_files(const node_settings& settings) {
  std::vector<missing_file> out;
  for (const node_option& option : node_options()) {
    if (option.names == named_file::none)
      continue;
    const std::string& named = settings.*std::get<node_option::text_member>(option.member);
    if (option.names == named_file::needed ? is_missing(named) : is_missing(named) && !format_called(named))
      out.push_back({std::string(option.key), std::string(option.table), named});
  }
  for (const webhook_settings& webhook : settings.webhooks)
    for (auto& [key, path] : files_of(webhook))
      if (is_missing(path))
        out.push_back({std::string(key), "webhooks." + webhook.name, path});
  return out;
}

int check(const run_options& o) {
  constexpr std::string_view command = "config check";
  const auto settings = read_settings(o.config);
  if (!settings)
    return report_failure(command, settings.failure());
  std::string missing;
  for (const missing_file& one : missing_files(settings->settings))
    missing += o.json ? (missing.empty() ? "" : ",") + json_string(one.path)
                      : "\n  " + one.key + " of [" + one.table + "]: " + printable(one.path);
  if (o.json)
    return print_result(command, "{\"ok\":true,\"missing\":[" + missing + "]}\n");
  return print_result(command, o.config + ": good" + (missing.empty() ? "" : "; not there yet:" + missing) + "\n");
}

int show(const run_options& o) {
  constexpr std::string_view command = "config show";
  const auto settings = read_settings(o.config);
  if (!settings)
    return report_failure(command, settings.failure());
  return print_result(command, o.json ? node_settings_json(settings->settings) + "\n"
                                      : describe_node_settings(settings->settings));
}

void add_config(CLI::App& app, run_options& o) {
  app.add_option("--config", o.config, "Settings (*.toml)")->required();
}

} // namespace

void register_node(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                   const node_run::second_clock& now) {
  auto o = std::make_shared<run_options>();
  CLI::App* node = parent.add_subcommand("run", "Runs a node that stays: takes readings as they come");
  add_config(*node, *o);
  node->add_flag("--json", o->json, "Print one JSON object a line for each half hour that brought something");
  node
    ->add_option("--log", o->log,
                 "How what happens is told on standard error: text (default), or json: an object a line")
    ->transform(CLI::CheckedTransformer(
      std::map<std::string, log_format>{{"text", log_format::text}, {"json", log_format::json}}))
    ->option_text("text|json");
  node->footer(
    "Exit status: 0 when it was asked to end, 1 when it must be started anew, 2 for settings that are wrong.\n"
    "Example, with estate, store and inbox below the folder at hand:\n"
    "  printf '[node]\\nestate = \"estate\"\\nstore = \"store\"\\n[inbox]\\nfolder = \"inbox\"\\n' > gridtwin.toml\n"
    "  gridtwin run --config gridtwin.toml");
  node->callback([o, select, now] { select([o, now] { return run(*o, now); }); });

  CLI::App* config = parent.add_subcommand("config", "Checks or shows a node's settings");
  config->require_subcommand(1);
  config->footer("Example:\n  gridtwin config check --config gridtwin.toml");
  CLI::App* checked = config->add_subcommand(
    "check", "Says whether settings are right, what to mend, and which files that they name are not there");
  add_config(*checked, *o);
  checked->add_flag("--json", o->json, "Print a JSON object instead of text");
  checked->footer("Example:\n  gridtwin config check --config gridtwin.toml");
  checked->callback([o, select] { select([o] { return check(*o); }); });
  CLI::App* shown = config->add_subcommand("show", "Prints all settings as they are, with units, bounds and defaults");
  add_config(*shown, *o);
  shown->add_flag("--json", o->json, "Print them as one JSON object, without units and bounds");
  shown->footer("What is printed can be read again.\nExample:\n  gridtwin config show --config gridtwin.toml");
  shown->callback([o, select] { select([o] { return show(*o); }); });
}

} // namespace gridtwin
