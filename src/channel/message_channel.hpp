#pragma once

#include "src/channel/channel_answer.hpp"
#include "src/channel/request_signature.hpp"
#include "src/gate/submission.hpp"
#include "twins/market_ids.hpp"
#include "twins/mpan.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// A request of messages, as it came, and who brought it.
struct channel_request {
  std::string_view method;
  std::string_view target; ///< of the URL, behind the host
  signature_fields signature;
  std::string_view body;
  std::uint16_t version = 1; ///< of the readings: messages have none
  peer_identity peer;        ///< as the connection has proved it
};

/// What somebody was refused for, for whoever keeps it.
enum class channel_refusal : std::uint8_t {
  signature, ///< the request is not signed as it must be
  request,   ///< it is no request of messages, or messages of it break the schema
  meters     ///< messages of meters that are another's
};

/// A request whose messages were offered. From any thread.
class channel_batch {
public:
  /// Nothing until it is known what became of each message. `now_s`: seconds since the epoch.
  std::optional<channel_answer> answer(std::int64_t now_s) const;

  /// Calls `then` when that is known, at once where it is: once, by the thread that brings the last verdict, which is
  /// not to wait. One that comes later takes its place.
  void when_answered(std::function<void()> then) const;

private:
  friend class message_channel;

  struct part {
    answered_message message;
    std::vector<std::int64_t> ends_s; ///< of its half hours
  };
  void answered(std::size_t number, const std::vector<submission_answer>& answers);
  bool waits() const;

  mutable std::mutex mutex_;
  std::vector<part> parts_;
  mutable std::function<void()> then_;
};

/// What a signed request of messages leads to: each message by itself into the gate, as a submission of the peer. No
/// network, no clock, nothing kept between two requests. From any thread.
class message_channel {
public:
  struct surroundings {
    submission_gate* gate = nullptr; ///< outlives this
    /// Whether a peer may speak for a meter, by the newest policy.
    std::function<bool(const peer_identity&, mpan)> may_submit;
    signer_function signer;
    /// Is told of what is refused, in words of our own; `count` messages, or 1 request.
    std::function<void(const peer_identity&, channel_refusal, const std::string& why, std::uint64_t count)> refused;
  };
  struct settings {
    std::string url; ///< how senders call this node, up to the target: `https://node.example:7480`
    environment_tag environment = environment_tag::development;
    std::int64_t window_s = 300; ///< see `check_signature`
  };

  message_channel(surroundings s, settings o) : around_(std::move(s)), settings_(std::move(o)) {}

  /// Error: the signature does not hold; nothing of the body was looked at.
  result<std::shared_ptr<const channel_batch>> take(const channel_request& request, std::int64_t now_s) const;

private:
  void offer(const std::shared_ptr<channel_batch>& batch, const channel_request& request, read_request&& read) const;

  surroundings around_;
  settings settings_;
};

} // namespace gridtwin
