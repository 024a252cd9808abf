#include "src/node/frames.hpp"

#include "src/node/edge_refusals.hpp"
#include "src/node/submit_rights.hpp"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

bool may_submit(const access_policy& policy, const known_meters& meters, std::string_view identity, mpan meter) {
  // A session asks of one reading after another.
  thread_local std::string last_text;
  thread_local result<peer_identity> last = parse_identity("");
  if (identity != last_text) {
    last_text = identity;
    last = parse_identity(identity);
  }
  return last && may_submit(policy, meters, *last, meter);
}

} // namespace

result<std::unique_ptr<frames_listener>> frames_listener::open(const node_settings& settings, surroundings s) {
  tls_options options;
  options.certificate = settings.frames_certificate;
  options.key = settings.frames_key;
  options.planes.push_back({trust_plane::devices, {settings.frames_roots}, {settings.frames_revocations}});
  const auto added = s.trust.add_listener(std::move(options));
  if (!added)
    return added.failure();
  const tls_context* const tls = *added;
  wire_listener::surroundings around{s.gate,
                                     [tls] {
                                       const std::shared_ptr<SSL_CTX> current = tls->current();
                                       SSL_CTX_up_ref(current.get());
                                       return std::make_shared<boost::asio::ssl::context>(current.get());
                                     },
                                     [](const x509_st& certificate) -> result<std::string> {
                                       const auto identity = identity_of(&certificate);
                                       return identity ? result<std::string>(to_string(*identity))
                                                       : result<std::string>(identity.failure());
                                     },
                                     [trust = &s.trust, meters = &s.meters](std::string_view identity, mpan meter) {
                                       return may_submit(*trust->policy(), *meters, identity, meter);
                                     },
                                     std::move(s.now_us),
                                     [tls](const ssl_st& connection) { return tls->still_valid(&connection); },
                                     complaint_with_claim(),
                                     into_audit(s.audit)};
  wire_listener_options at;
  at.address = settings.frames_address;
  at.port = static_cast<std::uint16_t>(settings.frames_port);
  at.rate = {static_cast<std::uint64_t>(settings.frames_readings_per_s),
             static_cast<std::uint64_t>(settings.frames_readings_at_once)};
  auto listener = wire_listener::open(std::move(around), at);
  if (!listener)
    return listener.failure();
  std::unique_ptr<frames_listener> out(new frames_listener());
  out->listener_ = std::move(*listener);
  s.trust.on_change([made = out->listener_.get()] { made->ask_again(); });
  return out;
}

} // namespace gridtwin
