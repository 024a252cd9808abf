#include "src/node/node_metrics.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

namespace {

run_counts counts_of(std::int64_t accepted, std::int64_t unknown) {
  run_counts out;
  out.by_verdict[index_of(verdict::accepted)] = accepted;
  out.by_verdict[index_of(verdict::unknown_meter)] = unknown;
  return out;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("node_status: what a run has counted so far and what runs before it did, once") {
  node_status status;
  CHECK(!status.not_ready().empty());
  status.set_not_ready({});
  CHECK(status.not_ready().empty());
  status.committed(counts_of(5, 1), 100);
  status.committed(counts_of(7, 2), 200); // of the same run
  CHECK(status.now().counts.of(verdict::accepted) == 7);
  CHECK(status.now().last_commit_s == 200);
  status.run_ended(counts_of(8, 2));
  CHECK(status.now().counts.of(verdict::accepted) == 8);
  status.committed(counts_of(1, 0), 300);
  CHECK(status.now().counts.of(verdict::accepted) == 9);
  CHECK(status.now().counts.of(verdict::unknown_meter) == 2);
  CHECK(status.now().runs == 1);
}

TEST_CASE("node_metrics: each verdict with its outcome, and the listeners that are there") {
  node_figures of;
  of.status.counts = counts_of(9, 2);
  of.ready = true;
  of.waiting_readings = 12;
  const std::string alone = node_metrics(of);
  CHECK(has_line(alone, "gridtwin_readings{outcome=\"accepted\",code=\"accepted\"} 9"));
  CHECK(has_line(alone, "gridtwin_readings{outcome=\"quarantined\",code=\"unknown-meter\"} 2"));
  CHECK(has_line(alone, "gridtwin_readings{outcome=\"rejected\",code=\"over-maximum\"} 0"));
  CHECK(has_line(alone, "gridtwin_ready 1"));
  CHECK(has_line(alone, "gridtwin_waiting_readings 12"));
  CHECK(alone.find("listener") == std::string::npos);
  http_counters http;
  http.connections = 3;
  http.deadlines = 4;
  wire_counters frames;
  frames.too_large = 1;
  frames.malformed = 2;
  of.http = &http;
  of.frames = &frames;
  const std::string both = node_metrics(of);
  CHECK(has_line(both, "gridtwin_sessions{listener=\"http\"} 3"));
  CHECK(has_line(both, "gridtwin_connections_refused_total{listener=\"http\",why=\"slow\"} 4"));
  CHECK(has_line(both, "gridtwin_connections_refused_total{listener=\"frames\",why=\"malformed\"} 3"));
}
