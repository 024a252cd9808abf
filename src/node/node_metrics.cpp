#include "src/node/node_metrics.hpp"

#include "src/api/metrics_text.hpp"
#include "twins/codes.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

using enum metric_family::kind;

metric_family single(std::string name, std::string help, metric_family::kind type, std::int64_t value) {
  return {std::move(name), std::move(help), type, {{{}, value}}};
}

template <class Count>
std::int64_t value_of(const Count& count) {
  return static_cast<std::int64_t>(count.load());
}

std::string_view outcome_of(verdict v) {
  if (v == verdict::accepted || v == verdict::duplicate || v == verdict::conflict)
    return name_of(v);
  return is_quarantined(v) ? "quarantined" : "rejected";
}

/// A gauge: a reading that is contradicted later is no longer accepted.
metric_family readings_of(const run_counts& counts) {
  metric_family out{
    "gridtwin_readings", "What became of the readings that were offered since the node began, durable.", gauge, {}};
  for (std::size_t i = 0; i < verdict_count; ++i) {
    const auto v = static_cast<verdict>(i);
    out.samples.push_back(
      {{{"outcome", std::string(outcome_of(v))}, {"code", std::string(name_of(v))}}, counts.by_verdict[i]});
  }
  return out;
}

void add_connections(const node_figures& of, std::vector<metric_family>& out) {
  metric_family accepted{"gridtwin_connections_accepted_total", "Connections that were accepted.", counter, {}};
  metric_family refused{
    "gridtwin_connections_refused_total", "Connections that were refused or cut, by why.", counter, {}};
  metric_family sessions{"gridtwin_sessions", "Connections that are open.", gauge, {}};
  const auto refuse = [&](std::string listener, std::string why, std::int64_t count) {
    refused.samples.push_back({{{"listener", std::move(listener)}, {"why", std::move(why)}}, count});
  };
  if (const wire_counters* const c = of.frames) {
    accepted.samples.push_back({{{"listener", "frames"}}, value_of(c->accepted_connections)});
    refuse("frames", "handshake", value_of(c->failed_handshakes));
    refuse("frames", "identity", value_of(c->refused_identities));
    refuse("frames", "address", value_of(c->refused_by_address));
    refuse("frames", "slow", value_of(c->deadlines));
    refuse("frames", "malformed", value_of(c->malformed) + value_of(c->too_large) + value_of(c->over_credit));
    sessions.samples.push_back({{{"listener", "frames"}}, c->sessions.load()});
  }
  if (const http_counters* const c = of.http) {
    accepted.samples.push_back({{{"listener", "http"}}, value_of(c->accepted_connections)});
    refuse("http", "handshake", value_of(c->failed_handshakes));
    refuse("http", "identity", value_of(c->refused_identities));
    refuse("http", "address", value_of(c->refused_by_address));
    refuse("http", "full", value_of(c->refused_full));
    refuse("http", "slow", value_of(c->deadlines));
    refuse("http", "malformed", value_of(c->malformed));
    refuse("http", "ended", value_of(c->ended));
    sessions.samples.push_back({{{"listener", "http"}}, c->connections.load()});
    out.push_back(
      single("gridtwin_http_requests_total", "Requests that were answered.", counter, value_of(c->requests)));
    out.push_back(
      single("gridtwin_http_limited_total", "Requests beyond their sender's rate.", counter, value_of(c->limited)));
    out.push_back(
      single("gridtwin_http_body_bytes_total", "Bytes of answers' bodies.", counter, value_of(c->bytes_out)));
  }
  if (!accepted.samples.empty()) {
    out.push_back(std::move(accepted));
    out.push_back(std::move(refused));
    out.push_back(std::move(sessions));
  }
}

/// By the names that webhooks have in the settings.
void add_webhooks(const webhook_threads& webhooks, std::vector<metric_family>& out) {
  metric_family events{"gridtwin_webhook_events_total", "Events that receivers have taken.", counter, {}};
  metric_family bytes{"gridtwin_webhook_body_bytes_total", "Bytes of the requests that they came in.", counter, {}};
  metric_family requests{
    "gridtwin_webhook_requests_total", "Requests to receivers, by what came of them.", counter, {}};
  metric_family letters{"gridtwin_webhook_dead_letters", "Dead letters that wait.", gauge, {}};
  metric_family failing{"gridtwin_webhook_failed_in_turn", "Requests that failed since one was taken.", gauge, {}};
  metric_family paused{"gridtwin_webhook_paused", "Whether it is paused.", gauge, {}};
  metric_family last{"gridtwin_webhook_last_delivery_timestamp_seconds",
                     "When a request was last taken, in seconds since the epoch; 0: not since the node began.",
                     gauge,
                     {}};
  for (const webhook_threads::figures& one : webhooks.counters()) {
    const webhook_counters& c = *one.counters;
    const std::pair<std::string, std::string> webhook{"webhook", one.name};
    events.samples.push_back({{webhook}, value_of(c.events)});
    bytes.samples.push_back({{webhook}, value_of(c.bytes)});
    requests.samples.push_back({{webhook, {"outcome", "delivered"}}, value_of(c.delivered)});
    requests.samples.push_back({{webhook, {"outcome", "retried"}}, value_of(c.retried)});
    requests.samples.push_back({{webhook, {"outcome", "refused"}}, value_of(c.refused)});
    letters.samples.push_back({{webhook}, value_of(c.letters)});
    failing.samples.push_back({{webhook}, value_of(c.failed_in_turn)});
    paused.samples.push_back({{webhook}, c.paused.load() ? 1 : 0});
    last.samples.push_back({{webhook}, value_of(c.delivered_s)});
  }
  for (metric_family* const family : {&events, &bytes, &requests, &letters, &failing, &paused, &last})
    out.push_back(std::move(*family));
}

} // namespace

std::string node_metrics(const node_figures& of) {
  std::vector<metric_family> out;
  out.push_back(readings_of(of.status.counts));
  out.push_back(
    single("gridtwin_runs_total", "Half hours, or files of the inbox, that are done.", counter, of.status.runs));
  out.push_back(single("gridtwin_last_commit_timestamp_seconds",
                       "When something was last committed, in seconds since the epoch; 0: nothing yet.", gauge,
                       of.status.last_commit_s));
  out.push_back(single("gridtwin_ready", "Whether the node takes readings.", gauge, of.ready ? 1 : 0));
  out.push_back(single("gridtwin_waiting_readings", "Readings that were offered and are not answered yet.", gauge,
                       static_cast<std::int64_t>(of.waiting_readings)));
  out.push_back(single("gridtwin_busy_submissions_total", "Submissions that were told busy.", counter,
                       static_cast<std::int64_t>(of.busy_submissions)));
  add_connections(of, out);
  if (of.webhooks != nullptr)
    add_webhooks(*of.webhooks, out);
  out.push_back(single("process_resident_memory_bytes", "Memory of the process that stands in the machine's.", gauge,
                       static_cast<std::int64_t>(of.resident_bytes)));
  out.push_back(
    single("process_start_time_seconds", "When the node began, in seconds since the epoch.", gauge, of.started_s));
  out.push_back({"gridtwin_build_info",
                 "1, with what was built.",
                 gauge,
                 {{{{"version", GRIDTWIN_VERSION}, {"compiler", __VERSION__}}, 1}}});
  return metrics_text(out);
}

} // namespace gridtwin
