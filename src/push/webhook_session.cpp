#include "src/push/webhook_session.hpp"

#include "src/client/tls_files.hpp"
#include "src/push/push_bounds.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using error_code = boost::system::error_code;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::size_t longest_retry_after = 64;

host_address address_of(const asio::ip::address& address) {
  if (address.is_v4())
    return host_address::v4(address.to_v4().to_bytes());
  return host_address::v6(address.to_v6().to_bytes());
}

/// The certificate must name this host, or this address.
bool expect_name(SSL* tls, const std::string& host) {
  X509_VERIFY_PARAM* const param = SSL_get0_param(tls);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1)
    return true;
  ERR_clear_error();
  return X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1
         && SSL_set_tlsext_host_name(tls, host.c_str()) == 1;
}

class tls_webhook final : public webhook_sender {
public:
  tls_webhook(webhook_session_options options, std::function<std::int64_t()> now_us)
    : options_(std::move(options)), now_us_(std::move(now_us)) {}

  push_answer post(const push_request& request) override {
    push_answer out;
    const bool again = is_usable();
    if (!again && !connect(out))
      return told(std::move(out));
    bool untouched = false;
    out = exchange(request, untouched);
    // A connection that was kept may have been closed at the other end meanwhile, which says nothing of the receiver.
    if (again && untouched && !stopped_ && connect(out))
      out = exchange(request, untouched);
    return told(std::move(out));
  }

  void stop() override {
    stopped_ = true;
    io_.stop();
  }

private:
  bool is_usable() {
    const std::int64_t now = now_us_();
    if (stream_ && (now - used_us_ > push_bounds::idle_us || now - born_us_ > push_bounds::oldest_us))
      part();
    return stream_ != nullptr;
  }

  void part() {
    if (stream_)
      beast::get_lowest_layer(*stream_).close();
    stream_.reset();
  }

  push_answer told(push_answer out) {
    out.was_stopped = stopped_;
    if (out.status == 0)
      part();
    return out;
  }

  /// Runs what `start` begins with a handler to its end.
  template <class Start>
  error_code await(const Start& start) {
    std::optional<error_code> done;
    start([&done](const error_code& failure, auto&&...) { done = failure; });
    io_.restart();
    while (!done && !stopped_ && io_.run_one() != 0) {
    }
    // What was begun holds on to what is here: it is cut off and its end waited for.
    if (!done)
      beast::get_lowest_layer(*stream_).close();
    while (!done) {
      io_.restart();
      if (io_.run_one() == 0)
        break;
    }
    return done.value_or(asio::error::operation_aborted);
  }

  /// False: `out` says why.
  bool connect(push_answer& out) {
    part();
    out = {};
    out.stage = "resolve";
    if (stopped_)
      return fail(out, "the node ends");
    error_code failure;
    tcp::resolver resolver(io_);
    const auto found =
      resolver.resolve(options_.url.host, std::to_string(options_.url.port), tcp::resolver::numeric_service, failure);
    if (failure)
      return fail(out, "the host is not found: " + failure.message());
    std::vector<tcp::endpoint> allowed;
    for (const auto& one : found)
      if (allowed.size() < push_bounds::addresses && options_.rules.allows(address_of(one.endpoint().address())))
        allowed.push_back(one.endpoint());
    if (allowed.empty())
      return fail(out, "none of the host's addresses is public or listed in 'allow'");
    const auto tls = tls_from_files(tls_side::client, options_.certificate, options_.key, options_.roots);
    if (!tls)
      return fail(out, tls.failure().message);
    return connect_to(allowed, **tls, out);
  }

  bool connect_to(const std::vector<tcp::endpoint>& endpoints, asio::ssl::context& tls, push_answer& out) {
    out.stage = "connect";
    stream_ = std::make_unique<tls_stream>(beast::tcp_stream(io_), tls);
    beast::tcp_stream& transport = beast::get_lowest_layer(*stream_);
    transport.expires_after(push_bounds::connect);
    if (const auto failure = await([&](auto handler) { transport.async_connect(endpoints, std::move(handler)); }))
      return fail(out, "no connection: " + failure.message());
    error_code none;
    transport.socket().set_option(tcp::no_delay(true), none);
    out.stage = "tls";
    if (!expect_name(stream_->native_handle(), options_.url.host))
      return fail(out, "the host's name cannot be asked for");
    transport.expires_after(push_bounds::handshake);
    const auto failure =
      await([&](auto handler) { stream_->async_handshake(asio::ssl::stream_base::client, std::move(handler)); });
    if (const long why = SSL_get_verify_result(stream_->native_handle()); failure && why != X509_V_OK)
      return fail(out,
                  std::string("the receiver's certificate is not believed: ") + X509_verify_cert_error_string(why));
    if (failure)
      return fail(out, "no TLS: " + failure.message());
    born_us_ = now_us_();
    return true;
  }

  bool fail(push_answer& out, std::string why) {
    out.trouble = std::move(why);
    part();
    return false;
  }

  /// `untouched`: not a byte of an answer came, and no time ran out.
  push_answer exchange(const push_request& request, bool& untouched) {
    push_answer out;
    out.stage = "send";
    http::request<http::string_body> message(http::verb::post, options_.url.target, 11);
    message.set(http::field::host, options_.url.authority);
    message.set(http::field::user_agent, "gridtwin");
    message.set(http::field::content_type, "application/json");
    for (const auto& [name, value] : request.fields)
      message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    beast::get_lowest_layer(*stream_).expires_after(options_.request);
    const auto unsent = await([&](auto handler) { http::async_write(*stream_, message, std::move(handler)); });
    if (unsent == beast::error::timeout) {
      out.trouble = "it did not take the request in time";
      return out;
    }
    // A receiver may answer, and close, before it has taken everything.
    out.stage = unsent ? "send" : "answer";
    beast::flat_buffer buffer(push_bounds::answer_header_bytes + push_bounds::answer_body_bytes);
    http::response_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(push_bounds::answer_header_bytes));
    parser.body_limit(push_bounds::answer_body_bytes);
    const auto failure = await([&](auto handler) { http::async_read(*stream_, buffer, parser, std::move(handler)); });
    used_us_ = now_us_();
    untouched = failure && failure != beast::error::timeout && !parser.got_some() && buffer.size() == 0;
    if (failure) {
      out.trouble = trouble_of(unsent ? unsent : failure);
      return out;
    }
    out.stage = "answer";
    const auto& answer = parser.get();
    out.status = answer.result_int();
    const beast::string_view after = answer[http::field::retry_after];
    out.retry_after.assign(after.data(), std::min(after.size(), longest_retry_after));
    if (!answer.keep_alive() || buffer.size() != 0 || out.status < 200)
      part();
    return out;
  }

  static std::string trouble_of(const error_code& failure) {
    if (failure == beast::error::timeout)
      return "no whole answer in time";
    if (failure == http::error::body_limit || failure == http::error::header_limit
        || failure == http::error::buffer_overflow)
      return "the answer is longer than " + std::to_string(push_bounds::answer_body_bytes) + " bytes";
    if (failure == http::error::end_of_stream || failure == asio::ssl::error::stream_truncated)
      return "the connection was closed without an answer";
    return "no answer: " + failure.message();
  }

  const webhook_session_options options_;
  const std::function<std::int64_t()> now_us_;
  asio::io_context io_{1};
  std::unique_ptr<tls_stream> stream_;
  std::int64_t born_us_ = 0;
  std::int64_t used_us_ = 0;
  std::atomic<bool> stopped_ = false;
};

} // namespace

std::unique_ptr<webhook_sender> open_webhook_session(webhook_session_options options,
                                                     std::function<std::int64_t()> now_us) {
  return std::make_unique<tls_webhook>(std::move(options), std::move(now_us));
}

result<void> check_session_files(const webhook_session_options& options) {
  const auto tls = tls_from_files(tls_side::client, options.certificate, options.key, options.roots);
  return tls ? result<void>() : tls.failure();
}

} // namespace gridtwin
