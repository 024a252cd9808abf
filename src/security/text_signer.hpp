#pragma once

#include "src/security/openssl_handles.hpp"
#include "twins/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace gridtwin {

/// Signs texts as `signer_of` believes them (`text_signature.hpp`): RSA with SHA-256 (PKCS #1 v1.5). From any thread.
class text_signer {
public:
  /// Files in PEM: the signer's certificate with its intermediate authorities behind it, and its key. Error:
  /// unreadable_input or usage, with the file and what is wrong: no RSA of 2048 bits or more, or not one pair.
  static result<std::shared_ptr<const text_signer>> load(const std::string& certificate, const std::string& key);

  /// The signature, in bytes; empty where OpenSSL makes none.
  std::string sign(std::string_view text) const;
  /// The certificates, the signer's first.
  const std::string& pem() const noexcept { return pem_; }

private:
  text_signer(openssl_ptr<EVP_PKEY> key, std::string pem) : key_(std::move(key)), pem_(std::move(pem)) {}

  openssl_ptr<EVP_PKEY> key_;
  std::string pem_;
};

} // namespace gridtwin
