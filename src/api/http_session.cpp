#include "src/api/http_session.hpp"

#include "src/api/api_bounds.hpp"
#include "src/api/http_connection.hpp"
#include "src/api/http_refusals.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

/// Fields of the market's platform, names in lower case.
std::vector<std::pair<std::string, std::string>> dip_fields_of(const http::fields& fields) {
  constexpr beast::string_view beginning("x-dip-");
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& field : fields) {
    const beast::string_view name = field.name_string();
    if (!beast::iequals(name.substr(0, beginning.size()), beginning))
      continue;
    std::string lower = text_of(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    out.emplace_back(std::move(lower), text_of(field.value()));
  }
  return out;
}

/// What is said on a connection: requests, one after the other. Everything happens on its strand but the making of
/// answers, of which at most one is under way.
class tls_session final : public http_connection {
public:
  tls_session(std::shared_ptr<http_hub> hub, asio::ip::tcp::socket connection, asio::ssl::context& tls,
              half_open_places::place place)
    : http_connection(std::move(hub), std::move(connection), tls, std::move(place)),
      buffer_(api_bounds::header_bytes + api_bounds::body_bytes) {}

private:
  using chunked = http::response<http::empty_body>;

  std::shared_ptr<tls_session> shared_from_this() {
    return std::static_pointer_cast<tls_session>(http_connection::shared_from_this());
  }
  std::weak_ptr<tls_session> weak_from_this() { return shared_from_this(); }

  void entered() override { read(api_bounds::request); }
  void has_no_place() override { answer(no_place()); }

  void read(std::chrono::milliseconds within) {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(api_bounds::header_bytes));
    parser_->body_limit(api_bounds::most_body_bytes);
    limit(within);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this(), within](const error_code& failure, std::size_t) {
                              self->on_header(failure, within);
                            });
  }

  /// How much of a body may come depends on what is asked.
  void on_header(const error_code& failure, std::chrono::milliseconds within) {
    if (closed_)
      return;
    if (failure) {
      on_read(failure);
      return;
    }
    const beast::string_view target = parser_->get().target();
    const std::size_t most = hub_->around.body_limit({target.data(), target.size()});
    if (parser_->content_length().value_or(0) > most) {
      on_read(http::error::body_limit);
      return;
    }
    parser_->body_limit(most);
    if (within > api_bounds::request) // that was the time for one to begin
      limit(api_bounds::request);
    if (!parser_->is_done() && beast::iequals(parser_->get()[http::field::expect], "100-continue"))
      ask_for_body();
    else
      read_body();
  }

  /// The client waits to hear that its body is wanted.
  void ask_for_body() {
    const auto go_on = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
    http::async_write(stream_, *go_on, [self = shared_from_this(), go_on](const error_code& failure, std::size_t) {
      if (failure || self->closed_)
        self->fail(failure);
      else
        self->read_body();
    });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& failure, std::size_t) { self->on_read(failure); });
  }

  void on_read(const error_code& failure) {
    if (closed_)
      return;
    if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
      ++hub_->counters.malformed;
      answer(last_answer(431, "the request's first line and fields are too long"));
    } else if (failure == http::error::body_limit) {
      ++hub_->counters.malformed;
      answer(last_answer(413, "the request's body is too long"));
    } else if (failure && failure.category() == http::make_error_code(http::error::bad_method).category()
               && failure != http::error::end_of_stream && failure != http::error::partial_message) {
      ++hub_->counters.malformed;
      answer(last_answer(400, "this is no request of HTTP/1.1"));
    } else if (failure) {
      fail(failure);
    } else if (is_still_admitted()) {
      keep_alive_ = parser_->get().keep_alive();
      chunks_ = parser_->get().version() >= 11;
      if (const std::int64_t wait_us = hub_->places.take_request(peer_, hub_->around.now_us()); wait_us > 0)
        refuse_rate(wait_us);
      else
        make_answer();
    }
  }

  /// The connection stays, for a new one would cost more; but nothing is read from it for a moment.
  void refuse_rate(std::int64_t wait_us) {
    ++hub_->counters.limited;
    pauses_ = true;
    answer(over_rate(wait_us));
  }

  void make_answer() {
    ++hub_->counters.requests;
    no_limit(); // nothing is expected of the client meanwhile
    auto message = parser_->release();
    http_request asked;
    asked.method = text_of(message.method_string());
    asked.target = text_of(message.target());
    asked.accept = text_of(message[http::field::accept]);
    asked.content_type = text_of(message[http::field::content_type]);
    asked.last_event_id = text_of(message["Last-Event-ID"]);
    asked.dip_fields = dip_fields_of(message);
    asked.body = std::move(message.body());
    asked.peer = peer_;
    asio::post(hub_->makers,
               [self = shared_from_this(), asked = std::move(asked)] { self->made(self->hub_->around.handle(asked)); });
  }

  /// By a thread that makes answers.
  void made(http_response response) {
    asio::post(strand(), [self = shared_from_this(), given = std::make_shared<http_response>(std::move(response))] {
      if (self->closed_)
        return;
      if (!given->later) {
        self->answer(std::move(*given));
        return;
      }
      self->response_ = std::move(*given);
      self->wait();
    });
  }

  /// Until it is told that the answer is there, or a moment where nobody tells it.
  void wait() {
    if (closed_)
      return;
    const auto self = shared_from_this();
    if (!response_.woken) {
      timer_.expires_after(api_bounds::again);
      timer_.async_wait([self](const error_code& failure) {
        if (!failure && !self->closed_)
          self->look_again();
      });
      return;
    }
    // The timer holds the connection. What wakes it does not: it may come late, or never.
    timer_.expires_at(asio::steady_timer::time_point::max());
    timer_.async_wait([self](const error_code&) {});
    response_.woken([weak = weak_from_this()] {
      if (const auto waiting = weak.lock())
        waiting->wake();
    });
  }

  /// By any thread. What waits in the queue must not hold what holds the queue.
  void wake() {
    asio::post(strand(), [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->closed_)
        return;
      self->timer_.cancel();
      self->look_again();
    });
  }

  void look_again() {
    if (!is_still_admitted())
      return;
    asio::post(hub_->makers, [self = shared_from_this()] {
      if (auto response = self->response_.later())
        self->made(std::move(*response));
      else
        asio::post(self->strand(), [self] { self->wait(); });
    });
  }

  template <class Message>
  void set_head(Message& message) const {
    message.set(http::field::server, "gridtwin");
    message.set(http::field::cache_control, "no-store");
    if (!response_.content_type.empty())
      message.set(http::field::content_type, response_.content_type);
    for (const auto& [name, value] : response_.fields)
      message.set(name, value);
    message.keep_alive(keep_alive_);
  }

  void answer(http_response response) {
    response_ = std::move(response);
    keep_alive_ = keep_alive_ && !response_.close;
    limit(api_bounds::write);
    if (response_.stream) {
      begin_stream();
      return;
    }
    const auto message = std::make_shared<http::response<http::string_body>>(
      static_cast<http::status>(response_.status), chunks_ ? 11 : 10);
    set_head(*message);
    hub_->counters.bytes_out += response_.body.size();
    message->body() = std::move(response_.body);
    message->prepare_payload();
    http::async_write(stream_, *message, [self = shared_from_this(), message](const error_code& failure, std::size_t) {
      self->on_answered(failure);
    });
  }

  void begin_stream() {
    keep_alive_ = keep_alive_ && chunks_; // else its end is the connection's
    const auto message = std::make_shared<chunked>(static_cast<http::status>(response_.status), chunks_ ? 11 : 10);
    set_head(*message);
    message->chunked(chunks_);
    const auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
    http::async_write_header(stream_, *serializer,
                             [self = shared_from_this(), message, serializer](const error_code& failure, std::size_t) {
                               if (failure || self->closed_)
                                 self->fail(failure);
                               else
                                 self->make_piece();
                             });
  }

  void make_piece() {
    if (!is_still_admitted())
      return;
    no_limit(); // nothing is expected of the client meanwhile
    asio::post(hub_->makers, [self = shared_from_this()] {
      self->piece_.clear();
      const http_body::state state = self->response_.stream->next(self->piece_);
      asio::post(self->strand(), [self, state] { self->send_piece(state); });
    });
  }

  void send_piece(http_body::state state) {
    if (closed_)
      return;
    if (state == http_body::state::broken) {
      end();
      return;
    }
    limit(api_bounds::write);
    hub_->counters.bytes_out += piece_.size();
    const auto then = [self = shared_from_this(), state](const error_code& failure, std::size_t) {
      self->on_piece_sent(failure, state);
    };
    if (piece_.empty())
      then({}, 0);
    else if (chunks_)
      asio::async_write(stream_, http::make_chunk(asio::buffer(std::as_const(piece_))), then);
    else
      asio::async_write(stream_, asio::buffer(std::as_const(piece_)), then);
  }

  void on_piece_sent(const error_code& failure, http_body::state state) {
    if (failure || closed_) {
      fail(failure);
    } else if (state == http_body::state::more) {
      make_piece();
    } else if (state == http_body::state::later) {
      timer_.expires_after(api_bounds::again);
      timer_.async_wait([self = shared_from_this()](const error_code& cut) {
        if (!cut && !self->closed_)
          self->make_piece();
      });
    } else if (chunks_) {
      asio::async_write(stream_, http::make_chunk_last(),
                        [self = shared_from_this()](const error_code& cut, std::size_t) { self->on_answered(cut); });
    } else {
      on_answered({});
    }
  }

  void on_answered(const error_code& failure) {
    if (failure || closed_) {
      fail(failure);
      return;
    }
    response_ = {};
    if (keep_alive_) {
      if (std::exchange(pauses_, false))
        pause();
      else
        read(api_bounds::idle);
      return;
    }
    limit(api_bounds::handshake);
    if (parser_ && !parser_->is_done())
      pass_over(api_bounds::passed_over_bytes);
    else
      shut_down();
  }

  void pause() {
    timer_.expires_after(api_bounds::limited_pause);
    timer_.async_wait([self = shared_from_this()](const error_code& failure) {
      if (!failure && !self->closed_)
        self->read(api_bounds::idle);
    });
  }

  /// The client may still send what was refused, and reads the answer only then: a connection that closes over unread
  /// bytes would take the answer with it. So it is given some time, and so many bytes.
  void pass_over(std::size_t most) {
    piece_.resize(std::min(most, api_bounds::header_bytes));
    stream_.async_read_some(asio::buffer(piece_),
                            [self = shared_from_this(), most](const error_code& failure, std::size_t size) {
                              if (failure || self->closed_)
                                self->fail(failure);
                              else if (size < most)
                                self->pass_over(most - size);
                              else
                                self->shut_down();
                            });
  }

  beast::flat_buffer buffer_; ///< what has come and is no request yet; bounded, and with it what is sent ahead
  std::optional<http::request_parser<http::string_body>> parser_;
  http_response response_;
  std::string piece_;
  bool pauses_ = false; ///< when it is answered
  bool keep_alive_ = true;
  bool chunks_ = true; ///< the client speaks HTTP/1.1
};

} // namespace

std::shared_ptr<http_session> make_http_session(std::shared_ptr<http_hub> hub, asio::ip::tcp::socket connection,
                                                half_open_places::place place) {
  const auto tls = hub->around.tls();
  return std::make_shared<tls_session>(std::move(hub), std::move(connection), *tls, std::move(place));
}

} // namespace gridtwin
