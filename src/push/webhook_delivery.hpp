#pragma once

#include "src/push/drain_window.hpp"
#include "src/push/push_store.hpp"
#include "src/push/retry_policy.hpp"
#include "src/push/topic_stretch.hpp"
#include "src/push/webhook_sender.hpp"
#include "src/security/text_signer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gridtwin {

/// What a node tells of a webhook; read from any thread.
struct webhook_counters {
  std::atomic<std::uint64_t> events{0};    ///< that were delivered
  std::atomic<std::uint64_t> bytes{0};     ///< of bodies that were delivered
  std::atomic<std::uint64_t> delivered{0}; ///< requests, by what came of them
  std::atomic<std::uint64_t> retried{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::int64_t> letters{0}; ///< that wait
  std::atomic<std::int64_t> delivered_s{0};
  std::atomic<std::int64_t> failed_in_turn{0};
  std::atomic<bool> paused{false};
};

struct webhook_options {
  std::string name;
  access_topic topic = access_topic::reading;
  peer_identity reader;
  std::string url;
  std::optional<std::int64_t> from_s; ///< where a new one begins; seconds since the epoch
  bool paused = false;
  std::size_t most_events = 0;
  std::size_t most_bytes = 0;
};

/// One webhook: goes on behind its pointer, a request at a time, and moves the pointer when the receiver has taken it.
/// What was not taken is read anew for the next attempt, by the rights that hold then: nothing of it is kept. One
/// thread.
class webhook_delivery {
public:
  /// All of it outlives this.
  struct surroundings {
    store_pool& store;
    webhook_sender& sender;
    const text_signer& signer;
    policy_function policy;
    std::function<std::int64_t()> now_s;       ///< seconds since the epoch
    std::function<std::int64_t()> now_us;      ///< of a clock that never goes back
    std::function<void(const push_act&)> tell; ///< an operator's act, for the audit trail
    std::uint64_t seed = 0;                    ///< of back-off
    webhook_counters& counters;
  };

  /// Error: `push_store::enter`, or the store cannot be read.
  static result<std::unique_ptr<webhook_delivery>> open(webhook_options options, surroundings around,
                                                        std::unique_ptr<push_store> kept);

  /// Delivers a request, or looks whether there is one. Microseconds until there may be something to do again.
  std::int64_t step();

private:
  /// Where a request comes from: the topic behind the pointer, or a dead letter.
  struct course {
    event_position from;
    std::optional<event_position> until;
    std::optional<push_letter> letter;
  };

  webhook_delivery(webhook_options options, surroundings around, std::unique_ptr<push_store> kept,
                   const topic_source& source)
    : options_(std::move(options)), around_(std::move(around)), kept_(std::move(kept)), source_(&source),
      reader_({options_.name, options_.topic, 0}, source, reader_rights(around_.policy, options_.reader)),
      limit_(options_.most_events) {}

  result<void> look_at_orders();
  std::int64_t trouble(const std::string& why);
  bool has_news();
  bool has_windows() const;
  result<std::optional<course>> next_course();
  std::int64_t deliver(const course& c);
  std::int64_t pass(const course& c, const topic_stretch& s);
  std::int64_t answered(const course& c, const topic_stretch& s, const push_answer& answer, push_record request);
  std::int64_t take(const course& c, const topic_stretch& s, push_record request);
  std::int64_t refuse(const course& c, const topic_stretch& s, unsigned status, std::string reason,
                      push_record request);
  push_request request_of(const topic_stretch& s) const;
  push_record record_of(const topic_stretch& s) const;
  std::int64_t write(const push_record& request, const push_store::outcome& came, std::int64_t then_us);

  const webhook_options options_;
  const surroundings around_;
  std::unique_ptr<push_store> kept_;
  const topic_source* source_;
  stretch_reader reader_;
  drain_window window_;
  event_position position_;   ///< read up to here
  bool is_noted_ = true;      ///< the pointer stands there
  std::int64_t noted_us_ = 0; ///< when that was last so
  std::size_t limit_;         ///< events of a request: fewer after one was too large
  bool paused_ = false;
  std::optional<push_letter> queued_;
  std::int64_t letters_ = 0;
  std::int64_t orders_us_ = 0; ///< when they are to be looked at again
  std::int64_t resume_us_ = 0; ///< nothing is sent before
  std::uint64_t failed_ = 0;   ///< attempts in turn
  std::uint64_t draws_ = 0;
  bool at_end_ = false;
  std::int64_t generation_ = 0;
  bool is_ours_ = false; ///< the position was seen to be one of this store
  std::string trouble_;  ///< the last that was written down
};

} // namespace gridtwin
