// Signatures of requests, by rules of our own and a signer that believes what it is told to.

#include "src/channel/request_signature.hpp"

#include "src/channel/base64.hpp"
#include "src/channel/channel_bounds.hpp"
#include "twins/hash.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace gridtwin;

namespace {

constexpr std::int64_t now_s = 1'781'576'100; // 2026-06-16T02:15:00Z
constexpr std::int64_t window_s = 300;
constexpr std::string_view body = "[{\"payload\":{}}]";

struct signed_case {
  signed_request request{"POST", "https://Node.example/v1/IF-021?version=2", body, {access_role::head_end, "h1"}};
  signature_fields fields{base64_of("signature"), "2026-06-16T02:15:00.123Z", base64_of(bytes_of(sha256(body))),
                          base64_of("pem")};
  std::int64_t now = now_s;
  std::string asked; ///< what the signer was asked

  std::string fault() {
    const auto done = check_signature(request, fields, now, window_s,
                                      [&](const std::string& pem, std::string_view text, std::string_view signature) {
                                        asked = pem + "|" + std::string(text) + "|" + std::string(signature);
                                        return result<peer_identity>(peer_identity{access_role::head_end, "h1"});
                                      });
    return done ? std::string() : done.failure().message;
  }
};

} // namespace

TEST_CASE("request signatures: SE-02 what is signed is METHOD;url;date;hash in the published order") {
  // printf '{"a":1}' | openssl dgst -sha256 -binary | base64
  CHECK(base64_of(bytes_of(sha256("{\"a\":1}"))) == "AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=");
  CHECK(signed_text("POST", "https://API.dip.example/dip-channel/IF-021", "2026-06-16T02:15:00.000Z", "aGFzaA==")
        == "POST;https://api.dip.example/dip-channel/if-021;2026-06-16T02:15:00.000Z;aGFzaA==");
  signed_case good;
  CHECK(good.fault().empty());
  CHECK(good.asked
        == "pem|POST;https://node.example/v1/if-021?version=2;2026-06-16T02:15:00.123Z;" + good.fields.content_hash
             + "|signature");
}

TEST_CASE(
  "request signatures: SE-02 each field must be there, have its form and its length; the signer is not asked before") {
  const auto refused = [](auto bend, const std::string& why) {
    signed_case c;
    bend(c);
    const std::string fault = c.fault();
    CAPTURE(fault);
    CHECK(fault.find(why) != std::string::npos);
    CHECK(c.asked.empty());
  };
  refused([](auto& c) { c.fields.signature.clear(); }, "X-DIP-Signature is missing");
  refused([](auto& c) { c.fields.date.clear(); }, "X-DIP-Signature-Date is missing");
  refused([](auto& c) { c.fields.content_hash.clear(); }, "X-DIP-Content-Hash is missing");
  refused([](auto& c) { c.fields.certificate.clear(); }, "X-DIP-Signature-Certificate is missing");
  refused([](auto& c) { c.fields.signature.assign(channel_bounds::signature_bytes + 4, 'A'); }, "too long");
  refused([](auto& c) { c.fields.certificate.assign(channel_bounds::certificate_bytes + 4, 'A'); }, "too long");
  refused([](auto& c) { c.fields.signature = "?"; }, "X-DIP-Signature is no base64");
  refused([](auto& c) { c.fields.certificate = "?"; }, "X-DIP-Signature-Certificate is no base64");
  refused([](auto& c) { c.request.body = "[]"; }, "not the SHA-256");
  refused([](auto& c) { c.fields.content_hash[0] ^= 1; }, "not the SHA-256");
}

TEST_CASE("request signatures: SE-03 a date counts for the window on both sides of now, to the second") {
  for (const auto& [shift, counts] : {std::pair<std::int64_t, bool>{-window_s, true},
                                      {window_s, true},
                                      {-window_s - 1, false},
                                      {window_s + 1, false}}) {
    signed_case c;
    c.now = now_s + shift;
    CAPTURE(shift);
    CHECK(c.fault().empty() == counts);
  }
}

TEST_CASE("request signatures: SE-03 dates are instants in UTC, and nothing like them") {
  CHECK(parse_signature_date("2026-06-16T02:15:00Z") == now_s);
  CHECK(parse_signature_date("2026-06-16T02:15:00+00:00") == now_s);
  CHECK(parse_signature_date("2026-06-16T02:15:00.999999999Z") == now_s);
  for (const char* text :
       {"", "2026-06-16T02:15:00", "2026-06-16T02:15:00.Z", "2026-06-16T02:15:00.1234567890Z",
        "2026-06-16T02:15:00+01:00", "2026-06-16T02:15:00z", "2026-06-16 02:15:00Z", "2026-02-30T02:15:00Z",
        "2026-06-16T25:15:00Z", "2026-06-16T02:15:00Z ", "1781576100", "Tue, 16 Jun 2026 02:15:00 GMT"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_signature_date(text));
  }
}

TEST_CASE("request signatures: SE-02 T1 a signature of somebody else than the connection's peer is none") {
  signed_case c;
  c.request.peer.name = "h2";
  CHECK(c.fault().find("another's than the connection's") != std::string::npos);
}
