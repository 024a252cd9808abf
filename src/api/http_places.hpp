#pragma once

#include "src/api/http_message.hpp"
#include "src/listener/bounded_counts.hpp"
#include "src/listener/identity_rates.hpp"

#include <cstddef>
#include <cstdint>

namespace gridtwin {

/// What one kind of peers may have of a listener.
struct http_budget {
  std::size_t connections = 256;            ///< of all of them
  std::size_t connections_of_identity = 64; ///< of each
  rate_limit requests{200, 1000};           ///< of each, by seconds
};

/// Who has how many connections and sends how many requests. Those who bring (head-ends) and those who read have
/// budgets of their own, so neither can take the other's. From any thread.
class http_places {
public:
  http_places(const http_budget& readers, const http_budget& head_ends) : readers_(readers), head_ends_(head_ends) {}

  /// False: there are too many connections, of its kind or of the identity.
  bool enter(const peer_identity& peer) { return of(peer).connections.enter(peer); }
  /// Of one that has entered.
  void leave(const peer_identity& peer) { of(peer).connections.leave(peer); }
  /// 0: it may have a request answered. Else it is to wait so many microseconds.
  std::int64_t take_request(const peer_identity& peer, std::int64_t now_us) {
    return of(peer).requests.take(to_string(peer), 1, now_us);
  }

private:
  struct places {
    explicit places(const http_budget& most)
      : connections(most.connections_of_identity, most.connections), requests(most.requests) {}

    bounded_counts<peer_identity> connections;
    identity_rates requests;
  };

  places& of(const peer_identity& peer) { return peer.role == access_role::head_end ? head_ends_ : readers_; }

  places readers_;
  places head_ends_;
};

} // namespace gridtwin
