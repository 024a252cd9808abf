#pragma once

#include "src/security/openssl_handles.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin::testing {

// Certificates and revocation lists of any kind, good and bad, made here and not by the program.

/// 2026-03-01T00:00:00Z; a program that makes certificates for a node with a clock of its own sets it before all else.
inline std::int64_t test_now_s = 1'772'323'200;
inline constexpr std::int64_t one_day_s = 86'400;

struct test_certificate {
  openssl_ptr<X509> certificate;
  openssl_ptr<EVP_PKEY> key;
};

/// DER of alternative names: each a kind (0x86 URI, 0x82 host) and its bytes.
inline std::string names_der(const std::vector<std::pair<unsigned char, std::string>>& names) {
  const auto with_length = [](unsigned char tag, const std::string& body) {
    std::string out(1, static_cast<char>(tag));
    if (body.size() < 128) {
      out += static_cast<char>(body.size());
    } else {
      out += static_cast<char>(0x82);
      out += static_cast<char>(body.size() >> 8);
      out += static_cast<char>(body.size() & 0xFF);
    }
    return out + body;
  };
  std::string all;
  for (const auto& [kind, text] : names)
    all += with_length(kind, text);
  return with_length(0x30, all);
}
inline std::string uri_der(const std::string& uri) { return names_der({{0x86, uri}}); }

/// What a certificate is to be; by default the first head-end's.
struct certificate_wish {
  std::string subject = "peer";
  std::string names = uri_der("urn:gridtwin:device:head-end-1"); ///< DER; empty: none
  std::string extended_use = "clientAuth";                       ///< empty: none
  bool authority = false;
  int path_length = -1; ///< of an authority; -1: not said
  std::int64_t from_s = test_now_s - one_day_s;
  std::int64_t until_s = test_now_s + 30 * one_day_s;
  const EVP_MD* hash = EVP_sha256();
  openssl_ptr<EVP_PKEY> key = openssl_ptr<EVP_PKEY>(EVP_EC_gen("P-256"));
};

inline void add_extension(X509* certificate, X509* issuer, int kind, const std::string& text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl_ptr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str()));
  REQUIRE(extension != nullptr);
  REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// Signed by `issuer`, or by itself where there is none.
inline test_certificate make_certificate(certificate_wish wish, const test_certificate* issuer) {
  static std::int64_t serial = 1000;
  test_certificate out{openssl_ptr<X509>(X509_new()), std::move(wish.key)};
  X509* const c = out.certificate.get();
  X509* const by = issuer != nullptr ? issuer->certificate.get() : c;
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(c), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(c), wish.from_s);
  ASN1_TIME_set(X509_getm_notAfter(c), wish.until_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.subject.c_str()), -1, -1, 0);
  X509_set_issuer_name(c, X509_get_subject_name(by));
  REQUIRE(X509_set_pubkey(c, out.key.get()) == 1);
  add_extension(c, by, NID_subject_key_identifier, "hash");
  if (issuer != nullptr)
    add_extension(c, by, NID_authority_key_identifier, "keyid:always");
  const std::string length = wish.path_length < 0 ? "" : ",pathlen:" + std::to_string(wish.path_length);
  add_extension(c, by, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" + length : "critical,CA:FALSE");
  add_extension(c, by, NID_key_usage,
                wish.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,keyEncipherment");
  if (!wish.authority && !wish.extended_use.empty())
    add_extension(c, by, NID_ext_key_usage, wish.extended_use);
  if (!wish.authority && !wish.names.empty()) {
    const openssl_ptr<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(wish.names.data()),
                          static_cast<int>(wish.names.size()));
    const openssl_ptr<X509_EXTENSION> names(
      X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value.get()));
    REQUIRE(X509_add_ext(c, names.get(), -1) == 1);
  }
  REQUIRE(X509_sign(c, issuer != nullptr ? issuer->key.get() : out.key.get(), wish.hash) > 0);
  return out;
}

/// An authority of the name, under `issuer` or a root.
inline test_certificate make_authority(const std::string& name, const test_certificate* issuer, int path_length = -1) {
  certificate_wish wish;
  wish.subject = name;
  wish.authority = true;
  wish.path_length = path_length;
  return make_certificate(std::move(wish), issuer);
}

inline std::string pem_of(const X509* certificate) {
  const openssl_ptr<BIO> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(out.get(), certificate) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}
inline std::string pem_of(const test_certificate& c) { return pem_of(c.certificate.get()); }

inline std::string pem_of_key(const test_certificate& c) {
  const openssl_ptr<BIO> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_PrivateKey(out.get(), c.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

/// A list of an authority in PEM, with the certificates that it takes back.
inline std::string make_revocations(const test_certificate& authority, int number,
                                    const std::vector<const test_certificate*>& revoked = {},
                                    std::int64_t until_s = test_now_s + 7 * one_day_s) {
  const openssl_ptr<X509_CRL> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(authority.certificate.get()));
  const openssl_ptr<ASN1_TIME> from(ASN1_TIME_set(nullptr, test_now_s - one_day_s));
  const openssl_ptr<ASN1_TIME> until(ASN1_TIME_set(nullptr, until_s));
  X509_CRL_set1_lastUpdate(list.get(), from.get());
  X509_CRL_set1_nextUpdate(list.get(), until.get());
  for (const test_certificate* one : revoked) {
    openssl_ptr<X509_REVOKED> entry(X509_REVOKED_new());
    X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(one->certificate.get()));
    X509_REVOKED_set_revocationDate(entry.get(), from.get());
    REQUIRE(X509_CRL_add0_revoked(list.get(), entry.release()) == 1);
  }
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority.certificate.get(), nullptr, nullptr, list.get(), 0);
  const openssl_ptr<X509_EXTENSION> key(
    X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  REQUIRE(X509_CRL_add_ext(list.get(), key.get(), -1) == 1);
  const openssl_ptr<ASN1_INTEGER> counted(ASN1_INTEGER_new());
  ASN1_INTEGER_set(counted.get(), number);
  REQUIRE(X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, counted.get(), 0, 0) == 1);
  X509_CRL_sort(list.get());
  REQUIRE(X509_CRL_sign(list.get(), authority.key.get(), EVP_sha256()) > 0);
  const openssl_ptr<BIO> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509_CRL(out.get(), list.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

} // namespace gridtwin::testing
