#include "src/node/readers.hpp"

#include "src/api/message_route.hpp"
#include "src/node/edge_refusals.hpp"
#include "src/node/messages.hpp"
#include "src/node/told_alarms.hpp"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

/// As bounds of settings have it, none is negative.
http_budget budget_of(std::int64_t connections, std::int64_t of_identity, std::int64_t per_s, std::int64_t at_once) {
  return {static_cast<std::size_t>(connections),
          static_cast<std::size_t>(of_identity),
          {static_cast<std::uint64_t>(per_s), static_cast<std::uint64_t>(at_once)}};
}

} // namespace

result<std::unique_ptr<readers_listener>> readers_listener::open(const node_settings& settings, surroundings around) {
  tls_options options;
  options.certificate = settings.http_certificate;
  options.key = settings.http_key;
  options.planes.push_back(
    {trust_plane::services, {settings.http_services_roots}, {settings.http_services_revocations}});
  options.planes.push_back(
    {trust_plane::operators, {settings.http_operators_roots}, {settings.http_operators_revocations}});
  const bool messages = !settings.messages_url.empty();
  if (messages)
    options.planes.push_back({trust_plane::devices, {settings.messages_roots}, {settings.messages_revocations}});
  edge_trust* const trust = &around.trust;
  const auto added = trust->add_listener(std::move(options));
  if (!added)
    return added.failure();
  const tls_context* const tls = *added;
  std::unique_ptr<readers_listener> out(new readers_listener());
  auto api = reader_api::open(
    {settings.store, [trust] { return trust->policy(); }, std::move(around.metrics), std::move(around.not_ready),
     around.now_us, std::make_shared<told_alarms>(settings.store),
     messages ? open_message_channel(settings, around.gate, *trust, *tls, around.meters, around.audit) : nullptr,
     std::move(around.now_s)});
  if (!api)
    return api.failure();
  out->api_ = std::move(*api);
  http_listener::options where;
  where.address = settings.http_address;
  where.port = static_cast<std::uint16_t>(settings.http_port);
  where.readers = budget_of(settings.http_connections, settings.http_connections_of_identity,
                            settings.http_requests_per_s, settings.http_requests_at_once);
  where.head_ends = budget_of(settings.messages_connections, settings.messages_connections_of_identity,
                              settings.messages_requests_per_s, settings.messages_requests_at_once);
  auto listener =
    http_listener::open({[tls] {
                           const std::shared_ptr<SSL_CTX> current = tls->current();
                           SSL_CTX_up_ref(current.get());
                           return std::make_shared<boost::asio::ssl::context>(current.get());
                         },
                         [trust](const peer_identity& peer) { return trust->policy()->admits(peer).allowed(); },
                         [made = out->api_.get()](const http_request& request) { return made->handle(request); },
                         body_limit_of, std::move(around.counters), std::move(around.now_us),
                         [tls](const ssl_st& connection) { return tls->still_valid(&connection); },
                         complaint_with_claim(), into_audit(around.audit)},
                        where);
  if (!listener)
    return listener.failure();
  out->listener_ = std::move(*listener);
  trust->on_change([made = out->listener_.get()] { made->ask_again(); });
  return out;
}

} // namespace gridtwin
