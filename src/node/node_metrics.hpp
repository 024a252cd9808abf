#pragma once

#include "src/api/http_listener.hpp"
#include "src/node/node_status.hpp"
#include "src/push/webhook_threads.hpp"
#include "src/wire/wire_counters.hpp"

#include <cstdint>
#include <string>

namespace gridtwin {

/// What `/metrics` is made of, at a moment.
struct node_figures {
  node_status::figures status;
  bool ready = false;
  const wire_counters* frames = nullptr; ///< nothing: no such listener
  const http_counters* http = nullptr;
  const webhook_threads* webhooks = nullptr; ///< nothing: none
  std::uint64_t waiting_readings = 0;        ///< offered and not answered yet
  std::uint64_t busy_submissions = 0;        ///< that the gate did not take
  std::uint64_t resident_bytes = 0;
  std::int64_t started_s = 0; ///< seconds since the epoch
};

/// Prometheus' text format: figures of the node, none of a meter, a sender or a place.
std::string node_metrics(const node_figures& of);

} // namespace gridtwin
