#include "src/client/reading_sender.hpp"

#include "src/wire/frame_codec.hpp"
#include "src/wire/submit_codec.hpp"
#include "twins/counter_random.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_code = boost::system::error_code;

/// How long it waits at a time for its goodbye to go out.
constexpr std::chrono::milliseconds goodbye_nap{10};
/// Encoded batches that wait for the socket.
constexpr std::size_t unsent_bytes = std::size_t{2} << 20;
/// For what the node still says when all is done.
constexpr std::chrono::milliseconds farewell{500};

std::int64_t microseconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

} // namespace

struct reading_sender::state {
  state(sender_options o, std::shared_ptr<asio::ssl::context> t, parcel_source& f, std::function<std::int64_t()> n)
    : options(std::move(o)), tls(std::move(t)), from(f), now_us(std::move(n)) {}

  sender_options options;
  std::shared_ptr<asio::ssl::context> tls;
  parcel_source& from;
  std::function<std::int64_t()> now_us;
  asio::io_context io;
  sender_progress progress;
  std::shared_ptr<connection> link;
  std::optional<error> failure; ///< ends the run
  std::uint64_t failed_in_turn = 0;
  std::uint64_t draws = 0;
  std::uint64_t next_name = 1;
  std::int64_t connect_at_us = 0;
  std::int64_t send_at_us = 0; ///< not before: the node was busy
  std::int64_t last_answer_us = 0;
};

/// One connection. Callbacks of an older one find `s_.link` to be another and leave all as it is.
struct reading_sender::connection : std::enable_shared_from_this<reading_sender::connection> {
  explicit connection(state& s) : s_(s), resolver_(s.io), stream_(s.io, *s.tls), reader_(wire_bounds::frame_bytes) {
    began_us_ = last_byte_us_ = s.now_us();
  }

  void start() {
    resolver_.async_resolve(
      s_.options.host, std::to_string(s_.options.port),
      [self = shared_from_this()](const error_code& failure, const tcp::resolver::results_type& r) {
        if (self->goes_on(failure, "the name of the node cannot be resolved"))
          self->connect(r);
      });
  }

  void connect(const tcp::resolver::results_type& to) {
    asio::async_connect(stream_.lowest_layer(), to,
                        [self = shared_from_this()](const error_code& failure, const tcp::endpoint&) {
                          if (self->goes_on(failure, "no connection"))
                            self->handshake();
                        });
  }

  void handshake() {
    error_code ignored;
    stream_.lowest_layer().set_option(tcp::no_delay(true), ignored);
    stream_.set_verify_callback(asio::ssl::host_name_verification(s_.options.host), ignored);
    SSL_set_tlsext_host_name(stream_.native_handle(), s_.options.host.c_str());
    stream_.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](const error_code& failure) {
      if (self->goes_on(failure, "no TLS with the node"))
        self->say_hello();
    });
  }

  void say_hello() {
    std::string body;
    encode(hello_message{wire_bounds::protocol_version, wire_bounds::protocol_version, s_.options.software}, body);
    append_frame(out_, frame_kind::hello, body);
    flush();
    read();
  }

  void read() {
    stream_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](const error_code& failure, std::size_t size) {
                              if (!self->goes_on(failure, "the node has closed the connection"))
                                return;
                              self->take({self->buffer_.data(), size});
                              if (self->is_current())
                                self->read();
                            });
  }

  void take(std::string_view bytes) {
    last_byte_us_ = s_.now_us();
    while (is_current()) {
      frame f;
      const auto status = reader_.read(bytes, f);
      if (status == frame_reader::status::more)
        break;
      if (status != frame_reader::status::whole || !on_frame(f))
        end("the node does not keep to the protocol");
    }
    pump();
  }

  bool on_frame(const frame& f) {
    switch (f.kind) {
    case frame_kind::welcome:
      return on_welcome(f.body);
    case frame_kind::answer:
      return on_answer(f.body);
    case frame_kind::credit: {
      const auto credit = decode_credit(f.body);
      if (!credit || !welcome_)
        return false;
      window_ = std::min(credit->batches, welcome_->credit_batches);
      return true;
    }
    case frame_kind::goodbye:
      return on_goodbye(f.body);
    case frame_kind::hello:
    case frame_kind::submit:
      break;
    }
    return false;
  }

  bool on_welcome(std::string_view body) {
    const auto welcome = decode_welcome(body);
    if (!welcome || welcome_ || welcome->version != wire_bounds::protocol_version)
      return false;
    welcome_ = *welcome;
    window_ = welcome->credit_batches;
    ++s_.progress.connections;
    s_.progress.trouble.clear();
    return true;
  }

  bool on_answer(std::string_view body) {
    const auto answer = decode_answer(body);
    if (!answer)
      return false;
    const auto at = unanswered_.find(answer->batch);
    if (at == unanswered_.end() || readings_of(*answer) != at->second.count)
      return false;
    const std::int64_t now = s_.now_us();
    if (answer->retry_after_ms > 0)
      s_.send_at_us = std::max(s_.send_at_us, now + std::int64_t{answer->retry_after_ms} * 1000);
    bool any_final = false;
    for (const answer_run& r : answer->runs) {
      any_final = any_final || is_final(r.answer.outcome);
      (r.answer.outcome == wire_outcome::busy ? s_.progress.busy : s_.progress.answered) += r.count;
    }
    if (any_final) {
      s_.last_answer_us = now;
      s_.failed_in_turn = 0;
    }
    const parcel p = std::move(at->second);
    bytes_unanswered_ -= p.body.size();
    unanswered_.erase(at);
    if (auto told = s_.from.answered(p, *answer); !told)
      s_.failure = told.failure();
    return true;
  }

  bool on_goodbye(std::string_view body) {
    const auto goodbye = decode_goodbye(body);
    if (!goodbye)
      return false;
    const std::string why = "the node said goodbye: " + std::string(name_of(goodbye->reason))
                            + (goodbye->detail.empty() ? "" : " (" + goodbye->detail + ")");
    // What another attempt would not mend; and two that end each other in turn would do so for ever.
    switch (goodbye->reason) {
    case goodbye_reason::superseded:
    case goodbye_reason::malformed:
    case goodbye_reason::too_large:
    case goodbye_reason::version:
    case goodbye_reason::over_credit:
    case goodbye_reason::revoked:
      s_.failure = error{errc::interrupted, why};
      break;
    default:
      break;
    }
    end(why);
    return true;
  }

  /// Sends as much as credit and socket take.
  void pump() {
    while (is_current() && welcome_ && !s_.failure && has_credit() && out_.size() < unsent_bytes
           && s_.now_us() >= s_.send_at_us) {
      auto next = s_.from.next();
      if (!next) {
        s_.failure = next.failure();
        return;
      }
      if (!*next) {
        if (unanswered_.empty()) // it is not the node that keeps us waiting
          s_.last_answer_us = s_.now_us();
        break;
      }
      parcel& p = **next;
      const std::uint64_t name = s_.next_name++;
      append_batch_name(name, p.body);
      append_frame(out_, frame_kind::submit, p.body);
      s_.progress.sent += p.count;
      bytes_unanswered_ += p.body.size();
      last_byte_us_ = unanswered_.empty() ? s_.now_us() : last_byte_us_;
      unanswered_.emplace(name, std::move(p));
    }
    flush();
  }

  /// For the largest batch there is: how large the next one is, is not known.
  bool has_credit() const {
    return unanswered_.size() < window_
           && (unanswered_.empty() || bytes_unanswered_ + wire_bounds::frame_bytes <= welcome_->credit_bytes);
  }

  void flush() {
    if (!writing_.empty() || out_.empty() || !is_current())
      return;
    writing_.swap(out_);
    asio::async_write(stream_, asio::buffer(writing_),
                      [self = shared_from_this()](const error_code& failure, std::size_t) {
                        self->writing_.clear();
                        // Why it broke is said by the node, if at all: reading finds out.
                        if (!failure && self->is_current())
                          self->pump();
                      });
  }

  bool is_too_slow() const {
    const std::int64_t now = s_.now_us();
    return welcome_ ? !unanswered_.empty() && now - last_byte_us_ > microseconds(s_.options.answer)
                    : now - began_us_ > microseconds(s_.options.begin);
  }

  bool is_current() const { return s_.link.get() == this; }

  bool goes_on(const error_code& failure, const char* what) {
    if (!is_current())
      return false;
    if (failure)
      end(std::string(what) + ": " + failure.message());
    return !failure;
  }

  /// What is unanswered goes back; another connection will come.
  void end(const std::string& why) {
    if (!is_current())
      return;
    const auto self = shared_from_this();
    s_.link.reset();
    s_.progress.trouble = why;
    for (auto at = unanswered_.rbegin(); at != unanswered_.rend(); ++at) // so that the first comes first again
      s_.from.give_back(at->second);
    unanswered_.clear();
    error_code ignored;
    resolver_.cancel();
    stream_.lowest_layer().close(ignored);
    const std::int64_t first = microseconds(s_.options.first_pause);
    const std::int64_t longest = microseconds(s_.options.longest_pause);
    const std::int64_t pause = std::min(longest, first << std::min<std::uint64_t>(s_.failed_in_turn++, 20));
    const std::uint32_t jitter = below(draw(s_.options.seed, s_.draws++), static_cast<std::uint32_t>(pause / 2 + 1));
    s_.connect_at_us = s_.now_us() + pause / 2 + jitter;
  }

  void say_goodbye() {
    std::string body;
    encode(goodbye_message{goodbye_reason::done, {}}, body);
    append_frame(out_, frame_kind::goodbye, body);
    flush();
  }
  bool is_silent() const { return writing_.empty() && out_.empty(); }

  state& s_;
  tcp::resolver resolver_;
  asio::ssl::stream<tcp::socket> stream_;
  frame_reader reader_;
  std::optional<welcome_message> welcome_;
  std::uint32_t window_ = 0;
  std::map<std::uint64_t, parcel> unanswered_; ///< by the batch's name
  std::uint64_t bytes_unanswered_ = 0;
  std::int64_t began_us_ = 0;
  std::int64_t last_byte_us_ = 0;
  std::string out_;
  std::string writing_;
  std::array<char, 16384> buffer_{};
};

reading_sender::reading_sender(sender_options options, std::shared_ptr<asio::ssl::context> tls, parcel_source& from,
                               std::function<std::int64_t()> now_us)
  : state_(std::make_unique<state>(std::move(options), std::move(tls), from, std::move(now_us))) {}

reading_sender::~reading_sender() { part(); }

void reading_sender::connect() {
  state& s = *state_;
  ++s.progress.attempts;
  s.link = std::make_shared<connection>(s);
  s.link->start();
}

result<void> reading_sender::run(const std::function<bool(const sender_progress&)>& stop) {
  state_->failure.reset();
  state_->last_answer_us = state_->now_us();
  auto outcome = go_on(stop);
  part();
  return outcome;
}

result<void> reading_sender::go_on(const std::function<bool(const sender_progress&)>& stop) {
  state& s = *state_;
  for (;;) {
    if (s.failure)
      return *s.failure;
    if (stop(s.progress) || s.from.done())
      return {};
    const std::int64_t now = s.now_us();
    if (now - s.last_answer_us > microseconds(s.options.patience))
      return error{errc::interrupted,
                   "no answer from " + s.options.host + " port " + std::to_string(s.options.port) + " for "
                     + std::to_string(s.options.patience.count() / 1000) + " s"
                     + (s.progress.trouble.empty() ? "" : "; the last trouble: " + s.progress.trouble)};
    if (!s.link && now >= s.connect_at_us)
      connect();
    if (const auto link = s.link) {
      if (link->is_too_slow())
        link->end(link->welcome_ ? "no answer from the node" : "no welcome from the node");
      else
        link->pump();
    }
    s.io.restart();
    s.io.run_one_for(s.options.nap);
    s.io.poll();
  }
}

/// Says goodbye where there is anybody, and lets go of what is unanswered.
void reading_sender::part() {
  state& s = *state_;
  if (const auto link = s.link) {
    if (link->welcome_) {
      link->say_goodbye();
      for (int n = 0; n * goodbye_nap < farewell && !link->is_silent() && link->is_current(); ++n) {
        s.io.restart();
        s.io.run_one_for(goodbye_nap);
      }
    }
    link->end({});
  }
  s.io.restart();
  s.io.poll(); // the last handlers hold what they were for
}

} // namespace gridtwin
