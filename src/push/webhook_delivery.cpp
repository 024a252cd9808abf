#include "src/push/webhook_delivery.hpp"

#include "src/channel/base64.hpp"
#include "src/channel/request_signature.hpp"
#include "src/push/push_bounds.hpp"
#include "twins/counter_random.hpp"
#include "twins/hash.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t between_orders_us = 1'000'000;

constexpr std::string_view delivered_status = "Delivered";
constexpr std::string_view retrying_status = "Retrying";
constexpr std::string_view rejected_status = "RejectedByRecipient";

} // namespace

result<std::unique_ptr<webhook_delivery>> webhook_delivery::open(webhook_options options, surroundings around,
                                                                 std::unique_ptr<push_store> kept) {
  const topic_source* const source = source_of(options.topic);
  if (source == nullptr)
    return error{errc::usage, "the topic " + std::string(name_of(options.topic)) + " has no events here"};
  push_standing fresh;
  fresh.webhook = options.name;
  fresh.topic = name_of(options.topic);
  fresh.url = options.url;
  fresh.reader = to_string(options.reader);
  event_position begin;
  if (options.from_s) {
    const auto at =
      around.store.with([&](opened_store& store) { return source->position_before(store, *options.from_s); });
    if (!at)
      return at.failure();
    begin = *at;
  }
  fresh.position = to_string(begin);
  if (auto entered = kept->enter(fresh); !entered)
    return entered.failure();
  std::unique_ptr<webhook_delivery> out(
    new webhook_delivery(std::move(options), std::move(around), std::move(kept), *source));
  const auto there = out->kept_->find(out->options_.name);
  if (!there)
    return there.failure();
  const auto position = parse_event_position((*there)->position);
  if (!position)
    return position.failure();
  out->position_ = *position;
  out->failed_ = static_cast<std::uint64_t>((*there)->attempts);
  return out;
}

/// What operators have said, once a second: they write beside the node.
result<void> webhook_delivery::look_at_orders() {
  const auto there = kept_->find(options_.name);
  if (!there)
    return there.failure();
  if (!*there)
    return error{errc::store_failed, "the webhook is gone from webhooks.db"};
  const bool paused = options_.paused || (*there)->paused;
  paused_ = paused;
  letters_ = (*there)->letters_waiting;
  around_.counters.letters = letters_;
  around_.counters.paused = paused;
  auto queued = kept_->queued_letter(options_.name);
  if (!queued)
    return queued.failure();
  queued_ = std::move(*queued);
  const auto acts = kept_->take_acts(options_.name);
  if (!acts)
    return acts.failure();
  for (const push_act& act : *acts) {
    around_.tell(act);
    if (act.act == resume_webhook_act)
      resume_us_ = 0; // who resumes wants to see it tried
  }
  return {};
}

/// Nothing can be delivered, for a reason of the node's own, which is written down where it is new.
std::int64_t webhook_delivery::trouble(const std::string& why) {
  if (std::exchange(trouble_, why) != why) {
    push_record none;
    none.webhook = options_.name;
    none.at_s = around_.now_s();
    none.trouble = why;
    push_store::outcome failing;
    failing.failing = true;
    (void)kept_->record(none, failing); // the disk may be the trouble
  }
  return push_bounds::trouble_us;
}

bool webhook_delivery::has_news() {
  if (!source_->is_in_store())
    return true;
  const auto now = around_.store.generation();
  const bool news = !now || !at_end_ || *now != generation_;
  generation_ = now ? *now : 0;
  return news;
}

result<std::optional<webhook_delivery::course>> webhook_delivery::next_course() {
  if (queued_) {
    const auto from = parse_event_position(queued_->after);
    const auto until = parse_event_position(queued_->until);
    if (!from || !until)
      return error{errc::store_failed, "a dead letter of webhooks.db has no position"};
    return std::optional(course{*from, *until, queued_});
  }
  if (!has_news())
    return std::optional<course>();
  if (has_windows()) {
    const auto moved =
      around_.store.with([&](opened_store& store) { return window_.until(store.database(), position_); });
    if (!moved)
      return moved.failure();
  }
  return std::optional(course{position_, std::nullopt, std::nullopt});
}

/// Alarms and acts have an order of their own.
bool webhook_delivery::has_windows() const { return source_->is_in_store() && options_.topic != access_topic::audit; }

std::int64_t webhook_delivery::step() {
  const std::int64_t now_us = around_.now_us();
  if (now_us >= orders_us_) {
    if (auto looked = look_at_orders(); !looked)
      return trouble(looked.failure().message);
    orders_us_ = now_us + between_orders_us;
  }
  if (paused_)
    return orders_us_ - now_us;
  if (now_us < resume_us_)
    return std::min(resume_us_, orders_us_) - now_us;
  if (!reader_.rights().opens(access_operation::read, options_.topic))
    return trouble("the policy gives the reader no right to this topic");
  if (!is_ours_) {
    const auto ours = around_.store.with([&](opened_store& store) { return source_->is_durable(store, position_); });
    if (!ours || !*ours)
      return trouble(ours ? "the pointer lies beyond what is durable: it is of another store" : ours.failure().message);
    is_ours_ = true;
  }
  if (!queued_ && letters_ >= push_bounds::letters)
    return trouble("as many dead letters wait as there may be: replay or drop them");
  const auto next = next_course();
  if (!next)
    return trouble(next.failure().message);
  return *next ? deliver(**next) : push_bounds::look_us;
}

std::int64_t webhook_delivery::deliver(const course& c) {
  const stretch_limits limits{limit_, options_.most_bytes, c.until, !c.letter && has_windows() ? &window_ : nullptr};
  const auto read = around_.store.with(
    [&](opened_store& store) { return reader_.read(store, c.from, limits, c.letter ? c.letter->id : 0); });
  if (!read)
    return trouble(read.failure().message);
  const topic_stretch& s = *read;
  if (!c.letter)
    at_end_ = false; // until what is there was taken
  if (s.events == 0)
    return pass(c, s);
  push_record request = record_of(s);
  if (s.too_long)
    return refuse(c, s, 0, "the event is longer than 'most_bytes' and was not sent", std::move(request));
  const std::int64_t began_us = around_.now_us();
  const push_answer answer = around_.sender.post(request_of(s));
  if (answer.was_stopped)
    return push_bounds::look_us;
  request.at_s = around_.now_s();
  request.duration_ms = (around_.now_us() - began_us) / 1000;
  request.stage = answer.stage;
  request.answer = answer.status;
  request.trouble = answer.trouble;
  return answered(c, s, answer, std::move(request));
}

/// There was nothing that the reader may see.
std::int64_t webhook_delivery::pass(const course& c, const topic_stretch& s) {
  if (c.letter) {
    push_letter letter = *c.letter;
    letter.after = to_string(s.position);
    letter.state = s.at_end ? push_letter_state::settled : push_letter_state::queued;
    push_record none = record_of(s);
    none.stage.clear();
    push_store::outcome came;
    came.letters.push_back(std::move(letter));
    orders_us_ = 0;
    return write(none, came, 0);
  }
  at_end_ = s.at_end;
  is_noted_ = is_noted_ && s.position == position_;
  position_ = s.position;
  const std::int64_t now_us = around_.now_us();
  if (!is_noted_ && (!at_end_ || now_us - noted_us_ >= push_bounds::note_us)) {
    if (auto moved = kept_->move(options_.name, to_string(position_)); !moved)
      return trouble(moved.failure().message);
    is_noted_ = true;
    noted_us_ = now_us;
  }
  return at_end_ ? push_bounds::look_us : 0;
}

std::int64_t webhook_delivery::answered(const course& c, const topic_stretch& s, const push_answer& answer,
                                        push_record request) {
  switch (class_of(answer.status)) {
  case answer_class::delivered:
    return take(c, s, std::move(request));
  case answer_class::too_large:
    if (s.events == 1)
      return refuse(c, s, answer.status, reason_of(answer.status), std::move(request));
    limit_ = s.events / 2;
    ++around_.counters.retried;
    request.status = retrying_status;
    request.trouble = "the receiver answered 413: half as many events go into the next request";
    return write(request, {}, 0);
  case answer_class::refused:
    return refuse(c, s, answer.status, reason_of(answer.status), std::move(request));
  case answer_class::again:
    break;
  }
  ++failed_;
  ++around_.counters.retried;
  request.status = retrying_status;
  if (request.trouble.empty())
    request.trouble = reason_of(answer.status);
  push_store::outcome failing;
  failing.failing = true;
  const std::int64_t wait_us =
    back_off(failed_, draw(around_.seed, draws_++), parse_retry_after(answer.retry_after, around_.now_s()));
  resume_us_ = around_.now_us() + wait_us;
  around_.counters.failed_in_turn = static_cast<std::int64_t>(failed_);
  return write(request, failing, std::min(wait_us, between_orders_us));
}

std::int64_t webhook_delivery::take(const course& c, const topic_stretch& s, push_record request) {
  failed_ = 0;
  around_.counters.failed_in_turn = 0;
  ++around_.counters.delivered;
  around_.counters.events += s.events;
  around_.counters.bytes += s.body.size();
  around_.counters.delivered_s = request.at_s;
  limit_ = std::min(limit_ * 2, options_.most_events);
  request.status = delivered_status;
  push_store::outcome came;
  came.delivered = true;
  if (c.letter) {
    push_letter letter = *c.letter;
    letter.after = to_string(s.position);
    letter.events = std::max<std::int64_t>(0, letter.events - static_cast<std::int64_t>(s.events));
    letter.state = s.at_end ? push_letter_state::settled : push_letter_state::queued;
    came.letters.push_back(std::move(letter));
    orders_us_ = 0;
  } else {
    came.position = to_string(s.position);
  }
  const std::int64_t then_us = write(request, came, 0);
  at_end_ = !c.letter && then_us == 0 && s.at_end;
  return then_us;
}

/// To the dead letters, and on.
std::int64_t webhook_delivery::refuse(const course& c, const topic_stretch& s, unsigned status, std::string reason,
                                      push_record request) {
  failed_ = 0;
  around_.counters.failed_in_turn = 0;
  ++around_.counters.refused;
  request.status = rejected_status;
  request.trouble = reason;
  push_letter letter;
  letter.webhook = options_.name;
  letter.topic = name_of(options_.topic);
  letter.after = to_string(s.after);
  letter.until = to_string(s.position);
  letter.events = static_cast<std::int64_t>(s.events);
  letter.status = status;
  letter.reason = std::move(reason);
  letter.at_s = request.at_s;
  push_store::outcome came;
  if (c.letter) {
    letter.attempts = c.letter->attempts + 1;
    // What is left of it waits for its turn; where nothing is, it is the same letter that waits again.
    if (s.at_end) {
      letter.id = c.letter->id;
    } else {
      push_letter rest = *c.letter;
      rest.after = letter.until;
      rest.events = std::max<std::int64_t>(0, rest.events - letter.events);
      came.letters.push_back(std::move(rest));
    }
    orders_us_ = 0;
  } else {
    came.position = letter.until;
    ++letters_;
    around_.counters.letters = letters_;
  }
  came.letters.push_back(std::move(letter));
  return write(request, came, 0);
}

push_request webhook_delivery::request_of(const topic_stretch& s) const {
  push_request out;
  const std::string date = format_instant(around_.now_s());
  const std::string hash = base64_of(bytes_of(sha256(s.body)));
  out.fields = {
    {"X-DIP-Signature-Date", date},
    {"X-DIP-Content-Hash", hash},
    {"X-DIP-Signature", base64_of(around_.signer.sign(signed_text("POST", options_.url, date, hash)))},
    {"X-DIP-Signature-Certificate", base64_of(around_.signer.pem())},
    {"Gridtwin-Correlation", s.correlation},
    {"Gridtwin-Position", to_string(s.position)},
  };
  out.body = s.body;
  return out;
}

push_record webhook_delivery::record_of(const topic_stretch& s) const {
  push_record out;
  out.webhook = options_.name;
  out.at_s = around_.now_s();
  out.correlation = s.correlation;
  out.recipient = to_string(options_.reader);
  out.uri = options_.url;
  out.stage = "read";
  out.events = static_cast<std::int64_t>(s.events);
  out.bytes = static_cast<std::int64_t>(s.body.size());
  out.attempt = static_cast<std::int64_t>(failed_) + 1;
  return out;
}

/// Where it cannot be written the request counts for nothing: it will be made again.
std::int64_t webhook_delivery::write(const push_record& request, const push_store::outcome& came,
                                     std::int64_t then_us) {
  if (auto written = kept_->record(request, came); !written)
    return trouble(written.failure().message);
  trouble_ = came.failing ? request.trouble : std::string();
  if (came.position) {
    position_ = *parse_event_position(*came.position);
    is_noted_ = true;
    noted_us_ = around_.now_us();
  }
  return then_us;
}

} // namespace gridtwin
