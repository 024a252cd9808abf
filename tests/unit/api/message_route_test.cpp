#include "src/api/message_route.hpp"

#include "src/api/api_bounds.hpp"
#include "src/channel/base64.hpp"
#include "src/channel/channel_bounds.hpp"
#include "tests/support/api_fixture.hpp"
#include "tests/support/message_fixture.hpp"
#include "twins/hash.hpp"

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

class waiting_gate final : public submission_gate {
public:
  bool offer(submission s, answered then) override {
    readings = s.readings;
    waiting = [then = std::move(then), size = s.readings.size()] {
      then(std::vector<submission_answer>(size, {answer_kind::accepted, verdict::accepted}));
    };
    return true;
  }
  std::vector<submitted_reading> readings;
  std::function<void()> waiting;
};

struct route_case {
  waiting_gate gate;
  std::shared_ptr<const message_channel> channel = std::make_shared<const message_channel>(
    message_channel::surroundings{&gate, [](const peer_identity&, mpan) { return true; },
                                  [](const std::string&, std::string_view, std::string_view) {
                                    return result<peer_identity>(peer_identity{access_role::head_end, "h1"});
                                  },
                                  [](const peer_identity&, channel_refusal, const std::string&, std::uint64_t) {}},
    message_channel::settings{"https://node.example", environment_tag::development, 300});
  http_request request;

  route_case() {
    request.method = "POST";
    request.target = "/v1/if-021";
    request.body = text_of(example_message());
    request.content_type = "application/json";
    request.dip_fields = {{"x-dip-mpo", "x"},
                          {"x-dip-signature", base64_of("s")},
                          {"x-dip-signature-date", "2026-06-16T02:15:00Z"},
                          {"x-dip-content-hash", base64_of(bytes_of(sha256(request.body)))},
                          {"x-dip-signature-certificate", base64_of("pem")}};
    request.peer = {access_role::head_end, "h1"};
  }
  http_response answer() const {
    const auto target = parse_http_target(request.target);
    REQUIRE(target);
    return take_messages(channel, request, *target, [] { return std::int64_t{1'781'576'100}; });
  }
};

} // namespace

TEST_CASE("message route: a request is answered later, once, with what the gate said") {
  route_case c;
  const http_response answer = c.answer();
  REQUIRE(answer.later);
  REQUIRE(answer.woken);
  int told = 0;
  answer.woken([&told] { ++told; });
  CHECK_FALSE(answer.later());
  CHECK(told == 0);
  c.gate.waiting();
  CHECK(told == 1);
  const auto done = answer.later();
  REQUIRE(done);
  CHECK(done->status == 201);
  CHECK(done->content_type == "application/json");
}

TEST_CASE("message route: what is no request of messages is told by its status") {
  const auto status_of = [](auto bend) {
    route_case c;
    bend(c);
    const http_response answer = c.answer();
    CHECK_FALSE(c.gate.waiting);
    CHECK_FALSE(answer.later);
    return answer.status;
  };
  CHECK(status_of([](auto& c) { c.channel = nullptr; }) == 404);
  CHECK(status_of([](auto& c) { c.request.peer.role = access_role::settlement; }) == 404);
  CHECK(status_of([](auto& c) { c.request.method = "GET"; }) == 405);
  CHECK(status_of([](auto& c) { c.request.target += "?verson=2"; }) == 400);
  for (const char* version : {"", "0", "65536", "-1", "1.0", "+1", "1 "})
    CHECK(status_of([&](auto& c) { c.request.target += "?version=" + std::string(*version == '\0' ? "" : version); })
          == 400);
  CHECK(status_of([](auto& c) { c.request.accept = "text/html, text/plain;q=0.9"; }) == 406);
  CHECK(status_of([](auto& c) { c.request.content_type = "text/plain"; }) == 400);
  CHECK(status_of([](auto& c) { c.request.content_type.clear(); }) == 400);
  CHECK(status_of([](auto& c) { c.request.dip_fields.clear(); }) == 401);
  CHECK(status_of([](auto& c) { c.request.dip_fields.push_back(c.request.dip_fields[1]); }) == 401);
  CHECK(status_of([](auto& c) { c.request.body += ' '; }) == 401);
}

TEST_CASE("message route: what accepts JSON is answered, and a version goes to the readings") {
  for (const char* accept : {"application/json", "*/*", "text/html, application/*;q=0.5", "APPLICATION/JSON"}) {
    route_case c;
    c.request.accept = accept;
    c.request.content_type = "application/json; charset=utf-8";
    c.request.target += "?version=7";
    CHECK(c.answer().later);
    REQUIRE(c.gate.readings.size() == 48);
    CHECK(c.gate.readings.front().version == 7);
  }
}

TEST_CASE("message route: T10 a larger body is let in on this path alone") {
  CHECK(body_limit_of("/v1/if-021") == channel_bounds::body_bytes);
  CHECK(body_limit_of("/v1/if-021?version=2") == channel_bounds::body_bytes);
  for (const char* other : {"/v1/if-0211", "/v1/if-021/", "/v1/pointers/mine", "/", "", "/v1/if%2D021"})
    CHECK(body_limit_of(other) == api_bounds::body_bytes);
}

TEST_CASE("message route: T7 a head-end finds nothing but what is its own") {
  api_fixture f;
  f.set_policy(one_of_each);
  const std::string nothing = f.ask("device:d", "/v1/no-such").body;
  for (const char* target : {"/metrics", "/v1/topics", "/v1/topics/reading/events", "/v1/pointers", "/v1/pointers/mine",
                             "/v1/extract/reading", "/v1/if-021"}) {
    CAPTURE(target);
    const http_response answer = f.ask("device:d", target);
    CHECK(answer.status == 404);
    CHECK(answer.body == nothing);
  }
  CHECK(f.ask("device:d", "/healthz").status == 200);
}
