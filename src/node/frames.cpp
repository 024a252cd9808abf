#include "src/node/frames.hpp"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

/// What the names of a certificate that was believed say.
result<peer_identity> identity_of(const X509& certificate) {
  const int at = X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1);
  X509_EXTENSION* const names = at < 0 ? nullptr : X509_get_ext(&certificate, at);
  const ASN1_OCTET_STRING* const der = names == nullptr ? nullptr : X509_EXTENSION_get_data(names);
  if (der == nullptr)
    return error{errc::usage, "the certificate has no alternative names"};
  return identity_of_names({ASN1_STRING_get0_data(der), static_cast<std::size_t>(ASN1_STRING_length(der))});
}

bool may_submit(const access_policy& policy, std::string_view identity, mpan meter) {
  // A session asks of one reading after another.
  thread_local std::string last_text;
  thread_local result<peer_identity> last = parse_identity("");
  if (identity != last_text) {
    last_text = identity;
    last = parse_identity(identity);
  }
  access_resource resource;
  resource.meter = meter;
  return last && policy.allows(*last, access_operation::submit, resource).allowed();
}

} // namespace

result<std::unique_ptr<frames_listener>> frames_listener::open(const node_settings& settings, submission_gate& gate,
                                                               wall_clock now_s, std::function<std::int64_t()> now_us) {
  auto policy = read_access_policy(settings.frames_policy);
  if (!policy)
    return policy.failure();
  tls_options tls;
  tls.certificate = settings.frames_certificate;
  tls.key = settings.frames_key;
  tls.planes.push_back({trust_plane::devices, {settings.frames_roots}, {settings.frames_revocations}});
  const auto shared = std::make_shared<const access_policy>(*policy);
  tls.admits = [shared](const peer_identity& peer) -> result<void> {
    if (const access_decision decision = shared->admits(peer); !decision.allowed())
      return error{errc::usage, std::string(decision.reason())};
    return {};
  };
  auto context = tls_context::open(std::move(tls), std::move(now_s));
  if (!context)
    return context.failure();
  std::unique_ptr<frames_listener> out(new frames_listener(std::move(*context), std::move(*policy)));
  wire_listener::surroundings around{gate,
                                     [made = out->tls_.get()] {
                                       const std::shared_ptr<SSL_CTX> current = made->current();
                                       SSL_CTX_up_ref(current.get());
                                       return std::make_shared<boost::asio::ssl::context>(current.get());
                                     },
                                     [](const x509_st& certificate) -> result<std::string> {
                                       const auto identity = identity_of(certificate);
                                       return identity ? result<std::string>(to_string(*identity))
                                                       : result<std::string>(identity.failure());
                                     },
                                     [policy_of = out->policy_](std::string_view identity, mpan meter) {
                                       return may_submit(*policy_of, identity, meter);
                                     },
                                     std::move(now_us)};
  wire_listener_options options;
  options.address = settings.frames_address;
  options.port = static_cast<std::uint16_t>(settings.frames_port);
  auto listener = wire_listener::open(std::move(around), options);
  if (!listener)
    return listener.failure();
  out->listener_ = std::move(*listener);
  return out;
}

} // namespace gridtwin
