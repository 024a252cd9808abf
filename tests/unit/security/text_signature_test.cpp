#include "src/security/text_signature.hpp"

#include "tests/support/tls_fixture.hpp"

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

certificate_wish rsa_wish(unsigned bits = 2048) {
  certificate_wish out;
  out.key.reset(EVP_RSA_gen(bits));
  return out;
}

std::string signature_by(const test_certificate& own, std::string_view text, const EVP_MD* hash = EVP_sha256()) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  std::string out(1024, '\0');
  std::size_t size = out.size();
  REQUIRE(EVP_DigestSignInit(context, nullptr, hash, nullptr, own.key.get()) == 1);
  REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size())
          == 1);
  EVP_MD_CTX_free(context);
  out.resize(size);
  return out;
}

constexpr std::string_view text = "POST;https://node.example/v1/if-021;2026-03-01T00:00:00Z;aGFzaA==";

void check_refused(const result<peer_identity>& found, std::string_view why) {
  REQUIRE(!found);
  CAPTURE(found.failure().message);
  CHECK(found.failure().message.find(why) != std::string::npos);
}

} // namespace

TEST_CASE_FIXTURE(tls_fixture,
                  "text_signature: SE-02 who has signed is who the certificate says, and nothing may be bent") {
  const auto listener = open(listener_options());
  const test_certificate own = issue(rsa_wish());
  const std::string pem = pem_of(own) + pem_of(planes.at(trust_plane::devices).intermediate);
  const std::string signature = signature_by(own, text);
  const auto who = signer_of(*listener, pem, text, signature);
  REQUIRE_MESSAGE(who, (who ? "" : who.failure().message));
  CHECK(to_string(*who) == "urn:gridtwin:device:head-end-1");
  for (std::size_t at = 0; at < text.size(); at += 7) {
    std::string bent(text);
    bent[at] = static_cast<char>(bent[at] ^ 1);
    check_refused(signer_of(*listener, pem, bent, signature), "not of this request");
  }
  for (std::size_t at = 0; at < signature.size(); at += 37) {
    std::string bent = signature;
    bent[at] = static_cast<char>(bent[at] ^ 1);
    check_refused(signer_of(*listener, pem, text, bent), "not of this request");
  }
  check_refused(signer_of(*listener, pem, text, ""), "not of this request");
  check_refused(signer_of(*listener, pem, text, signature_by(own, text, EVP_sha512())), "not of this request");
  check_refused(signer_of(*listener, pem, text, signature_by(issue(rsa_wish()), text)), "not of this request");
  check_refused(signer_of(*listener, pem_of(own), text, signature), "is not believed"); // without its authority
  check_refused(signer_of(*listener, "", text, signature), "needs 1 to 3 certificates");
  check_refused(signer_of(*listener, pem + pem, text, signature), "needs 1 to 3 certificates");
}

TEST_CASE_FIXTURE(tls_fixture, "text_signature: SE-02 T31 a certificate that would not get in signs nothing") {
  const auto listener = open(listener_options());
  const auto answer_to = [&](const test_certificate& own, trust_plane plane = trust_plane::devices) {
    return signer_of(*listener, pem_of(own) + pem_of(planes.at(plane).intermediate), text, signature_by(own, text));
  };
  check_refused(answer_to(issue({})), "not RSA");
  certificate_wish wish = rsa_wish();
  wish.extended_use = "codeSigning";
  check_refused(answer_to(issue(std::move(wish))), "not believed");
  wish = rsa_wish();
  wish.until_s = test_now_s - 1;
  check_refused(answer_to(issue(std::move(wish))), "expired");
  wish = rsa_wish(1024);
  check_refused(answer_to(issue(std::move(wish))), "not believed");
  check_refused(answer_to(issue(rsa_wish(), trust_plane::services), trust_plane::services), "not believed");
  wish = rsa_wish();
  wish.names.clear();
  check_refused(answer_to(issue(std::move(wish))), "not believed");
  const test_certificate own = issue(rsa_wish());
  CHECK(answer_to(own));
  revoke(trust_plane::devices, 2, {&own});
  REQUIRE(listener->reload());
  check_refused(answer_to(own), "revoked");
}
