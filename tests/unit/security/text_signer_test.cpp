#include "src/security/text_signer.hpp"

#include "src/security/text_signature.hpp"
#include "tests/support/tls_fixture.hpp"

#include <filesystem>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// Files of a signer, as a node has them.
struct signer_files {
  explicit signer_files(const test_certificate& own, const test_certificate& authority) {
    folder.write("signer.pem", pem_of(own) + pem_of(authority));
    folder.write("signer.key", pem_of_key(own));
    std::filesystem::permissions(folder.path() / "signer.key", std::filesystem::perms::owner_read);
  }
  result<std::shared_ptr<const text_signer>> load() const {
    return text_signer::load((folder.path() / "signer.pem").string(), (folder.path() / "signer.key").string());
  }
  temporary_folder folder;
};

} // namespace

TEST_CASE_FIXTURE(tls_fixture, "text_signer: SE-02 what it signs is believed by who verifies, text and key") {
  certificate_wish wish;
  wish.key.reset(EVP_RSA_gen(2048));
  const test_certificate own = issue(std::move(wish));
  const signer_files files(own, planes.at(trust_plane::devices).intermediate);
  const auto signer = files.load();
  REQUIRE_MESSAGE(signer, (signer ? "" : signer.failure().message));
  constexpr std::string_view text = "POST;https://receiver.example/events;2026-03-01T00:00:00Z;aGFzaA==";
  const auto listener = open(listener_options());
  CHECK(signer_of(*listener, (*signer)->pem(), text, (*signer)->sign(text)));
  CHECK_FALSE(signer_of(*listener, (*signer)->pem(), text, (*signer)->sign("another text")));
}

TEST_CASE_FIXTURE(tls_fixture, "text_signer: SE-02 keys that nobody would believe are refused when they are read") {
  const auto why = [&](certificate_wish wish, const test_certificate* key = nullptr) {
    const test_certificate own = issue(std::move(wish));
    const signer_files files(own, planes.at(trust_plane::devices).intermediate);
    if (key != nullptr) {
      std::filesystem::remove(files.folder.path() / "signer.key");
      files.folder.write("signer.key", pem_of_key(*key));
      std::filesystem::permissions(files.folder.path() / "signer.key", std::filesystem::perms::owner_read);
    }
    const auto signer = files.load();
    return signer ? std::string() : signer.failure().message;
  };
  certificate_wish weak;
  weak.key.reset(EVP_RSA_gen(1024));
  certificate_wish good;
  good.key.reset(EVP_RSA_gen(2048));
  certificate_wish other;
  other.key.reset(EVP_RSA_gen(2048));
  const test_certificate others = issue(std::move(other));
  CHECK(why({}).find("no RSA key") != std::string::npos); // EC
  CHECK(why(std::move(weak)).find("no RSA key of 2048") != std::string::npos);
  CHECK(why(std::move(good), &others).find("is not the key of") != std::string::npos);
}
