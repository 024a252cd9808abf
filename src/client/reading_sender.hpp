#pragma once

#include "src/client/parcel.hpp"
#include "twins/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace gridtwin {

struct sender_options {
  std::string host;
  std::uint16_t port = 0;
  std::string software = "gridtwin";
  std::chrono::milliseconds begin{10'000};  ///< from connecting to the node's welcome
  std::chrono::milliseconds answer{60'000}; ///< without a byte from the node while something is unanswered
  /// Between attempts: doubled each time, with jitter of half of it, and begun anew by an answer.
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds longest_pause{30'000};
  std::chrono::milliseconds patience{600'000}; ///< without any answer: then it gives up
  std::uint64_t seed = 1;                      ///< of the jitter
  std::chrono::milliseconds nap{10};           ///< at most so long until it asks its source again
};

/// What a sender has come to so far.
struct sender_progress {
  std::uint64_t connections = 0; ///< that were welcomed
  std::uint64_t attempts = 0;
  std::uint64_t sent = 0;     ///< readings, again or not
  std::uint64_t answered = 0; ///< readings, busy ones not among them
  std::uint64_t busy = 0;     ///< readings
  std::string trouble;        ///< why the last connection ended or could not be made; empty while there is one
};

/// Sends what a source has to a node, under its credit, and tells the source what the node answers. Connects again as
/// often as it takes: what has no answer is sent again. On the thread that runs it.
class reading_sender {
public:
  /// `now_us`: of a clock that never goes back.
  reading_sender(sender_options options, std::shared_ptr<boost::asio::ssl::context> tls, parcel_source& from,
                 std::function<std::int64_t()> now_us);
  ~reading_sender();
  reading_sender(const reading_sender&) = delete;
  reading_sender& operator=(const reading_sender&) = delete;

  /// Until the source is done, or `stop` says so, which is asked many times a second and may show the progress.
  /// Error: the source's own; or `errc::interrupted` where its patience is at an end, or the node will not have it.
  result<void> run(const std::function<bool(const sender_progress&)>& stop);

private:
  struct connection;
  result<void> go_on(const std::function<bool(const sender_progress&)>& stop);
  void connect();
  void part();

  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gridtwin
