#include "src/push/webhook_url.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

TEST_CASE("webhook_url: its parts, and what is sent of them") {
  const auto check = [](std::string_view text, std::string_view host, std::uint16_t port, std::string_view target,
                        std::string_view authority) {
    const auto url = parse_webhook_url(text);
    REQUIRE_MESSAGE(url, (url ? "" : url.failure().message));
    CHECK(url->text == text);
    CHECK(url->host == host);
    CHECK(url->port == port);
    CHECK(url->target == target);
    CHECK(url->authority == authority);
  };
  check("https://receiver.example", "receiver.example", 443, "/", "receiver.example");
  check("https://Receiver.example:8443/a/b?c=d", "Receiver.example", 8443, "/a/b?c=d", "Receiver.example:8443");
  check("https://receiver.example?c=d", "receiver.example", 443, "/?c=d", "receiver.example");
  check("https://10.1.2.3:1/", "10.1.2.3", 1, "/", "10.1.2.3:1");
  check("https://[2001:db8::1]:8443/x", "2001:db8::1", 8443, "/x", "[2001:db8::1]:8443");
}

TEST_CASE("webhook_url: T38 nothing but HTTPS to a host that is named plainly") {
  for (const char* text : {"",
                           "http://receiver.example/",
                           "HTTPS://receiver.example/",
                           "receiver.example",
                           "https://",
                           "https:///x",
                           "https://user@receiver.example/",
                           "https://user:word@receiver.example/",
                           "https://receiver.example/#part",
                           "https://receiver.example:0/",
                           "https://receiver.example:65536/",
                           "https://receiver.example:/",
                           "https://receiver.example:80x/",
                           "https://re ceiver.example/",
                           "https://receiver.example/\r\nHost: other",
                           "https://127.1/",
                           "https://0x7f000001/",
                           "https://2130706433/",
                           "https://127.0.0.1.2/",
                           "https://[127.0.0.1]/",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://receiver\\.example/",
                           "https://r\xc3\xa9"
                           "ceiver.example/",
                           "file:///etc/passwd"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_webhook_url(text));
  }
  CHECK_FALSE(parse_webhook_url("https://receiver.example/" + std::string(longest_webhook_url, 'x')));
}
