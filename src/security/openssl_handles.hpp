#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace gridtwin {

/// Gives an object of OpenSSL back to it.
struct openssl_free {
  void operator()(BIO* p) const noexcept { BIO_free_all(p); }
  void operator()(BIGNUM* p) const noexcept { BN_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(X509_CRL* p) const noexcept { X509_CRL_free(p); }
  void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
  void operator()(X509_NAME* p) const noexcept { X509_NAME_free(p); }
  void operator()(X509_REVOKED* p) const noexcept { X509_REVOKED_free(p); }
  void operator()(X509_STORE* p) const noexcept { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const noexcept { X509_STORE_CTX_free(p); }
  void operator()(ASN1_STRING* p) const noexcept { ASN1_STRING_free(p); } // times and numbers, too
  void operator()(AUTHORITY_KEYID* p) const noexcept { AUTHORITY_KEYID_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
};

template <class T>
using openssl_ptr = std::unique_ptr<T, openssl_free>;

/// What OpenSSL complained of last on this thread; its list of complaints is empty then.
std::string openssl_complaint();

/// OpenSSL's level for keys and hashes, 112 bits: neither RSA below 2048 nor SHA-1.
inline constexpr int security_level = 2;

/// An address of a host as IPv4 or IPv6 rather than a name.
bool is_address(const std::string& host) noexcept;

/// A name as a line of text, safe to print.
std::string text_of(const X509_NAME* name);

} // namespace gridtwin
