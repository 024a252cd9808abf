#include "src/security/certificate_maker.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

namespace gridtwin {

namespace {

constexpr int serial_bits = 127; // at most 20 bytes (RFC 5280, 4.1.2.2), and not to be guessed
constexpr std::size_t longest_host = 253;

error failed(const char* what) {
  return {errc::usage, std::string("cannot make ") + what + ": " + openssl_complaint()};
}

openssl_ptr<ASN1_STRING> time_of(std::int64_t seconds) {
  return openssl_ptr<ASN1_STRING>(ASN1_TIME_set(nullptr, static_cast<time_t>(seconds)));
}

openssl_ptr<X509_EXTENSION> extension_of(X509V3_CTX& context, int kind, const std::string& text) {
  return openssl_ptr<X509_EXTENSION>(X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str()));
}

std::string names_of(const certificate_order& order) {
  if (order.use == certificate_use::client)
    return "URI:" + order.uri;
  std::string out;
  for (const std::string& host : order.hosts)
    out.append(out.empty() ? "" : ",").append(is_address(host) ? "IP:" : "DNS:").append(host);
  return out;
}

bool add_extensions(X509* certificate, X509* issuer, const certificate_order& order) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const auto add = [&](int kind, const std::string& text) {
    const auto extension = extension_of(context, kind, text);
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
  };
  const bool root = order.use == certificate_use::root;
  const bool authority = root || order.use == certificate_use::issuing;
  const char* const constraints = root        ? "critical,CA:TRUE"
                                  : authority ? "critical,CA:TRUE,pathlen:0"
                                              : "critical,CA:FALSE";
  if (!add(NID_basic_constraints, constraints)
      || !add(NID_key_usage, authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature")
      || !add(NID_subject_key_identifier, "hash") || (!root && !add(NID_authority_key_identifier, "keyid:always")))
    return false;
  return authority
         || (add(NID_ext_key_usage, order.use == certificate_use::server ? "serverAuth" : "clientAuth")
             && add(NID_subject_alt_name, names_of(order)));
}

bool set_random_serial(X509* certificate) {
  const openssl_ptr<BIGNUM> number(BN_new());
  return number != nullptr && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
         && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_number(X509_CRL* list, std::int64_t number) {
  const openssl_ptr<ASN1_STRING> value(ASN1_INTEGER_new());
  return value != nullptr && ASN1_INTEGER_set_int64(value.get(), number) == 1
         && X509_CRL_add1_ext_i2d(list, NID_crl_number, value.get(), 0, X509V3_ADD_REPLACE) == 1;
}

bool set_times(X509_CRL* list, std::int64_t from_s, std::int64_t until_s) {
  const auto from = time_of(from_s);
  const auto until = time_of(until_s);
  return from != nullptr && until != nullptr && X509_CRL_set1_lastUpdate(list, from.get()) == 1
         && X509_CRL_set1_nextUpdate(list, until.get()) == 1;
}

/// Seconds for which a list is in force.
std::int64_t duration_of(const X509_CRL* list) {
  int days = 0;
  int seconds = 0;
  constexpr std::int64_t day_s = 86'400;
  const bool known =
    ASN1_TIME_diff(&days, &seconds, X509_CRL_get0_lastUpdate(list), X509_CRL_get0_nextUpdate(list)) == 1;
  return known ? days * day_s + seconds : day_s;
}

template <class Write>
std::string written(Write write) {
  const openssl_ptr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr || write(out.get()) != 1)
    return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

} // namespace

bool is_host(const std::string& text) noexcept {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  if (text.empty() || text.size() > longest_host)
    return false;
  return std::all_of(text.begin(), text.end(), is_letter) || is_address(text);
}

result<certified_key> make_certificate(const certificate_order& order, const certified_key* issuer) {
  certified_key out{openssl_ptr<X509>(X509_new()), openssl_ptr<EVP_PKEY>(EVP_EC_gen("P-256"))};
  X509* const c = out.certificate.get();
  if (c == nullptr || out.key == nullptr)
    return failed("a key");
  X509* const by = issuer != nullptr ? issuer->certificate.get() : c;
  const auto from = time_of(order.from_s);
  const auto until = time_of(order.until_s);
  const bool made = X509_set_version(c, X509_VERSION_3) == 1 && set_random_serial(c) && from != nullptr
                    && until != nullptr && X509_set1_notBefore(c, from.get()) == 1
                    && X509_set1_notAfter(c, until.get()) == 1
                    && X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                                  reinterpret_cast<const unsigned char*>(order.common_name.data()),
                                                  static_cast<int>(order.common_name.size()), -1, 0)
                         == 1
                    && X509_set_issuer_name(c, X509_get_subject_name(by)) == 1 && X509_set_pubkey(c, out.key.get()) == 1
                    && add_extensions(c, by, order)
                    && X509_sign(c, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256()) > 0;
  if (!made)
    return failed("a certificate");
  return out;
}

result<openssl_ptr<X509_CRL>> make_revocations(const certified_key& authority, std::int64_t from_s,
                                               std::int64_t until_s) {
  openssl_ptr<X509_CRL> out(X509_CRL_new());
  if (out == nullptr)
    return failed("a revocation list");
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority.certificate.get(), nullptr, nullptr, out.get(), 0);
  const auto key = extension_of(context, NID_authority_key_identifier, "keyid:always");
  const bool made = X509_CRL_set_version(out.get(), X509_CRL_VERSION_2) == 1
                    && X509_CRL_set_issuer_name(out.get(), X509_get_subject_name(authority.certificate.get())) == 1
                    && set_times(out.get(), from_s, until_s) && key != nullptr
                    && X509_CRL_add_ext(out.get(), key.get(), -1) == 1 && set_number(out.get(), 1)
                    && X509_CRL_sign(out.get(), authority.key.get(), EVP_sha256()) > 0;
  if (!made)
    return failed("a revocation list");
  return out;
}

result<openssl_ptr<X509_CRL>> revoke(const X509_CRL* before, const certified_key& authority, const X509* revoked,
                                     std::int64_t now_s) {
  openssl_ptr<X509_CRL> out(X509_CRL_dup(before));
  openssl_ptr<X509_REVOKED> entry(X509_REVOKED_new());
  const auto now = time_of(now_s);
  if (out == nullptr || entry == nullptr || now == nullptr)
    return failed("a revocation list");
  const bool entered =
    X509_REVOKED_set_serialNumber(entry.get(), const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(revoked))) == 1
    && X509_REVOKED_set_revocationDate(entry.get(), now.get()) == 1
    && X509_CRL_add0_revoked(out.get(), entry.get()) == 1;
  if (!entered)
    return failed("a revocation list");
  static_cast<void>(entry.release()); // the list's
  const bool made = set_times(out.get(), now_s, now_s + duration_of(before))
                    && set_number(out.get(), number_of(before) + 1) && X509_CRL_sort(out.get()) == 1
                    && X509_CRL_sign(out.get(), authority.key.get(), EVP_sha256()) > 0;
  if (!made)
    return failed("a revocation list");
  return out;
}

bool is_revoked(const X509_CRL* list, const X509* certificate) {
  X509_REVOKED* entry = nullptr;
  return X509_CRL_get0_by_serial(const_cast<X509_CRL*>(list), &entry, X509_get0_serialNumber(certificate)) == 1;
}

std::string serial_of(const X509* certificate) {
  const openssl_ptr<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* const digits = number != nullptr ? BN_bn2hex(number.get()) : nullptr;
  std::string out = digits != nullptr ? digits : "";
  OPENSSL_free(digits);
  return out;
}

std::int64_t number_of(const X509_CRL* list) {
  const openssl_ptr<ASN1_STRING> value(
    static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  std::int64_t out = 0;
  return value != nullptr && ASN1_INTEGER_get_int64(&out, value.get()) == 1 ? out : 0;
}

std::string pem_of(const X509* certificate) {
  return written([=](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}
std::string pem_of(const X509_CRL* list) {
  return written([=](BIO* out) { return PEM_write_bio_X509_CRL(out, list); });
}
std::string pem_of(const EVP_PKEY* key) {
  return written(
    [=](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

} // namespace gridtwin
