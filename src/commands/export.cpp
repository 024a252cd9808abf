#include "src/commands/export.hpp"

#include "src/commands/cohort_options.hpp"
#include "src/commands/market_file.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view export_command = "export";

struct export_options {
  std::string kind;
  std::string store;
  std::string from;
  std::string to;
  std::string transformer;
  std::string feeder;
  std::string meter;
  std::string as_known_at;
  std::string privacy_floor;
  std::string dno_name;
  std::string dno_alias;
  std::string market;
  std::string out;
  cohort_options cohorts;
  bool json = false;
};

constexpr std::string_view published_kind = "lv-feeder";

using export_function = result<void> (*)(store_view&, const export_scope&, table_writer&);

struct export_kind {
  std::string_view name;
  export_function run;
  bool is_of_meters = true; ///< else its rows are sums of many, and one meter cannot be asked for
};

constexpr std::array<export_kind, 13> kinds{{
  {"readings", export_readings},
  {"settlement-day", export_settlement_day},
  {"feeder-load", export_feeder_load, false},
  {"transformer-load", export_transformer_load, false},
  {"quarantined-loads", export_quarantined_loads, false},
  {published_kind, export_lv_feeder, false},
  {"gaps", export_gaps},
  {"rejects", export_rejects},
  {"load-shapes", export_load_shapes},
  {"register-check", export_register_check},
  {"lateness", export_lateness},
  {"cohort-checks", export_cohort_checks},
  {if021_name, export_if021},
}};

/// What only one kind listens to is refused elsewhere: whoever asks for a floor must not believe that there is one.
result<publication> publication_of(const export_options& o) {
  publication out{default_privacy_floor, o.dno_name, o.dno_alias};
  if (o.kind != published_kind) {
    if (!o.privacy_floor.empty() || !o.dno_name.empty() || !o.dno_alias.empty())
      return error{errc::usage, "--privacy-floor, --dno-name and --dno-alias are for " + std::string(published_kind)
                                  + " alone; no other export has a floor"};
    return out;
  }
  if (o.privacy_floor.empty())
    return out;
  const char* const end = o.privacy_floor.data() + o.privacy_floor.size();
  const auto [stop, code] = std::from_chars(o.privacy_floor.data(), end, out.privacy_floor);
  if (code != std::errc() || stop != end || out.privacy_floor < least_privacy_floor
      || out.privacy_floor > largest_privacy_floor)
    return error{errc::usage, "--privacy-floor must be a whole number, " + std::to_string(least_privacy_floor) + " to "
                                + std::to_string(largest_privacy_floor)
                                + ": of fewer meters a sum tells what one of them used"};
  return out;
}

result<export_scope> scope_of(const export_options& o, const store_view& view) {
  export_scope scope;
  std::int64_t from = first_storable_period.start_s();
  std::int64_t to = last_storable_period.end_s();
  for (const auto& [text, bound, option] : {std::tuple{&o.from, &from, "--from: "}, std::tuple{&o.to, &to, "--to: "}}) {
    if (text->empty())
      continue;
    const auto instant = parse_instant(*text);
    if (!instant)
      return error{errc::usage, option + instant.failure().message};
    *bound = std::clamp(*instant, first_storable_period.start_s(), last_storable_period.end_s());
  }
  scope.range = periods_starting_in(from, to);
  const estate& e = view.estate();
  if (!o.transformer.empty()) {
    const bool known = std::any_of(e.transformers.begin(), e.transformers.end(),
                                   [&](const transformer_info& t) { return t.id == o.transformer; });
    if (!known)
      return error{errc::usage, "--transformer '" + o.transformer + "' is not in the store's estate"};
    scope.transformer = o.transformer;
  }
  if (!o.feeder.empty()) {
    if (o.transformer.empty())
      return error{errc::usage, "--feeder needs --transformer: a feeder's id is unique within its transformer only"};
    const bool known = std::any_of(e.feeders.begin(), e.feeders.end(), [&](const feeder_info& f) {
      return f.id == o.feeder && e.transformers[f.transformer.value].id == o.transformer;
    });
    if (!known)
      return error{errc::usage, "--feeder '" + o.feeder + "' is not on that transformer in the store's estate"};
    scope.feeder = o.feeder;
  }
  if (!o.meter.empty()) {
    const auto number = parse_mpan(o.meter);
    if (!number)
      return error{errc::usage, "--mpan '" + o.meter + "' is not an MPAN: 13 digits, the last a check digit"};
    scope.meter = number;
  }
  return scope;
}

/// Whether messages are asked for as requests: into a folder, which is there or is called one.
bool is_folder(const std::string& path) {
  std::error_code code;
  return path.ends_with('/') || (!path.empty() && std::filesystem::is_directory(path, code));
}

result<std::optional<market_settings>> market_of(const export_options& o) {
  const bool wanted = o.kind == if021_name;
  if (!wanted && !o.market.empty())
    return error{errc::usage, "--market is for " + std::string(if021_name) + " alone"};
  if (wanted && o.market.empty())
    return error{errc::usage, "if-021 needs --market FILE: who sends, and to whom (config/examples/market.toml)"};
  if (!wanted)
    return std::optional<market_settings>();
  auto market = read_market_file(o.market);
  if (!market)
    return market.failure();
  return std::optional(std::move(*market));
}

/// Into a file or standard output.
result<void> write_table(export_function f, store_view& view, const export_scope& scope, const export_options& o) {
  auto out = table_writer::open(o.out, o.json ? table_writer::form::json : table_writer::form::csv);
  if (!out)
    return out.failure();
  if (auto done = f(view, scope, *out); !done)
    return done;
  return out->finish();
}

int run(const export_options& o) {
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const export_kind& k) { return k.name == o.kind; });
  if (kind == kinds.end()) {
    std::string known;
    for (const export_kind& k : kinds)
      known += (known.empty() ? "" : ", ") + std::string(k.name);
    return report_failure(export_command, {errc::usage, "unknown kind '" + o.kind + "': one of " + known});
  }
  if (!o.meter.empty() && !kind->is_of_meters)
    return report_failure(export_command, {errc::usage, "--mpan is not for " + o.kind
                                                          + ", whose rows are sums of many meters: give --transformer "
                                                            "and --feeder; for one meter, export readings"});
  auto publication = publication_of(o);
  if (!publication)
    return report_failure(export_command, publication.failure());
  if (o.cohorts.any() && o.kind != "cohort-checks")
    return report_failure(export_command, {errc::usage, "options of cohort-checks make no difference to " + o.kind});
  const auto cohorts = read_cohort_thresholds(o.cohorts);
  if (!cohorts)
    return report_failure(export_command, cohorts.failure());
  auto market = market_of(o);
  if (!market)
    return report_failure(export_command, market.failure());
  catch_interrupts();
  auto view = store_view::open(o.store);
  if (!view)
    return report_failure(export_command, view.failure());
  if (!o.as_known_at.empty()) {
    const auto instant = parse_instant(o.as_known_at);
    if (!instant)
      return report_failure(export_command, {errc::usage, "--as-known-at: " + instant.failure().message});
    view->look_back_to(*instant);
  }
  auto scope = scope_of(o, *view);
  if (!scope)
    return report_failure(export_command, scope.failure());
  scope->publication = std::move(*publication);
  scope->cohorts = *cohorts;
  scope->market = std::move(*market);
  const auto done = o.kind == if021_name && is_folder(o.out) ? export_if021_requests(*view, *scope, o.out)
                                                             : write_table(kind->run, *view, *scope, o);
  return done ? 0 : report_failure(export_command, done.failure());
}

} // namespace

void register_export(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<export_options>();
  CLI::App* app = parent.add_subcommand("export", "Writes what a store holds as CSV");
  app
    ->add_option("kind", o->kind,
                 "readings, settlement-day, feeder-load, transformer-load, quarantined-loads, lv-feeder, gaps, "
                 "rejects, load-shapes, "
                 "register-check, lateness, cohort-checks or if-021")
    ->required();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--from", o->from,
                  "Periods that start at or after this instant (UTC); rejects without a readable period are left out");
  app->add_option("--to", o->to, "Periods that start before this instant (UTC)");
  app->add_option("--transformer", o->transformer, "Only this transformer");
  app->add_option("--feeder", o->feeder, "Only this feeder of --transformer");
  app->add_option("--mpan", o->meter, "Only this meter; not of sums of feeders or transformers");
  app->add_option("--as-known-at", o->as_known_at,
                  "As it was known at this instant (UTC): a reading is known from its run's --received-at on, or else "
                  "from the end of its period");
  app->add_option("--privacy-floor", o->privacy_floor,
                  "lv-feeder: fewest meters whose sum is published, 3 or more; default 5");
  app->add_option("--dno-name", o->dno_name, "lv-feeder: what stands in dno_name; default: nothing");
  app->add_option("--dno-alias", o->dno_alias, "lv-feeder: what stands in dno_alias, as SSEN; default: nothing");
  app->add_option("--market", o->market, "if-021: market settings (*.toml): who sends, and to whom");
  app->add_option("--out", o->out,
                  "File to write; default: standard output. if-021: or a folder, written with a / at its end");
  app->add_flag("--json", o->json, "Print one JSON object a line instead of CSV");
  add_cohort_options(*app, o->cohorts);
  app->footer(
    "settlement-day: mpan, quantity, settlement_date_utc, p1 to p48 (kWh), q1 to q48 (quality). The half hours that\n"
    "  stand, those that end after 00:00 UTC of a date up to the next 00:00 in a row; empty where nothing stands.\n"
    "quarantined-loads: transformer_id, feeder_id, period_end, code, import_wh, export_wh, limit_wh, meters_expected,\n"
    "  meters_reported. Half hours of a feeder that sum more than [feeders] of the rule pack that is bound to the\n"
    "  store lets pass (feeder-over-maximum). Their readings stand, but feeder-load leaves them out, transformer-load\n"
    "  their energy and meters, and lv-feeder does not publish them.\n"
    "lv-feeder: for publication, in the columns of network operators' open data: dataset_id, dno_name, dno_alias,\n"
    "  secondary_substation_id, secondary_substation_name, lv_feeder_id, lv_feeder_name, substation_geo_location,\n"
    "  aggregated_device_count_active, primary_, secondary_ and total_consumption_active_import (Wh),\n"
    "  aggregated_device_count_reactive, total_consumption_reactive_import (varh), data_collection_log_timestamp\n"
    "  (the period's end, UTC), insert_time, last_modified_time, and one of ours: suppressed. Counts, energy and the\n"
    "  last two times are empty where it says why: fewer-than-5-devices (--privacy-floor) or feeder-over-maximum; the\n"
    "  reactive ones alone at reactive-fewer-than-5-devices. All other kinds are for within the estate.\n"
    "register-check: mpan, quantity, read_from, read_to, advance_wh, intervals_wh, missing_half_hours, outcome.\n"
    "  A row for each two consecutive reads of a register (registers.csv) with a half hour in between that\n"
    "  starts in the range: what it advanced by against the half hours between them, all rows of a meter that\n"
    "  moved among them. Each half hour counts with the value that stands, actual or estimate. ok: within\n"
    "  [registers] of the rule pack that is bound to the store; outside: beyond it, or the register ran\n"
    "  backwards; incomplete: half hours are missing, or a read lies within one. With --as-known-at reads count\n"
    "  from when they were taken.\n"
    "lateness: mpan, quantity, half_hours, on_time, up_to_1h, up_to_12h, up_to_1d, up_to_4d, up_to_9d, up_to_30d,\n"
    "  later, early, latest_s. How long after its end each half hour with a reading was first known; each is in one\n"
    "  of the counts from on_time to later, bounds included. early: those of on_time that were known before it.\n"
    "  latest_s: seconds of the latest one. Files that were replayed without --received-at are known from the end of\n"
    "  each half hour and count as on time.\n"
    "cohort-checks: transformer_id, feeder_id, mpan, check, first_period_end, last_period_end, half_hours, cohort,\n"
    "  statistic, threshold, cohort_size, meters, revision, readings, detail. The energised meters of a feeder against "
    "each\n"
    "  other, a UTC day at a time, active import: fleet-drop, outlier, stuck, zero-run; without an mpan it is one\n"
    "  finding of many meters, or left-out: so many more than --budget. Each day with a half hour in the range is\n"
    "  checked whole. README.md says what each column means.\n"
    "if-021: a JSON message a line for each meter, quantity and UTC day; into a folder as requests of at most 95 kB, "
    "a\n"
    "  file each. docs/if-021.md says what stands in them.\n"
    "Example:\n  gridtwin export feeder-load --store store --from 2026-03-01T00:00:00Z --out load.csv\n"
    "  gridtwin export lv-feeder --store store --privacy-floor 10 --dno-alias SSEN --out open-data.csv\n"
    "  gridtwin export rejects --store store\n"
    "  gridtwin export if-021 --store store --market market.toml --out messages.jsonl\n"
    "  gridtwin export readings --store store --as-known-at 2026-03-09T00:00:00Z");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
