#pragma once

#include "src/wire/wire_messages.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace gridtwin {

/// What a listener has seen since it began. Any thread may read it at any time.
struct wire_counters {
  using count = std::atomic<std::uint64_t>;

  count accepted_connections{0};
  count refused_by_address{0}; ///< too many half-open connections of one address
  count accept_pauses{0};      ///< too many half-open connections in all: new ones waited
  count failed_handshakes{0};  ///< no TLS 1.3, or no certificate that is trusted
  count refused_identities{0}; ///< a trusted certificate that names nobody who may come
  count welcomed{0};           ///< sessions that came to be
  count disbelieved{0};        ///< connections that were asked again and are not believed any more
  count superseded{0};         ///< sessions that another one of the same identity ended: a certificate in two places?
  count deadlines{0};          ///< connections cut because they were too slow
  count malformed{0};          ///< frames or messages that are none
  count too_large{0};          ///< frames or batches beyond their limit
  count over_credit{0};        ///< sessions ended because they sent more than they might
  count batches{0};
  count bytes_in{0}; ///< of frames' bodies
  count bytes_out{0};
  count busy_gate{0};                               ///< batches, or parts of them, that the gate did not take
  count busy_rate{0};                               ///< batches beyond their identity's rate
  count not_permitted{0};                           ///< readings for a meter that their sender may not speak for
  count out_of_range{0};                            ///< readings with a field out of its range
  count answers_to_nobody{0};                       ///< the session had ended before its answer came
  std::array<count, wire_outcome_count> answered{}; ///< readings, by `wire_outcome`

  std::atomic<std::int64_t> half_open{0}; ///< connections that are not welcomed yet, now
  std::atomic<std::int64_t> sessions{0};  ///< now
};

} // namespace gridtwin
