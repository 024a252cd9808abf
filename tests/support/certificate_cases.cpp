// Makes the certificates of the threat model's matrix (section 2.3) for a listener that is already there, as files:
//
//     certificate_cases FOLDER PLANE URI OTHER_URI NOW_S
//
// PLANE: of the listener's clients; URI: an identity that its policy admits; OTHER_URI: one of the plane that it does
// not. In FOLDER: node.pem and node.key for the listener, PLANE.pem and PLANE.crl for what it trusts, server.pem for
// clients, and a NAME.pem with NAME.key for each case. The names are certificates.py's.

#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/support/tls_fixture.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// The makers' REQUIRE has no test to fail here.
void end_where_it_fails(const doctest::AssertData& assertion) {
  if (!assertion.m_failed)
    return;
  std::fprintf(stderr, "%s:%d: %s\n", assertion.m_file, assertion.m_line, assertion.m_expr);
  std::exit(1);
}

struct makers {
  std::filesystem::path folder;
  trust_plane plane = trust_plane::devices;
  std::string uri;
  std::string other;

  certificate_wish wish() const {
    certificate_wish out;
    out.names = uri_der(uri);
    return out;
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    std::filesystem::permissions(folder / name,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  /// A case: its certificate, what it sends behind it, and its key.
  void put(const std::string& name, const test_certificate& own,
           const std::vector<const test_certificate*>& chain) const {
    std::string text = pem_of(own);
    for (const test_certificate* one : chain)
      text += pem_of(*one);
    write(name + ".pem", text);
    write(name + ".key", pem_of_key(own));
  }
};

void make_cases(const makers& m) {
  using namespace std::string_literals;
  const std::string plane(name_of(m.plane));
  const test_certificate root = make_authority(plane + " root", nullptr);
  const test_certificate issuing = make_authority(plane + " issuing", &root, 0);
  const test_certificate new_root = make_authority(plane + " root of next year", nullptr);
  const test_certificate revoked_issuing = make_authority(plane + " revoked issuing", &root, 0);
  const auto put = [&](const std::string& name, certificate_wish wish) {
    m.put(name, make_certificate(std::move(wish), &issuing), {&issuing});
  };
  const auto named = [&](const std::string& der) {
    certificate_wish out;
    out.names = der;
    return out;
  };

  // To accept.
  const test_certificate good = make_certificate(m.wish(), &issuing);
  m.put("good", good, {&issuing});
  m.put("of-new-authority", make_certificate(m.wish(), &new_root), {});
  m.put("of-old-authority", make_certificate(m.wish(), &root), {});
  certificate_wish renewed = m.wish();
  EVP_PKEY_up_ref(good.key.get());
  renewed.key.reset(good.key.get());
  put("renewed", std::move(renewed));

  // To refuse.
  m.put("self-signed", make_certificate(m.wish(), nullptr), {});
  const test_certificate false_root = make_authority(plane + " root", nullptr);
  const test_certificate false_issuing = make_authority(plane + " issuing", &false_root, 0);
  m.put("wrong-authority", make_certificate(m.wish(), &false_issuing), {&false_issuing, &false_root});
  for (const trust_plane other : all_planes) {
    if (other == m.plane)
      continue;
    const test_certificate other_root = make_authority(std::string(name_of(other)) + " root", nullptr);
    m.put("of-" + std::string(name_of(other)), make_certificate(m.wish(), &other_root), {});
  }
  put("of-another-kind", named(uri_der(m.plane == trust_plane::devices ? "urn:gridtwin:service:settlement:stranger"
                                                                       : "urn:gridtwin:device:stranger")));
  certificate_wish expired = m.wish();
  expired.until_s = test_now_s - 1;
  put("expired", std::move(expired));
  certificate_wish early = m.wish();
  early.from_s = test_now_s + one_day_s;
  put("not-yet-valid", std::move(early));
  const test_certificate revoked = make_certificate(m.wish(), &issuing);
  m.put("revoked", revoked, {&issuing});
  m.put("of-revoked-authority", make_certificate(m.wish(), &revoked_issuing), {&revoked_issuing});
  certificate_wish without = m.wish();
  without.extended_use.clear();
  put("no-use", std::move(without));
  for (const char* const use : {"serverAuth", "codeSigning", "anyExtendedKeyUsage"}) {
    certificate_wish wrong = m.wish();
    wrong.extended_use = use;
    put("use-"s + use, std::move(wrong));
  }
  put("of-another", named(uri_der(m.other)));
  certificate_wish common = named("");
  common.subject = m.uri;
  put("common-name-alone", std::move(common));
  put("wildcard", named(names_der({{0x86, m.uri}, {0x82, "*.example"}})));
  put("zero-byte", named(uri_der(m.uri + "\0.example"s)));
  certificate_wish loud = named(uri_der("urn:gridtwin:device:x\x1b[31m\r\ngridtwin run: event=reload {0} %s"));
  loud.subject = "x\x1b[31m\r\ngridtwin run: event=reload";
  put("escapes", std::move(loud));
  certificate_wish weak = m.wish();
  weak.key.reset(EVP_RSA_gen(1024));
  put("rsa-1024", std::move(weak));
  certificate_wish curve = m.wish();
  curve.key.reset(EVP_EC_gen("P-224"));
  put("p-224", std::move(curve));
  certificate_wish old_hash = m.wish();
  old_hash.hash = EVP_sha1();
  put("sha-1", std::move(old_hash));
  const test_certificate under = make_authority("one more", &issuing);
  m.put("path-too-long", make_certificate(m.wish(), &under), {&under, &issuing});
  certificate_wish padding;
  for (int i = 0; i < 16; ++i)
    padding.names += uri_der("urn:padding:" + std::string(60'000, 'x'));
  const test_certificate large = make_certificate(std::move(padding), nullptr);
  m.put("large-chain", good, {&issuing, &large});
  const test_certificate soon = make_certificate(m.wish(), &issuing);
  m.put("revoked-later", soon, {&issuing});

  const std::string others = make_revocations(root, 1, {&revoked_issuing}) + make_revocations(new_root, 1)
                             + make_revocations(revoked_issuing, 1) + make_revocations(under, 1);
  m.write(plane + ".pem", pem_of(root) + pem_of(new_root));
  m.write(plane + ".crl", others + make_revocations(issuing, 1, {&revoked}));
  m.write(plane + "-later.crl", others + make_revocations(issuing, 2, {&revoked, &soon}));
}

void make_server(const makers& m) {
  const test_certificate root = make_authority("server root", nullptr);
  certificate_wish wish;
  wish.subject = "node";
  wish.names = names_der({{0x82, "localhost"}, {0x87, std::string("\x7f\x00\x00\x01", 4)}});
  wish.extended_use = "serverAuth";
  m.put("node", make_certificate(std::move(wish), &root), {});
  m.write("server.pem", pem_of(root));
}

} // namespace

int main(int count, char** arguments) {
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  context.setAssertHandler(end_where_it_fails);
  if (count != 6) {
    std::fputs("usage: certificate_cases FOLDER PLANE URI OTHER_URI NOW_S\n", stderr);
    return 2;
  }
  makers m;
  m.folder = arguments[1];
  for (const trust_plane plane : all_planes)
    if (name_of(plane) == arguments[2])
      m.plane = plane;
  m.uri = arguments[3];
  m.other = arguments[4];
  test_now_s = std::strtoll(arguments[5], nullptr, 10);
  std::filesystem::create_directories(m.folder);
  make_cases(m);
  make_server(m);
  return 0;
}
