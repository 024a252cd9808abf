#include "src/wire/server_conversation.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridtwin {

namespace {

constexpr wire_answer busy_answer{wire_outcome::busy, no_code, 0, 0};
constexpr wire_answer unknown_answer{wire_outcome::unknown, no_code, 0, 0};

template <class Message>
void append_message(std::string& out, frame_kind kind, const Message& m) {
  std::string body;
  encode(m, body);
  append_frame(out, kind, body);
}

/// Reasons that only a sender who does not keep to the protocol brings about.
constexpr bool is_breach(goodbye_reason reason) noexcept {
  return reason == goodbye_reason::malformed || reason == goodbye_reason::too_large || reason == goodbye_reason::version
         || reason == goodbye_reason::over_credit;
}

} // namespace

server_conversation::server_conversation(std::string identity, surroundings s)
  : identity_(std::move(identity)), s_(std::move(s)), window_(s_.credit.batches) {}

server_conversation::then server_conversation::on_frame(const frame& f, std::int64_t now_us, std::string& out) {
  if (closing_)
    return then::close;
  s_.counters.bytes_in += f.body.size();
  if (f.kind == frame_kind::hello && !welcomed_)
    return on_hello(f.body, out);
  if (f.kind == frame_kind::submit && welcomed_)
    return on_submit(f.body, now_us, out);
  if (f.kind == frame_kind::goodbye && decode_goodbye(f.body)) {
    closing_ = true;
    return then::close;
  }
  ++s_.counters.malformed;
  return goodbye(goodbye_reason::malformed, welcomed_ ? "a frame of this kind is not a sender's" : "hello comes first",
                 out);
}

server_conversation::then server_conversation::on_broken(frame_reader::status why, std::string& out) {
  if (closing_)
    return then::close;
  if (why == frame_reader::status::too_large) {
    ++s_.counters.too_large;
    return goodbye(goodbye_reason::too_large, "a frame is longer than its limit", out);
  }
  ++s_.counters.malformed;
  return goodbye(goodbye_reason::malformed, "a frame of unknown kind", out);
}

server_conversation::then server_conversation::goodbye(goodbye_reason reason, std::string_view detail,
                                                       std::string& out) {
  if (!closing_) {
    append_message(out, frame_kind::goodbye, goodbye_message{reason, std::string(detail)});
    if (s_.broken && is_breach(reason))
      s_.broken(detail);
  }
  closing_ = true;
  return then::close;
}

server_conversation::then server_conversation::on_hello(std::string_view body, std::string& out) {
  const auto hello = decode_hello(body);
  if (!hello) {
    ++s_.counters.malformed;
    return goodbye(goodbye_reason::malformed, "not a hello", out);
  }
  constexpr std::uint32_t version = wire_bounds::protocol_version;
  if (hello->lowest_version > version || hello->highest_version < version)
    return goodbye(goodbye_reason::version, "this node speaks version " + std::to_string(version), out);
  welcomed_ = true;
  append_message(out, frame_kind::welcome,
                 welcome_message{version, s_.credit.batches, s_.credit.bytes, wire_bounds::batch_readings});
  return then::welcomed;
}

server_conversation::then server_conversation::on_submit(std::string_view body, std::int64_t now_us, std::string& out) {
  // Before a byte of it is looked at. What was said last is a wish: a sender may not have heard of it yet.
  if (batches_.size() >= s_.credit.batches || bytes_in_hand_ + body.size() > s_.credit.bytes) {
    ++s_.counters.over_credit;
    return goodbye(goodbye_reason::over_credit, "more is unanswered than there is credit for", out);
  }
  const submit_fault fault = decode_submit(body, decoded_);
  if (fault == submit_fault::too_large) {
    ++s_.counters.too_large;
    return goodbye(goodbye_reason::too_large, "a batch has more readings than its limit", out);
  }
  const auto named_so = [&](const batch_in_hand& b) { return b.name == decoded_.batch; };
  if (fault != submit_fault::none || std::any_of(batches_.begin(), batches_.end(), named_so)) {
    ++s_.counters.malformed;
    return goodbye(goodbye_reason::malformed,
                   fault != submit_fault::none ? "a batch contradicts itself" : "two unanswered batches of one name",
                   out);
  }
  if (s_.superseded()) // nothing of an older session is mixed into the newer one's
    return goodbye(goodbye_reason::superseded, "another session of this identity has begun", out);
  ++s_.counters.batches;
  const auto readings = static_cast<std::uint32_t>(decoded_.readings.size());
  if (stopping_) {
    answer_busy(decoded_.batch, readings, s_.credit.retry_after_ms, out);
    return then::go_on;
  }
  if (const std::int64_t wait_us = s_.take_rate(readings, now_us); wait_us > 0) {
    ++s_.counters.busy_rate;
    answer_busy(decoded_.batch, readings, wait_us / 1000 + 1, out);
    return then::go_on;
  }
  s_.counters.out_of_range += decoded_.refusals.size();
  refuse_foreign_meters(decoded_);
  batch_in_hand& b = batches_.emplace_back();
  b.serial = next_serial_++;
  b.name = decoded_.batch;
  b.bytes = body.size();
  b.readings = readings;
  bytes_in_hand_ += b.bytes;
  const std::uint64_t name = b.name;
  offer(std::move(decoded_), b);
  decoded_ = {};
  if (b.parts.empty() && b.refusals.empty()) { // the gate took nothing
    bytes_in_hand_ -= b.bytes;
    batches_.pop_back();
    answer_busy(name, readings, s_.credit.retry_after_ms, out);
    narrow(out);
    return then::go_on;
  }
  return release(out);
}

void server_conversation::refuse_foreign_meters(submitted_batch& batch) {
  std::optional<mpan> asked;
  bool may = false;
  std::uint64_t foreign = 0;
  std::vector<reading_refusal> refusals;
  auto refused = batch.refusals.begin();
  for (std::uint32_t i = 0; i < batch.readings.size(); ++i) {
    if (refused != batch.refusals.end() && refused->index == i) {
      refusals.push_back(*refused++);
      continue;
    }
    const mpan meter = batch.readings[i].meter;
    if (asked != meter) {
      asked = meter;
      may = s_.may_speak(identity_, meter);
    }
    if (!may) {
      refusals.push_back({i, not_permitted});
      ++foreign;
    }
  }
  s_.counters.not_permitted += foreign;
  if (foreign > 0 && s_.foreign)
    s_.foreign(foreign);
  batch.refusals = std::move(refusals);
}

/// Offers what is not refused, each stretch of it by itself: a submission's numbers follow one another. What the gate
/// does not take is a part that is answered busy; if it takes nothing of a batch without refusals, `b` stays empty.
void server_conversation::offer(submitted_batch&& batch, batch_in_hand& b) {
  b.refusals = batch.refusals;
  std::uint32_t at = 0;
  bool busy = false;
  std::vector<submission> parts;
  const auto add = [&](std::uint32_t end) {
    if (end == at)
      return;
    submission& s = parts.emplace_back(submission{identity_, batch.first_number + at, {}});
    if (at == 0 && end == batch.readings.size())
      s.readings = std::move(batch.readings);
    else
      s.readings.assign(batch.readings.begin() + at, batch.readings.begin() + end);
    b.parts.push_back({at, end - at, false, {}});
  };
  const auto size = static_cast<std::uint32_t>(batch.readings.size());
  for (const reading_refusal& r : batch.refusals) {
    add(r.index);
    at = r.index + 1;
  }
  add(size);
  // Answers may come before `offer` returns: they wait for this thread.
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const ticket t{b.serial, i};
    if (!busy && s_.gate.offer(std::move(parts[i]), [deliver = s_.deliver, t](std::vector<submission_answer> answers) {
          deliver(t, std::move(answers));
        })) {
      ++b.open;
      continue;
    }
    busy = true; // those behind it would be busy as well, and must not overtake
    ++s_.counters.busy_gate;
    if (parts.size() == 1 && b.refusals.empty()) {
      b.parts.clear();
      return;
    }
    b.parts[i].answered = true;
    append_run(b.parts[i].runs, b.parts[i].count, busy_answer);
  }
}

void server_conversation::answer_busy(std::uint64_t name, std::uint32_t readings, std::int64_t wait_ms,
                                      std::string& out) {
  constexpr std::int64_t longest_wait_ms = 60'000;
  answer_message m{name, {}, static_cast<std::uint32_t>(std::clamp<std::int64_t>(wait_ms, 1, longest_wait_ms))};
  append_run(m.runs, readings, busy_answer);
  send_answer(m, out);
}

void server_conversation::send_answer(const answer_message& m, std::string& out) {
  for (const answer_run& r : m.runs)
    s_.counters.answered[static_cast<std::size_t>(r.answer.outcome)] += r.count;
  append_message(out, frame_kind::answer, m);
}

server_conversation::then server_conversation::on_answers(ticket t, const std::vector<submission_answer>& answers,
                                                          std::string& out) {
  const auto b =
    std::find_if(batches_.begin(), batches_.end(), [&](const batch_in_hand& one) { return one.serial == t.serial; });
  if (b == batches_.end() || t.part >= b->parts.size() || b->parts[t.part].answered)
    return closing_ ? then::close : then::go_on; // nothing asked for it
  part& p = b->parts[t.part];
  p.answered = true;
  --b->open;
  if (answers.size() != p.count) {
    b->unknown = true;
    append_run(p.runs, p.count, unknown_answer);
  } else {
    for (const submission_answer& a : answers)
      append_run(p.runs, 1, to_wire(a));
  }
  return release(out);
}

server_conversation::then server_conversation::release(std::string& out) {
  bool unknown = false;
  while (!batches_.empty() && batches_.front().open == 0) {
    const batch_in_hand& b = batches_.front();
    answer_message m{b.name, {}, 0};
    auto refused = b.refusals.begin();
    const auto add_refusals_before = [&](std::uint32_t index) {
      for (; refused != b.refusals.end() && refused->index < index; ++refused)
        append_run(m.runs, 1, {wire_outcome::rejected, refused->code, 0, 0});
    };
    for (const part& p : b.parts) {
      add_refusals_before(p.first);
      for (const answer_run& r : p.runs) {
        append_run(m.runs, r.count, r.answer);
        if (r.answer.outcome == wire_outcome::busy)
          m.retry_after_ms = s_.credit.retry_after_ms;
      }
    }
    add_refusals_before(b.readings);
    unknown = unknown || b.unknown;
    if (!closing_)
      send_answer(m, out);
    bytes_in_hand_ -= b.bytes;
    batches_.pop_front();
    if (!closing_ && m.retry_after_ms == 0)
      widen(out);
  }
  if (closing_)
    return then::close;
  if (unknown || (stopping_ && batches_.empty()))
    return goodbye(goodbye_reason::stopping, unknown ? "what became of a batch is not known" : "the node stops", out);
  return then::go_on;
}

server_conversation::then server_conversation::stop(std::string& out) {
  stopping_ = true;
  if (closing_)
    return then::close;
  return batches_.empty() ? goodbye(goodbye_reason::stopping, "the node stops", out) : then::go_on;
}

/// Half of the credit where the gate was full, and a batch more for each credit that came through since.
void server_conversation::narrow(std::string& out) {
  taken_since_ = 0;
  if (window_ == 1)
    return;
  window_ /= 2;
  append_message(out, frame_kind::credit, credit_message{window_});
}

void server_conversation::widen(std::string& out) {
  if (window_ == s_.credit.batches || ++taken_since_ < window_)
    return;
  taken_since_ = 0;
  ++window_;
  append_message(out, frame_kind::credit, credit_message{window_});
}

} // namespace gridtwin
