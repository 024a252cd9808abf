#include "src/security/identity.hpp"

#include "config/printable_text.hpp"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

namespace gridtwin {

namespace {

constexpr std::string_view prefix = "urn:gridtwin:";
constexpr std::size_t longest_names_bytes = 16 * 1024;
constexpr int most_names = 100;

struct role_name {
  access_role role;
  std::string_view name;
};
constexpr std::array role_names{
  role_name{access_role::head_end, "head-end"},
  role_name{access_role::settlement, "settlement"},
  role_name{access_role::network_operator, "network-operator"},
  role_name{access_role::flexibility, "flexibility"},
  role_name{access_role::auditor, "auditor"},
  role_name{access_role::operator_, "operator"},
};
static_assert(role_names.size() == all_roles.size());

constexpr bool is_name_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

error unfit(std::string why) { return {errc::usage, std::move(why)}; }

struct free_names {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

std::string_view text_of(const ASN1_STRING* text) noexcept {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

} // namespace

std::string_view name_of(access_role role) noexcept {
  for (const role_name& one : role_names)
    if (one.role == role)
      return one.name;
  return {};
}

std::optional<access_role> parse_access_role(std::string_view text) noexcept {
  for (const role_name& one : role_names)
    if (one.name == text)
      return one.role;
  return std::nullopt;
}

std::string_view name_of(trust_plane plane) noexcept {
  switch (plane) {
  case trust_plane::devices:
    return "devices";
  case trust_plane::services:
    return "services";
  case trust_plane::operators:
    return "operators";
  }
  return {};
}

trust_plane plane_of(access_role role) noexcept {
  switch (role) {
  case access_role::head_end:
    return trust_plane::devices;
  case access_role::operator_:
    return trust_plane::operators;
  default:
    return trust_plane::services;
  }
}

result<peer_identity> parse_identity(std::string_view uri) {
  if (!uri.starts_with(prefix))
    return unfit(in_quotes(uri) + " is no identity: it begins with 'urn:gridtwin:'");
  std::string_view rest = uri.substr(prefix.size());
  const auto take = [&rest] {
    const std::size_t end = rest.find(':');
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return part;
  };
  const std::string_view kind = take();
  peer_identity out;
  if (kind == "operator") {
    out.role = access_role::operator_;
  } else if (kind == "service") {
    const std::string_view role = take();
    const auto known = parse_access_role(role);
    if (!known || plane_of(*known) != trust_plane::services)
      return unfit(in_quotes(role) + " is no role of a service: settlement, network-operator, flexibility or auditor");
    out.role = *known;
  } else if (kind != "device") {
    return unfit(in_quotes(kind) + " is no kind of identity: device, service or operator");
  }
  if (rest.empty() || rest.size() > longest_identity_name || !std::all_of(rest.begin(), rest.end(), is_name_letter))
    return unfit(in_quotes(rest) + " is no name of an identity: 1 to 64 of a-z, 0-9, '.' and '-'");
  out.name = rest;
  return out;
}

std::string to_string(const peer_identity& identity) {
  std::string out(prefix);
  switch (plane_of(identity.role)) {
  case trust_plane::devices:
    out += "device:";
    break;
  case trust_plane::services:
    out.append("service:").append(name_of(identity.role)).append(":");
    break;
  case trust_plane::operators:
    out += "operator:";
    break;
  }
  return out + identity.name;
}

result<peer_identity> identity_of_names(std::span<const std::uint8_t> der) {
  if (der.size() > longest_names_bytes)
    return unfit("the certificate's alternative names are longer than 16 KiB");
  const unsigned char* at = der.data();
  const std::unique_ptr<GENERAL_NAMES, free_names> names(
    d2i_GENERAL_NAMES(nullptr, &at, static_cast<long>(der.size())));
  if (names == nullptr || at != der.data() + der.size())
    return unfit("the certificate's alternative names cannot be read");
  if (sk_GENERAL_NAME_num(names.get()) > most_names)
    return unfit("the certificate has more than 100 alternative names");
  std::optional<std::string_view> uri;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    if (kind == GEN_IPADD)
      continue;
    if (kind != GEN_URI && kind != GEN_DNS)
      return unfit("the certificate has an alternative name that is neither URI, host nor address");
    const std::string_view text = text_of(static_cast<const ASN1_STRING*>(value));
    // A library that stops at the zero byte reads another name than the authority signed.
    if (text.find('\0') != std::string_view::npos)
      return unfit("an alternative name of the certificate holds a zero byte");
    if (text.find('*') != std::string_view::npos)
      return unfit("an alternative name of the certificate holds a wildcard: one certificate is one peer");
    if (kind == GEN_URI && uri)
      return unfit("the certificate has several URIs: which of them the peer is cannot be said");
    if (kind == GEN_URI)
      uri = text;
  }
  if (!uri)
    return unfit("the certificate has no URI among its alternative names: 'urn:gridtwin:...' says who a peer is");
  return parse_identity(*uri);
}

} // namespace gridtwin
