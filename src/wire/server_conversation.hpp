#pragma once

#include "src/gate/submission.hpp"
#include "src/wire/frame_codec.hpp"
#include "src/wire/submit_codec.hpp"
#include "src/wire/wire_counters.hpp"
#include "src/wire/wire_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Whether an identity may speak for a meter. From any thread of the listener.
using may_speak_function = std::function<bool(std::string_view identity, mpan meter)>;

/// What one session may have in hand.
struct session_credit {
  std::uint32_t batches = wire_bounds::credit_batches;
  std::size_t bytes = wire_bounds::credit_bytes;
  /// What a busy sender is told to wait.
  std::uint32_t retry_after_ms = 100;
};

/// The node's side of one session, from hello to goodbye: what a frame leads to, no sockets, no clock. One thread at a
/// time.
class server_conversation {
public:
  /// A part of a batch that the gate answers by itself.
  struct ticket {
    std::uint64_t serial = 0; ///< of the batch, in this session
    std::uint32_t part = 0;
  };

  struct surroundings {
    submission_gate& gate;
    const may_speak_function& may_speak;
    wire_counters& counters;
    /// Takes so many readings out of the identity's rate, or nothing and says how long to wait, in microseconds.
    std::function<std::int64_t(std::uint64_t readings, std::int64_t now_us)> take_rate;
    session_credit credit;
    /// Called by the gate, from any thread, once for each part that it took. It shall lead to `on_answers`.
    std::function<void(ticket, std::vector<submission_answer>)> deliver;
    /// Another session of the identity has begun: nothing more may reach the gate.
    std::function<bool()> superseded;
    /// Is told of a batch's readings for meters that are another's; nothing: they are counted.
    std::function<void(std::uint64_t readings)> foreign{};
    /// Is told, in words of our own, why a session ends whose peer broke the protocol; nothing: it is counted.
    std::function<void(std::string_view why)> broken{};
  };

  server_conversation(std::string identity, surroundings s);

  /// What to do after a frame; what is to be sent has been appended to `out`.
  enum class then : std::uint8_t {
    go_on,
    welcomed, ///< the session has begun: larger frames may come
    close     ///< after `out` has been sent
  };

  then on_frame(const frame& f, std::int64_t now_us, std::string& out);
  /// The gate's answer to a part; empty: unknown.
  then on_answers(ticket t, const std::vector<submission_answer>& answers, std::string& out);
  /// A frame that is none.
  then on_broken(frame_reader::status why, std::string& out);
  /// From now on new batches are busy; closes when nothing is unanswered.
  then stop(std::string& out);
  then goodbye(goodbye_reason reason, std::string_view detail, std::string& out);

  bool is_welcomed() const noexcept { return welcomed_; }
  bool is_closing() const noexcept { return closing_; }
  std::size_t unanswered() const noexcept { return batches_.size(); }
  const std::string& identity() const noexcept { return identity_; }

private:
  /// Readings of a batch that follow one another and were offered together.
  struct part {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool answered = false;
    std::vector<answer_run> runs;
  };
  struct batch_in_hand {
    std::uint64_t serial = 0;
    std::uint64_t name = 0;
    std::size_t bytes = 0;
    std::uint32_t readings = 0;
    std::uint32_t open = 0; ///< parts that are not answered
    bool unknown = false;
    std::vector<part> parts;
    std::vector<reading_refusal> refusals;
  };

  then on_hello(std::string_view body, std::string& out);
  then on_submit(std::string_view body, std::int64_t now_us, std::string& out);
  void refuse_foreign_meters(submitted_batch& batch);
  void offer(submitted_batch&& batch, batch_in_hand& b);
  void answer_busy(std::uint64_t name, std::uint32_t readings, std::int64_t wait_ms, std::string& out);
  void send_answer(const answer_message& m, std::string& out);
  then release(std::string& out);
  void narrow(std::string& out);
  void widen(std::string& out);

  std::string identity_;
  surroundings s_;
  bool welcomed_ = false;
  bool closing_ = false;
  bool stopping_ = false;
  std::uint64_t next_serial_ = 1;
  std::deque<batch_in_hand> batches_; ///< unanswered, in their order
  std::size_t bytes_in_hand_ = 0;
  std::uint32_t window_; ///< batches that the sender was last told
  std::uint32_t taken_since_ = 0;
  submitted_batch decoded_;
};

} // namespace gridtwin
