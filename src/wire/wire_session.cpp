#include "src/wire/wire_session.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

/// How often a connection's deadlines are looked at.
constexpr std::chrono::milliseconds tick_interval{250};
/// For the other side to say that it has heard of the end.
constexpr std::int64_t closing_us = 2'000'000;
/// Answers that a peer has not taken off the wire: beyond it nothing more is read from it.
constexpr std::size_t unsent_bytes = std::size_t{2} << 20;

std::int64_t microseconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

} // namespace

wire_session::wire_session(std::shared_ptr<wire_hub> hub, socket connection, executor on, asio::ssl::context& tls,
                           half_open_places::place place)
  : hub_(std::move(hub)), strand_(std::move(on)), stream_(std::move(connection), tls), timer_(strand_),
    address_(*place), place_(std::move(place)) {
  phase_began_us_ = last_byte_us_ = hub_->around.now_us();
}

wire_session::~wire_session() { settle(); }

void wire_session::start() {
  asio::post(strand_, [self = shared_from_this()] {
    self->tick();
    self->stream_.async_handshake(
      asio::ssl::stream_base::server,
      asio::bind_executor(self->strand_, [self](const error_code& result) { self->on_handshake(result); }));
  });
}

void wire_session::stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->stop_asked_ = true;
    if (self->phase_ == phase::open)
      self->act(self->conversation_->stop(self->out_));
    else if (self->phase_ != phase::closing)
      self->close();
  });
}

void wire_session::end(goodbye_reason reason) {
  asio::post(strand_, [self = shared_from_this(), reason] {
    if (self->phase_ != phase::open)
      return;
    self->act(self->conversation_->goodbye(reason, {}, self->out_));
  });
}

void wire_session::close_at_once() {
  asio::post(strand_, [self = shared_from_this()] { self->close(); });
}

void wire_session::ask_again() {
  asio::post(strand_, [self = shared_from_this()] {
    const phase now = self->phase_;
    if ((now != phase::hello && now != phase::open) || self->is_still_believed())
      return;
    self->act(self->conversation_->goodbye(goodbye_reason::revoked, {}, self->out_));
  });
}

bool wire_session::is_still_believed() {
  if (!hub_->around.believes)
    return true;
  const auto believed = hub_->around.believes(*stream_.native_handle());
  if (!believed) {
    ++hub_->counters.disbelieved;
    refuse(conversation_ ? edge_refusal::kind::session : edge_refusal::kind::handshake, believed.failure().message);
  }
  return static_cast<bool>(believed);
}

void wire_session::refuse(edge_refusal::kind what, std::string reason, std::uint64_t count) {
  if (hub_->around.refused)
    hub_->around.refused(
      {what, address_, conversation_ ? conversation_->identity() : std::string(), std::move(reason), count});
}

/// A peer that went away by itself was not refused, nor was one that the listener closed.
void wire_session::tell_of_failed_handshake(const error_code& failure) {
  std::string reason = hub_->around.complaint ? hub_->around.complaint(*stream_.native_handle()) : std::string();
  if (reason.empty() && failure.category() == asio::error::get_ssl_category())
    reason = failure.message();
  if (!reason.empty())
    refuse(edge_refusal::kind::handshake, std::move(reason));
}

void wire_session::on_handshake(const error_code& failure) {
  if (phase_ != phase::handshake)
    return;
  std::string identity;
  if (failure) {
    ++hub_->counters.failed_handshakes;
    tell_of_failed_handshake(failure);
    close();
  } else if (!identify(identity)) {
    shut_down();
  } else {
    begin_conversation(std::move(identity));
    phase_ = phase::hello;
    phase_began_us_ = last_byte_us_ = hub_->around.now_us();
    read();
  }
}

/// The context that came in ought to have seen to the first two; a session without them must never be.
bool wire_session::identify(std::string& identity) {
  SSL* const tls = stream_.native_handle();
  X509* const certificate = SSL_get1_peer_certificate(tls);
  if (certificate == nullptr || SSL_get_verify_result(tls) != X509_V_OK || SSL_version(tls) != TLS1_3_VERSION) {
    X509_free(certificate);
    ++hub_->counters.failed_handshakes;
    refuse(edge_refusal::kind::handshake, "no TLS 1.3 with a certificate that is believed");
    return false;
  }
  auto found = hub_->around.identify(*certificate);
  X509_free(certificate);
  if (!found || found->empty()) {
    ++hub_->counters.refused_identities;
    refuse(edge_refusal::kind::identity, found ? "it names nobody" : found.failure().message);
    return false;
  }
  // What is believed may have changed since it was looked at, and only who is past its handshake was asked again.
  if (SSL_get_SSL_CTX(tls) != hub_->around.tls()->native_handle() && !is_still_believed())
    return false;
  identity = std::move(*found);
  return true;
}

void wire_session::begin_conversation(std::string identity) {
  const auto deliver = [weak = weak_from_this(), hub = hub_](server_conversation::ticket t,
                                                             std::vector<submission_answer> answers) {
    const auto self = weak.lock();
    if (!self) {
      ++hub->counters.answers_to_nobody;
      return;
    }
    // Weak again: what waits in the queue must not hold what holds the queue.
    asio::post(self->strand_, [weak, hub_counters = &hub->counters, t, answers = std::move(answers)] {
      if (const auto alive = weak.lock())
        alive->on_answers(t, answers);
      else
        ++hub_counters->answers_to_nobody;
    });
  };
  session_registry& registry = hub_->registry;
  conversation_.emplace(identity,
                        server_conversation::surroundings{
                          hub_->around.gate, hub_->around.may_speak, hub_->counters,
                          [&registry, identity](std::uint64_t readings, std::int64_t now_us) {
                            return registry.take_rate(identity, readings, now_us);
                          },
                          hub_->options.credit, deliver,
                          [this, &registry, identity] { return !registry.is_current(identity, number_); },
                          [this](std::uint64_t readings) {
                            refuse(edge_refusal::kind::meters, "readings of a meter that is not its own", readings);
                          },
                          [this](std::string_view why) { refuse(edge_refusal::kind::session, std::string(why)); }});
}

void wire_session::read() {
  if (reading_ || phase_ == phase::closed || phase_ == phase::closing || out_.size() > unsent_bytes)
    return;
  reading_ = true;
  stream_.async_read_some(
    asio::buffer(buffer_),
    asio::bind_executor(strand_, [self = shared_from_this()](const error_code& failure, std::size_t size) {
      self->on_read(size, !failure);
    }));
}

void wire_session::on_read(std::size_t size, bool good) {
  reading_ = false;
  if (phase_ == phase::closed || phase_ == phase::closing)
    return;
  if (!good) {
    close();
    return;
  }
  take({buffer_.data(), size});
  flush();
  read();
}

void wire_session::take(std::string_view bytes) {
  const std::int64_t now_us = hub_->around.now_us();
  last_byte_us_ = now_us;
  if (!reader_.within_frame())
    frame_began_us_ = now_us;
  while (phase_ == phase::hello || phase_ == phase::open) {
    frame f;
    const auto status = reader_.read(bytes, f);
    if (status == frame_reader::status::more)
      return;
    frame_began_us_ = now_us;
    act(status == frame_reader::status::whole ? conversation_->on_frame(f, now_us, out_)
                                              : conversation_->on_broken(status, out_));
  }
}

void wire_session::on_welcomed() {
  phase_ = phase::open;
  reader_.limit(wire_bounds::frame_bytes);
  settle();
  ++hub_->counters.welcomed;
  ++hub_->counters.sessions;
  bool superseded = false;
  number_ = hub_->registry.enter(
    conversation_->identity(),
    [weak = weak_from_this()](goodbye_reason reason) {
      if (const auto self = weak.lock())
        self->end(reason);
    },
    superseded);
  hub_->counters.superseded += superseded ? 1 : 0;
  if (stop_asked_)
    act(conversation_->stop(out_));
}

void wire_session::on_answers(server_conversation::ticket t, const std::vector<submission_answer>& answers) {
  if (phase_ != phase::open) {
    ++hub_->counters.answers_to_nobody;
    return;
  }
  last_byte_us_ = hub_->around.now_us(); // idle from here on
  act(conversation_->on_answers(t, answers, out_));
}

void wire_session::act(server_conversation::then what) {
  if (what == server_conversation::then::welcomed) {
    on_welcomed();
  } else if (what == server_conversation::then::close && phase_ != phase::closing && phase_ != phase::closed) {
    phase_ = phase::closing;
    phase_began_us_ = hub_->around.now_us();
  }
  flush();
}

void wire_session::flush() {
  if (!writing_.empty() || phase_ == phase::closed)
    return;
  if (out_.empty()) {
    if (phase_ == phase::closing)
      shut_down();
    return;
  }
  writing_.swap(out_);
  write_began_us_ = hub_->around.now_us();
  hub_->counters.bytes_out += writing_.size();
  asio::async_write(stream_, asio::buffer(writing_),
                    asio::bind_executor(strand_, [self = shared_from_this()](const error_code& failure, std::size_t) {
                      self->on_written(!failure);
                    }));
}

void wire_session::on_written(bool good) {
  writing_.clear();
  if (!good) {
    close();
    return;
  }
  flush();
  read();
}

void wire_session::shut_down() {
  if (shutting_down_ || phase_ == phase::closed)
    return;
  shutting_down_ = true;
  phase_ = phase::closing;
  phase_began_us_ = hub_->around.now_us();
  settle();
  stream_.async_shutdown(
    asio::bind_executor(strand_, [self = shared_from_this()](const error_code&) { self->close(); }));
}

void wire_session::close() {
  if (phase_ == phase::closed)
    return;
  phase_ = phase::closed;
  settle();
  error_code ignored;
  stream_.lowest_layer().close(ignored);
  timer_.cancel();
}

/// It is not half-open any more, and if it was welcomed and is closed, no session either.
void wire_session::settle() {
  place_.reset();
  if (number_ != 0 && phase_ != phase::open) {
    hub_->registry.leave(conversation_->identity(), number_);
    number_ = 0;
    --hub_->counters.sessions;
  }
}

bool wire_session::is_too_slow(std::int64_t now_us) const {
  const wire_listener_options& o = hub_->options;
  if (!writing_.empty() && now_us - write_began_us_ > microseconds(o.write))
    return true;
  switch (phase_) {
  case phase::handshake:
    return now_us - phase_began_us_ > microseconds(o.handshake);
  case phase::hello:
    return now_us - phase_began_us_ > microseconds(o.hello);
  case phase::closing:
    return now_us - phase_began_us_ > closing_us;
  case phase::open:
    break;
  case phase::closed:
    return false;
  }
  if (reader_.within_frame() && reading_ && now_us - frame_began_us_ > microseconds(o.frame))
    return true;
  return conversation_->unanswered() == 0 && now_us - last_byte_us_ > microseconds(o.idle);
}

void wire_session::tick() {
  if (phase_ == phase::closed)
    return;
  if (is_too_slow(hub_->around.now_us())) {
    if (phase_ != phase::closing)
      ++hub_->counters.deadlines;
    if (phase_ == phase::open && writing_.empty()) {
      act(conversation_->goodbye(goodbye_reason::too_slow, {}, out_));
    } else {
      close();
      return;
    }
  }
  timer_.expires_after(tick_interval);
  timer_.async_wait(asio::bind_executor(strand_, [self = shared_from_this()](const error_code& failure) {
    if (!failure)
      self->tick();
  }));
}

} // namespace gridtwin
