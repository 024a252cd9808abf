#include "src/commands/explain.hpp"

#include "config/printable_text.hpp"
#include "src/commands/lineage.hpp"
#include "src/commands/terminal.hpp"
#include "src/commands/twins.hpp"
#include "twins/rule_table.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace gridtwin {

namespace {

constexpr std::string_view explain_command = "explain";

struct explain_options {
  std::string store;
  std::string meter;
  std::string period;
  std::string quantity = "AI";
  std::string twin;
  bool json = false;
};

std::string_view verdict_of(const received_reading& r) {
  return r.contradicted ? name_of(verdict::conflict) : name_of(verdict::accepted);
}

std::string load_json(const half_hour_load& load) {
  return fmt::format("{{\"import_wh\":{},\"export_wh\":{},\"meters_reported\":{},\"estimated\":{},\"revision\":{}}}",
                     load.import_wh, load.export_wh, load.reported, load.estimated, load.revision);
}

/// Members, with a comma behind.
std::string reasons_json(const reasons& r) {
  return fmt::format("\"reason\":{},\"amendment\":{},", r.estimation == 0 ? "null" : std::to_string(r.estimation),
                     r.amendment == 0 ? "null" : json_string(std::string_view(&r.amendment, 1)));
}

std::string json_of(const half_hour_lineage& l, const estate& e) {
  const connection& row = e.connections[l.connection.value];
  std::string out =
    fmt::format("{{\"mpan\":\"{}\",\"quantity\":\"{}\",\"period_end\":\"{}\",\"transformer_id\":{},"
                "\"feeder_id\":{},\"received\":[",
                to_string(row.mpan), name_of(l.quantity), format_period(l.period),
                json_string(e.transformers[e.transformer_of(row).value].id), json_string(e.feeder_of(row).id));
  std::string rest;
  for (const received_reading& r : l.received)
    rest += fmt::format(
      "{}{{\"wh\":{},\"quality\":\"{}\",{}\"version\":{},\"verdict\":\"{}\",\"current\":{},\"source\":{},\"line\":{},"
      "\"run\":{},\"known_at\":\"{}\"}}",
      rest.empty() ? "" : ",", r.reading.content.wh, name_of(r.reading.content.quality),
      reasons_json(r.reading.content.reasons), r.reading.version, verdict_of(r), r.current, json_string(r.source),
      r.reading.line, r.run, format_instant(r.known_s));
  out += rest + "],\"refused\":[";
  rest.clear();
  for (const refused_input& r : l.refused)
    rest += fmt::format("{}{{\"code\":\"{}\",\"source\":{},\"line\":{},\"detail\":{}}}", rest.empty() ? "" : ",",
                        r.code, json_string(r.source), r.line, json_string(r.detail));
  out += rest + "],\"dead_letters\":[";
  rest.clear();
  for (const kept_letter& k : l.letters)
    rest += fmt::format("{}{{\"id\":{},\"state\":\"{}\",\"cause\":\"{}\",\"source\":{},\"line\":{}}}",
                        rest.empty() ? "" : ",", k.id, name_of(k.state), name_of(k.letter.cause), json_string(k.source),
                        k.letter.input.line);
  out += rest + "],\"totals\":{\"feeder\":" + load_json(l.feeder) + ",\"transformer\":" + load_json(l.transformer);
  return out + ",\"day_root\":" + (l.root ? "\"" + to_hex(l.root->hash) + "\"" : "null") + "}}\n";
}

std::string load_text(std::string_view what, const half_hour_load& load) {
  return fmt::format("  {}: import {} Wh, export {} Wh, of {} meters, {} with an estimate\n", what, load.import_wh,
                     load.export_wh, load.reported, load.estimated);
}

std::string text_of(const half_hour_lineage& l, const estate& e) {
  const connection& row = e.connections[l.connection.value];
  std::string out = fmt::format("The half hour that ends {}, {}, of meter {}\n", format_period(l.period),
                                name_of(l.quantity), to_string(row.mpan));
  out += l.received.empty() ? "  nothing was accepted for it\n" : "Received, in order of arrival\n";
  for (const received_reading& r : l.received)
    out += fmt::format("  {} {:>8} Wh, {}, version {}: {}; {} line {}, run {}, known {}\n", r.current ? "*" : " ",
                       r.reading.content.wh, quality_text(r.reading.content), r.reading.version, verdict_of(r),
                       printable(r.source), r.reading.line, r.run, format_instant(r.known_s));
  bool stands = false;
  for (const received_reading& r : l.received)
    stands = stands || r.current;
  if (!l.received.empty())
    out += stands ? "  (* stands: the highest version; what came again with the same content is not kept)\n"
                  : "  (nothing stands: contents of the highest version contradict each other)\n";
  if (!l.refused.empty())
    out += "Refused\n";
  for (const refused_input& r : l.refused)
    out += fmt::format("  {} line {}: {}, {}\n", printable(r.source), r.line, r.code, r.detail);
  if (!l.letters.empty())
    out += "Dead letters\n";
  for (const kept_letter& k : l.letters)
    out += fmt::format("  {}: {}, {}; {} line {}\n", k.id, name_of(k.state), name_of(k.letter.cause),
                       printable(k.source), k.letter.input.line);
  out += "The totals it is in\n";
  out += load_text("feeder " + e.feeder_of(row).id, l.feeder);
  out += load_text("transformer " + e.transformers[e.transformer_of(row).value].id, l.transformer);
  if (l.root)
    out += fmt::format("  root of {} {}: {}\n", format_day(l.period.day()), name_of(l.quantity), to_hex(l.root->hash));
  return out;
}

/// Error: usage.
result<period> period_of(const std::string& text) {
  const auto end = parse_instant(text);
  if (!end)
    return error{errc::usage, "--period: " + end.failure().message};
  const period out{static_cast<std::int32_t>(*end / seconds_per_period)};
  if (*end % seconds_per_period != 0 || out < first_storable_period || last_storable_period < out)
    return error{errc::usage, "--period: " + in_quotes(text) + " is no end of a half hour (as 2026-03-01T00:30:00Z)"};
  return out;
}

int run(const explain_options& o) {
  if (!o.twin.empty()) {
    if (!o.meter.empty() || !o.period.empty())
      return report_failure(explain_command,
                            {errc::usage, "--twin shows a twin, --mpan and --period a half hour: give one"});
    return show_twin(o.store, o.twin, o.json);
  }
  if (o.meter.empty() || o.period.empty())
    return report_failure(explain_command,
                          {errc::usage, "give --mpan and --period for a half hour, or --twin for a twin"});
  const auto meter = parse_mpan(o.meter);
  if (!meter)
    return report_failure(explain_command,
                          {errc::usage, "--mpan: " + in_quotes(o.meter) + " is no MPAN: 13 digits with a check digit"});
  const auto p = period_of(o.period);
  if (!p)
    return report_failure(explain_command, p.failure());
  const auto q = parse_quantity(o.quantity);
  if (!q)
    return report_failure(explain_command, {errc::usage, "--quantity is AI, AE, RI or RE"});
  auto view = store_view::open(o.store);
  if (!view)
    return report_failure(explain_command, view.failure());
  const auto lineage = trace_half_hour(*view, *meter, *p, *q);
  if (!lineage)
    return report_failure(explain_command, lineage.failure());
  return print_result(explain_command, o.json ? json_of(*lineage, view->estate()) : text_of(*lineage, view->estate()));
}

} // namespace

void register_explain(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<explain_options>();
  CLI::App* app = parent.add_subcommand("explain", "Explains a half hour: what came for it, what became of that, the "
                                                   "totals it is in; or a twin");
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--mpan", o->meter, "The meter");
  app->add_option("--period", o->period, "End of the half hour (UTC), as 2026-03-01T00:30:00Z");
  app->add_option("--quantity", o->quantity, "AI (default), AE, RI or RE");
  app->add_option("--twin", o->twin, "Instead: the meter whose twin is shown, as gridtwin twins show does");
  app->add_flag("--json", o->json, "Print one JSON object instead of text");
  app->footer("Example, of a meter of gridtwin sim estate:\n"
              "  gridtwin explain --store store --mpan 1739080588246 --period 2026-03-01T00:30:00Z\n"
              "  gridtwin explain --store store --twin 1739080588246");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
