#pragma once

#include "src/security/openssl_handles.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gridtwin {

// Certificates and revocation lists for `gridtwin pki`: EC P-256 keys, SHA-256, no more than a test set needs.

struct certified_key {
  openssl_ptr<X509> certificate;
  openssl_ptr<EVP_PKEY> key;
};

enum class certificate_use {
  root,    ///< an authority that signs itself
  issuing, ///< an authority under a root, that may make no further ones
  client,
  server
};

struct certificate_order {
  std::string common_name;        ///< for people; nothing goes by it
  std::string uri;                ///< of a client: its identity
  std::vector<std::string> hosts; ///< of a server: names and addresses, as `is_host` knows them
  certificate_use use = certificate_use::client;
  std::int64_t from_s = 0;
  std::int64_t until_s = 0;
};

/// A name of letters, digits, dots and hyphens, or an address of IPv4 or IPv6.
bool is_host(const std::string& text) noexcept;

/// A certificate with a new key and a random serial number. `issuer`: nothing for a root alone.
result<certified_key> make_certificate(const certificate_order& order, const certified_key* issuer);

/// Number 1 of an authority's lists, with nothing on it.
result<openssl_ptr<X509_CRL>> make_revocations(const certified_key& authority, std::int64_t from_s,
                                               std::int64_t until_s);

/// The list after `before`: one number higher, with the serial number of `revoked` on it, in force from `now_s` for as
/// long as `before` was.
result<openssl_ptr<X509_CRL>> revoke(const X509_CRL* before, const certified_key& authority, const X509* revoked,
                                     std::int64_t now_s);

/// Whether a certificate is on a list.
bool is_revoked(const X509_CRL* list, const X509* certificate);
/// Serial number, hexadecimal.
std::string serial_of(const X509* certificate);
/// Number of a list; 0 where it has none.
std::int64_t number_of(const X509_CRL* list);

/// As PEM; empty where memory is short.
std::string pem_of(const X509* certificate);
std::string pem_of(const X509_CRL* list);
/// Without a password.
std::string pem_of(const EVP_PKEY* key);

} // namespace gridtwin
