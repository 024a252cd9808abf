#include "src/security/text_signature.hpp"

#include "src/security/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <vector>

namespace gridtwin {

namespace {

error not_signed(const std::string& why) { return {errc::usage, "the signature is not believed: " + why}; }

/// In their order; empty where the text holds none, or too many.
std::vector<openssl_ptr<X509>> certificates_in(const std::string& pem) {
  const openssl_ptr<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<openssl_ptr<X509>> out;
  while (in != nullptr) {
    openssl_ptr<X509> one(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (one == nullptr)
      break;
    if (out.size() == static_cast<std::size_t>(most_signing_certificates)) {
      out.clear();
      break;
    }
    out.push_back(std::move(one));
  }
  ERR_clear_error();
  return out;
}

/// Of certificates that somebody else owns.
class borrowed_stack {
public:
  explicit borrowed_stack(const std::vector<openssl_ptr<X509>>& of) : stack_(sk_X509_new_null()) {
    for (const auto& one : of)
      if (stack_ != nullptr && sk_X509_push(stack_, one.get()) == 0) {
        sk_X509_free(stack_);
        stack_ = nullptr;
      }
  }
  ~borrowed_stack() { sk_X509_free(stack_); }
  borrowed_stack(const borrowed_stack&) = delete;
  borrowed_stack& operator=(const borrowed_stack&) = delete;

  STACK_OF(X509) * get() const noexcept { return stack_; }

private:
  STACK_OF(X509) * stack_;
};

bool has_signed(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool holds =
    context != nullptr && EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1
    && EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                        reinterpret_cast<const unsigned char*>(text.data()), text.size())
         == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return holds;
}

} // namespace

result<peer_identity> signer_of(const tls_context& trust, const std::string& pem, std::string_view text,
                                std::string_view signature) {
  const auto certificates = certificates_in(pem);
  if (certificates.empty())
    return not_signed("it needs 1 to " + std::to_string(most_signing_certificates) + " certificates in PEM");
  EVP_PKEY* const key = X509_get0_pubkey(certificates.front().get());
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
    return not_signed("the key of its certificate is not RSA");
  constexpr int most_key_bits = 8192; // a larger one costs more than its holder may ask for
  if (EVP_PKEY_get_bits(key) > most_key_bits)
    return not_signed("the key of its certificate has more than " + std::to_string(most_key_bits) + " bits");
  if (!has_signed(key, text, signature))
    return not_signed("it is not of this request, or not of its certificate's key");
  const borrowed_stack sent(certificates);
  if (sent.get() == nullptr)
    return not_signed("memory is short");
  if (const auto believed = trust.still_valid(certificates.front().get(), sent.get()); !believed)
    return not_signed(believed.failure().message);
  return identity_of(certificates.front().get());
}

} // namespace gridtwin
