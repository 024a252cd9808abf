#include "src/security/text_signer.hpp"

#include "src/security/pem_files.hpp"
#include "src/security/text_signature.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <vector>

namespace gridtwin {

namespace {

constexpr int least_signing_key_bits = 2048;

/// Certificates alone, whatever stood beside them in their file.
std::string pem_of(const std::vector<openssl_ptr<X509>>& chain) {
  const openssl_ptr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr)
    return {};
  for (const auto& one : chain)
    if (PEM_write_bio_X509(out.get(), one.get()) != 1)
      return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

} // namespace

result<std::shared_ptr<const text_signer>> text_signer::load(const std::string& certificate, const std::string& key) {
  const auto chain = read_certificates(certificate);
  if (!chain)
    return chain.failure();
  if (chain->size() > static_cast<std::size_t>(most_signing_certificates))
    return unusable(certificate, "has more than " + std::to_string(most_signing_certificates) + " certificates");
  auto own = read_private_key(key);
  if (!own)
    return own.failure();
  if (EVP_PKEY_get_base_id(own->get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(own->get()) < least_signing_key_bits)
    return unusable(key, "is no RSA key of 2048 bits or more, by which alone requests are signed");
  if (X509_check_private_key(chain->front().get(), own->get()) != 1) {
    ERR_clear_error();
    return unusable(key, "is not the key of " + certificate);
  }
  std::string pem = pem_of(*chain);
  if (pem.empty())
    return unusable(certificate, "cannot be written as PEM again: memory is short");
  return std::shared_ptr<const text_signer>(new text_signer(std::move(*own), std::move(pem)));
}

std::string text_signer::sign(std::string_view text) const {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  std::string out;
  std::size_t size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (context != nullptr && EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get()) == 1
      && EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1) {
    out.resize(size);
    if (EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) == 1)
      out.resize(size);
    else
      out.clear();
  }
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return out;
}

} // namespace gridtwin
