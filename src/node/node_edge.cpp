#include "src/node/node_edge.hpp"

#include "src/node/node_metrics.hpp"
#include "src/process/resident_memory.hpp"

#include <utility>

namespace gridtwin {

namespace {

std::string at(const std::string& address, std::uint16_t port) {
  return " at " + address + " port " + std::to_string(port);
}

/// `frames`: nothing where there is none.
result<std::unique_ptr<readers_listener>> open_readers(const node_settings& settings, const node_edge::surroundings& s,
                                                       edge_trust& trust, const frames_listener* frames,
                                                       const webhook_threads* webhooks) {
  const auto counters = std::make_shared<http_counters>();
  node_figures of;
  of.frames = frames != nullptr ? &frames->counters() : nullptr;
  of.http = counters.get();
  of.webhooks = webhooks;
  of.started_s = s.now_s();
  readers_listener::surroundings around{trust,
                                        [of, &feed = s.feed, &status = s.status] {
                                          node_figures now = of;
                                          now.status = status.now();
                                          now.ready = status.not_ready().empty();
                                          now.waiting_readings = feed.outstanding();
                                          now.busy_submissions = feed.refused();
                                          now.resident_bytes = resident_bytes();
                                          return node_metrics(now);
                                        },
                                        [&status = s.status] { return status.not_ready(); },
                                        counters,
                                        s.now_us,
                                        s.now_s,
                                        s.feed,
                                        s.audit,
                                        s.meters};
  return readers_listener::open(settings, std::move(around));
}

} // namespace

result<std::unique_ptr<node_edge>> node_edge::open(const node_settings& settings, const surroundings& s) {
  std::unique_ptr<node_edge> out(new node_edge());
  const bool frames = !settings.frames_address.empty();
  const bool http = !settings.http_address.empty();
  if (!frames && !http && settings.webhooks.empty())
    return out;
  const std::string& policy = settings.http_policy.empty() ? settings.frames_policy : settings.http_policy;
  if (frames && http && settings.frames_policy != settings.http_policy)
    return error{errc::usage, "'policy' of [frames] and of [http] must name one file: a node has one policy"};
  auto trust = edge_trust::open(frames ? settings.frames_policy : policy, s.now_s);
  if (!trust)
    return trust.failure();
  out->trust_ = std::move(*trust);
  auto webhooks = open_webhooks(settings, *out->trust_, s.audit, s.now_s, s.now_us);
  if (!webhooks)
    return webhooks.failure();
  out->webhooks_ = std::move(*webhooks);
  if (frames) {
    auto opened = frames_listener::open(settings, {s.feed, *out->trust_, s.audit, s.meters, s.now_us});
    if (!opened)
      return opened.failure();
    out->frames_ = std::move(*opened);
    out->where_ = "listening" + at(settings.frames_address, out->frames_->port());
  }
  if (http) {
    auto opened = open_readers(settings, s, *out->trust_, out->frames_.get(), out->webhooks_.get());
    if (!opened)
      return opened.failure();
    out->readers_ = std::move(*opened);
    out->where_ += (frames ? ", HTTPS" : "HTTPS") + at(settings.http_address, out->readers_->port());
  }
  out->watch_ = std::make_unique<trust_watch>(*out->trust_, s.audit, s.reload_asked, s.log);
  return out;
}

void node_edge::tell_policy() {
  if (watch_)
    watch_->tell_policy();
}

void node_edge::stop() {
  watch_.reset();
  if (readers_)
    readers_->stop();
  if (frames_)
    frames_->stop();
  if (webhooks_)
    webhooks_->stop();
}

} // namespace gridtwin
