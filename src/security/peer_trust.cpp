#include "src/security/peer_trust.hpp"

#include "src/security/pem_files.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr int least_rsa_bits = 2048;
constexpr int least_ec_bits = 256;

error refused(std::string why) { return {errc::usage, std::move(why)}; }

/// OpenSSL's level 2 would let P-224 pass, and does not look at roots.
bool is_strong(const X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr)
    return false;
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS)
    return EVP_PKEY_get_bits(key) >= least_rsa_bits;
  return kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) >= least_ec_bits;
}

bool is_weak_signature(int algorithm) noexcept {
  int hash = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(algorithm, &hash, &key) != 1)
    return true;
  return hash == NID_sha1 || hash == NID_md5 || hash == NID_md4 || hash == NID_md2;
}

std::string der_of(const X509_NAME* name) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_NAME(name, &bytes);
  std::string out;
  if (size > 0)
    out.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

/// The authority of a list: two of one name may stand beside each other, with a key each.
std::string authority_of(const X509_CRL* list) {
  std::string out = der_of(X509_CRL_get_issuer(list));
  const openssl_ptr<AUTHORITY_KEYID> key(
    static_cast<AUTHORITY_KEYID*>(X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
  if (key != nullptr && key->keyid != nullptr)
    out.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(key->keyid)),
               static_cast<std::size_t>(ASN1_STRING_length(key->keyid)));
  return out;
}

openssl_ptr<BIGNUM> crl_number(const X509_CRL* list) {
  const openssl_ptr<ASN1_INTEGER> number(
    static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  return openssl_ptr<BIGNUM>(number != nullptr ? ASN1_INTEGER_to_BN(number.get(), nullptr) : nullptr);
}

void set_expectations(X509_VERIFY_PARAM* param, const peer_expectation& expected, std::int64_t now_s) {
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(param, expected.is_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_trust(param, expected.is_server ? X509_TRUST_SSL_SERVER : X509_TRUST_SSL_CLIENT);
  X509_VERIFY_PARAM_set_depth(param, most_intermediates);
  X509_VERIFY_PARAM_set_auth_level(param, security_level);
  X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(now_s));
}

/// Error: the name is neither host nor address.
result<void> set_server_name(X509_VERIFY_PARAM* param, const std::string& name) {
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1)
    return {};
  ERR_clear_error();
  if (!name.empty() && X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1)
    return {};
  return refused("a client must know the host or address of its server");
}

} // namespace

result<peer_identity> identity_of(const X509* certificate) {
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (at < 0)
    return refused("the certificate has no alternative names: 'urn:gridtwin:...' among them says who a peer is");
  if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, at) >= 0)
    return refused("the certificate has alternative names twice");
  const ASN1_OCTET_STRING* const value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
  return identity_of_names({ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))});
}

result<std::shared_ptr<const peer_trust>> peer_trust::load(const std::vector<trusted_plane>& planes,
                                                           peer_expectation expected, wall_clock now) {
  const std::shared_ptr<peer_trust> out(new peer_trust);
  out->expected_ = std::move(expected);
  out->now_ = std::move(now);
  out->store_.reset(X509_STORE_new());
  if (out->store_ == nullptr)
    return refused("OpenSSL makes no store: " + openssl_complaint());
  if (planes.empty())
    return refused("no plane is trusted: no peer could ever be believed");
  for (const trusted_plane& files : planes)
    if (const auto added = out->add_plane(files); !added)
      return added.failure();
  if (const auto complete = out->check_roots_have_lists(); !complete)
    return complete.failure();
  return std::shared_ptr<const peer_trust>(out);
}

result<void> peer_trust::add_plane(const trusted_plane& files) {
  if (files.authorities.empty() || files.revocations.empty())
    return refused("the plane " + std::string(name_of(files.plane)) + " has no file of "
                   + (files.authorities.empty() ? "authorities" : "revocation lists"));
  for (const std::string& path : files.authorities) {
    auto certificates = read_certificates(path);
    if (!certificates)
      return certificates.failure();
    for (auto& certificate : *certificates)
      if (const auto added = add_root(files.plane, std::move(certificate), path); !added)
        return added;
  }
  for (const std::string& path : files.revocations)
    if (const auto added = add_revocations(path); !added)
      return added;
  return {};
}

result<void> peer_trust::add_root(trust_plane plane, openssl_ptr<X509> certificate, const std::string& path) {
  const std::string name = text_of(X509_get_subject_name(certificate.get()));
  if (X509_check_ca(certificate.get()) != 1 || (X509_get_extension_flags(certificate.get()) & EXFLAG_SS) == 0)
    return unusable(path, name + " is no root: an authority that has signed itself");
  if (!is_strong(certificate.get()))
    return unusable(path, name + " has too weak a key: RSA of 2048 bits or EC P-256 is the least");
  for (const root& known : roots_)
    if (known.plane != plane
        && EVP_PKEY_eq(X509_get0_pubkey(known.certificate.get()), X509_get0_pubkey(certificate.get())) == 1)
      return unusable(path,
                      name + " has the key of an authority of another plane: each plane has authorities of its own");
  if (X509_STORE_add_cert(store_.get(), certificate.get()) != 1)
    return unusable(path, name + ": " + openssl_complaint());
  roots_.push_back({plane, std::move(certificate)});
  return {};
}

result<void> peer_trust::add_revocations(const std::string& path) {
  auto lists = read_revocations(path);
  if (!lists)
    return lists.failure();
  for (auto& list : *lists) {
    const std::string name = text_of(X509_CRL_get_issuer(list.get()));
    auto number = crl_number(list.get());
    if (number == nullptr)
      return unusable(path, "the revocation list of " + name + " has no number");
    if (is_weak_signature(X509_CRL_get_signature_nid(list.get())))
      return unusable(path, "the revocation list of " + name + " is signed with a weak hash");
    if (X509_STORE_add_crl(store_.get(), list.get()) != 1)
      return unusable(path, "the revocation list of " + name + ": " + openssl_complaint());
    auto& newest = numbers_[authority_of(list.get())];
    if (newest == nullptr || BN_cmp(newest.get(), number.get()) < 0)
      newest = std::move(number);
    lists_.push_back(std::move(list));
  }
  return {};
}

result<void> peer_trust::check_roots_have_lists() const {
  for (const root& one : roots_) {
    const X509_NAME* const name = X509_get_subject_name(one.certificate.get());
    const bool has_list = std::any_of(lists_.begin(), lists_.end(), [&](const auto& list) {
      return X509_NAME_cmp(X509_CRL_get_issuer(list.get()), name) == 0
             && X509_CRL_verify(list.get(), X509_get0_pubkey(one.certificate.get())) == 1;
    });
    ERR_clear_error();
    if (!has_list)
      return error{errc::unreadable_input, "the authority " + text_of(name)
                                             + " has no revocation list that it has signed; nobody could be believed"};
  }
  return {};
}

result<void> peer_trust::follows(const peer_trust& before) const {
  for (const auto& [authority, number] : numbers_) {
    const auto earlier = before.numbers_.find(authority);
    if (earlier != before.numbers_.end() && BN_cmp(number.get(), earlier->second.get()) < 0)
      return error{errc::unreadable_input,
                   "a revocation list is older than the one in force; what was revoked stays so"};
  }
  return {};
}

result<void> peer_trust::check(X509_STORE_CTX* chain) const {
  X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(chain);
  set_expectations(param, expected_, now_());
  if (expected_.is_server)
    if (const auto named = set_server_name(param, expected_.server_name); !named)
      return named;
  if (X509_verify_cert(chain) != 1) {
    const int why = X509_STORE_CTX_get_error(chain);
    ERR_clear_error();
    return refused("the certificate is not believed: " + std::string(X509_verify_cert_error_string(why)) + " (at depth "
                   + std::to_string(X509_STORE_CTX_get_error_depth(chain)) + " of its chain)");
  }
  return check_chain(X509_STORE_CTX_get0_chain(chain));
}

result<void> peer_trust::check(X509* peer, STACK_OF(X509) * sent) const {
  const openssl_ptr<X509_STORE_CTX> chain(X509_STORE_CTX_new());
  if (chain == nullptr || X509_STORE_CTX_init(chain.get(), store_.get(), peer, sent) != 1)
    return refused("OpenSSL checks no certificate: " + openssl_complaint());
  return check(chain.get());
}

result<void> peer_trust::check_chain(STACK_OF(X509) * chain) const {
  for (int i = 0; i < sk_X509_num(chain); ++i)
    if (!is_strong(sk_X509_value(chain, i)))
      return refused(
        "a key of the certificate's chain is too weak: RSA of 2048 bits or EC P-256 is the least (at depth "
        + std::to_string(i) + ")");
  X509* const peer = sk_X509_value(chain, 0);
  if (X509_check_ca(peer) != 0)
    return refused("the certificate is an authority's, not a peer's");
  // Without the extension OpenSSL takes a certificate for one of any use.
  const std::uint32_t wanted = expected_.is_server ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
  if ((X509_get_extension_flags(peer) & EXFLAG_XKUSAGE) == 0 || (X509_get_extended_key_usage(peer) & wanted) == 0)
    return refused(std::string("the certificate is not made for this: its extended key usage has no ")
                   + (expected_.is_server ? "serverAuth" : "clientAuth"));
  return expected_.is_server ? result<void>() : check_client(chain);
}

result<void> peer_trust::check_client(const STACK_OF(X509) * chain) const {
  const auto identity = identity_of(sk_X509_value(chain, 0));
  if (!identity)
    return identity.failure();
  const X509* const end = sk_X509_value(chain, sk_X509_num(chain) - 1);
  const auto vouching = std::find_if(roots_.begin(), roots_.end(),
                                     [end](const root& one) { return X509_cmp(one.certificate.get(), end) == 0; });
  if (vouching == roots_.end() || vouching->plane != plane_of(identity->role))
    return refused("the certificate says " + to_string(*identity) + ", but was given by an authority of "
                   + (vouching == roots_.end() ? "no plane" : std::string(name_of(vouching->plane))));
  return expected_.admits ? expected_.admits(*identity) : result<void>();
}

std::vector<const X509_NAME*> peer_trust::root_names() const {
  std::vector<const X509_NAME*> out;
  for (const root& one : roots_)
    out.push_back(X509_get_subject_name(one.certificate.get()));
  return out;
}

} // namespace gridtwin
