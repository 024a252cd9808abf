#include "src/channel/message_channel.hpp"

#include "src/channel/channel_bounds.hpp"
#include "src/channel/message_submission.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

std::optional<channel_answer> channel_batch::answer(std::int64_t now_s) const {
  std::vector<answered_message> messages;
  {
    const std::lock_guard lock(mutex_);
    for (const part& one : parts_) {
      if (one.message.outcome == message_outcome::waiting)
        return std::nullopt;
      messages.push_back(one.message);
    }
  }
  return answer_to_messages(messages, now_s);
}

void channel_batch::when_answered(std::function<void()> then) const {
  {
    const std::lock_guard lock(mutex_);
    if (waits()) {
      then_ = std::move(then);
      return;
    }
  }
  then();
}

/// Under its lock.
bool channel_batch::waits() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const part& one) { return one.message.outcome == message_outcome::waiting; });
}

void channel_batch::answered(std::size_t number, const std::vector<submission_answer>& answers) {
  std::function<void()> then;
  {
    const std::lock_guard lock(mutex_);
    settle(parts_[number].message, answers, parts_[number].ends_s);
    if (!waits())
      then.swap(then_);
  }
  if (then)
    then();
}

result<std::shared_ptr<const channel_batch>> message_channel::take(const channel_request& request,
                                                                   std::int64_t now_s) const {
  const std::string url = settings_.url + std::string(request.target);
  if (auto is_signed = check_signature({request.method, url, request.body, request.peer}, request.signature, now_s,
                                       settings_.window_s, around_.signer);
      !is_signed) {
    around_.refused(request.peer, channel_refusal::signature, is_signed.failure().message, 1);
    return is_signed.failure();
  }
  message_reader_options options;
  options.environment = settings_.environment;
  options.bytes = channel_bounds::body_bytes;
  options.messages = channel_bounds::messages;
  options.faults = channel_bounds::told_faults + 1;
  const auto batch = std::make_shared<channel_batch>();
  read_request read = message_reader(options).read(request.body);
  if (!read.faults.empty()) {
    batch->parts_.push_back({answered_of(read.faults), {}});
    around_.refused(request.peer, channel_refusal::request, "a body that is no list of messages", 1);
  } else {
    offer(batch, request, std::move(read));
  }
  return std::shared_ptr<const channel_batch>(batch);
}

void message_channel::offer(const std::shared_ptr<channel_batch>& batch, const channel_request& request,
                            read_request&& read) const {
  const std::string sender = to_string(request.peer);
  std::uint64_t faulty = 0;
  std::uint64_t foreign = 0;
  std::vector<std::pair<std::size_t, submission>> offers;
  for (const read_message& m : read.messages) {
    if (!m.message) {
      batch->parts_.push_back({answered_of(m.faults), {}});
      ++faulty;
      continue;
    }
    channel_batch::part& part = batch->parts_.emplace_back();
    part.message = answered_of(*m.message);
    if (!around_.may_submit(request.peer, m.message->consumption.mpan)) {
      part.message.outcome = message_outcome::foreign;
      ++foreign;
      continue;
    }
    for (const consumption_day& day : m.message->consumption.days)
      for (const consumption_entry& e : day.entries)
        part.ends_s.push_back(e.end_s);
    const std::string_view text = request.body.substr(m.place.offset, m.place.size);
    offers.emplace_back(batch->parts_.size() - 1, submission_of(*m.message, text, sender, request.version));
  }
  // From here on other threads may answer. Those behind one for which the gate is busy must not overtake it.
  bool busy = false;
  for (auto& [number, s] : offers) {
    const std::size_t readings = s.readings.size();
    busy = busy || !around_.gate->offer(std::move(s), [batch, at = number](std::vector<submission_answer> answers) {
      batch->answered(at, answers);
    });
    if (busy)
      batch->answered(number, std::vector<submission_answer>(readings));
  }
  if (faulty > 0)
    around_.refused(request.peer, channel_refusal::request, "messages that break the schema", faulty);
  if (foreign > 0)
    around_.refused(request.peer, channel_refusal::meters, "messages of another's meters", foreign);
}

} // namespace gridtwin
