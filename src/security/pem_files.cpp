#include "src/security/pem_files.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <fstream>
#include <string_view>

#include <sys/stat.h>

namespace gridtwin {

namespace {

int no_password(char*, int, int, void*) { return -1; }

result<std::string> whole_file(const std::string& path, std::size_t limit) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return unusable(path, "cannot be read: is the name right, and may this user read it?");
  std::string text;
  std::string part(std::size_t{1} << 16, '\0');
  while (in && text.size() <= limit) {
    in.read(part.data(), static_cast<std::streamsize>(part.size()));
    text.append(part, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad())
    return unusable(path, "cannot be read: is it a file?");
  if (text.size() > limit)
    return unusable(path, "is larger than " + std::to_string(limit) + " bytes");
  return text;
}

/// How often a mark of PEM stands in a text.
std::size_t count_of(std::string_view mark, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + mark.size()))
    ++count;
  return count;
}

/// Whether the last line is the end of an object: else the file was cut off, maybe in the begin of the next.
bool ends_whole(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos)
    return false;
  text = text.substr(0, last + 1);
  const std::string_view line = text.substr(text.find_last_of("\r\n") + 1);
  return line.starts_with("-----END ") && line.ends_with("-----");
}

template <class T, class Read>
result<std::vector<openssl_ptr<T>>> read_all(const std::string& path, std::size_t limit, const std::string& kind,
                                             Read read) {
  const auto text = whole_file(path, limit);
  if (!text)
    return text.failure();
  ERR_clear_error();
  const openssl_ptr<BIO> in(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  std::vector<openssl_ptr<T>> out;
  while (in != nullptr) {
    openssl_ptr<T> one(read(in.get(), nullptr, no_password, nullptr));
    if (one == nullptr)
      break;
    out.push_back(std::move(one));
  }
  // The reader passes over what is of another kind and does not tell an end from a broken begin.
  if (out.empty() || !ends_whole(*text) || out.size() != count_of("-----BEGIN ", *text)
      || out.size() != count_of("-----END ", *text))
    return unusable(path, "should hold " + kind + " in PEM and nothing else, whole (" + openssl_complaint() + ")");
  ERR_clear_error();
  return out;
}

} // namespace

error unusable(const std::string& path, const std::string& why) { return {errc::unreadable_input, path + ": " + why}; }

result<std::vector<openssl_ptr<X509>>> read_certificates(const std::string& path) {
  return read_all<X509>(path, pem_bytes_limit, "certificates", PEM_read_bio_X509);
}

result<std::vector<openssl_ptr<X509_CRL>>> read_revocations(const std::string& path) {
  return read_all<X509_CRL>(path, revocations_bytes_limit, "revocation lists", PEM_read_bio_X509_CRL);
}

result<openssl_ptr<EVP_PKEY>> read_private_key(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IROTH | S_IWOTH)) != 0)
    return unusable(path, "every user of this machine may read this private key or write to it; chmod 600 it");
  auto keys = read_all<EVP_PKEY>(path, pem_bytes_limit, "one private key without a password", PEM_read_bio_PrivateKey);
  if (!keys)
    return keys.failure();
  if (keys->size() != 1)
    return unusable(path, "holds several private keys");
  return std::move(keys->front());
}

} // namespace gridtwin
