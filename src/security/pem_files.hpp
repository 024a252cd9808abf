#pragma once

#include "src/security/openssl_handles.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace gridtwin {

// Files in PEM are read whole before anything of them counts: one that is half written, empty, or holds anything else
// is refused, with its name. Nothing asks for a password.

/// Largest file of certificates or keys, and of revocation lists: each is read into memory.
inline constexpr std::size_t pem_bytes_limit = std::size_t{1} << 20;
inline constexpr std::size_t revocations_bytes_limit = std::size_t{64} << 20;

/// What is wrong with a file of them; with its name.
error unusable(const std::string& path, const std::string& why);

/// One or more certificates, in the order of the file.
result<std::vector<openssl_ptr<X509>>> read_certificates(const std::string& path);

/// One or more revocation lists.
result<std::vector<openssl_ptr<X509_CRL>>> read_revocations(const std::string& path);

/// A private key that users other than owner and group cannot read.
result<openssl_ptr<EVP_PKEY>> read_private_key(const std::string& path);

} // namespace gridtwin
