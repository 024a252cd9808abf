#include "src/client/outbox.hpp"

#include "src/wire/submit_codec.hpp"
#include "src/wire/wire_bounds.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr char state_record = 's';
constexpr char batch_record = 'b';
constexpr char answer_record = 'a';

/// Answers that a power cut may make the node give once more: they are synced together.
constexpr std::uint32_t answers_between_syncs = 64;

/// Files whose progress is kept: they must fit in one record.
constexpr std::size_t sources_limit = 20'000;
static_assert(sources_limit * (sizeof(digest) + 8) + 64 <= record_bytes_limit);

constexpr const char* batches_name = "outbox.log";
constexpr const char* answers_name = "answers.log";

bool take_digest(std::string_view& bytes, digest& out) {
  if (bytes.size() < out.size())
    return false;
  std::copy_n(bytes.begin(), out.size(), reinterpret_cast<char*>(out.data()));
  bytes.remove_prefix(out.size());
  return true;
}

} // namespace

result<std::unique_ptr<outbox>> outbox::open(const std::filesystem::path& folder) {
  auto lock = lock_outbox(folder);
  if (!lock)
    return lock.failure();
  std::unique_ptr<outbox> out(new outbox(std::move(*lock), folder));
  if (auto recovered = out->recover(); !recovered)
    return recovered.failure();
  return out;
}

result<void> outbox::recover() {
  auto batches = record_file::open(folder_ / batches_name, [this](std::string_view payload, record_place place) {
    return payload.front() == state_record   ? recover_state(payload.substr(1))
           : payload.front() == batch_record ? recover_batch(payload.substr(1), place)
                                             : false;
  });
  if (!batches)
    return batches.failure();
  batches_file_.emplace(std::move(*batches));
  auto answers = record_file::open(folder_ / answers_name, [this](std::string_view payload, record_place) {
    return payload.front() == answer_record && recover_answer(payload.substr(1));
  });
  if (!answers)
    return answers.failure();
  answers_file_.emplace(std::move(*answers));
  return batches_.empty() ? begin_anew() : result<void>();
}

bool outbox::recover_state(std::string_view payload) {
  bool good = true;
  next_batch_ = take_number(payload, good);
  next_number_ = take_number(payload, good);
  while (good && !payload.empty()) {
    source_key source;
    if (!take_digest(payload, source))
      return false;
    taken_[source] = take_number(payload, good);
  }
  return good;
}

bool outbox::recover_batch(std::string_view payload, record_place place) {
  bool good = true;
  const std::uint64_t batch = take_number(payload, good);
  const std::uint64_t first_number = take_number(payload, good);
  const auto readings = static_cast<std::uint32_t>(take_number(payload, good));
  source_key source;
  if (!take_digest(payload, source))
    return false;
  const std::uint64_t taken = take_number(payload, good);
  if (!good || readings == 0 || batch != next_batch_ || first_number != next_number_)
    return false;
  taken_[source] = taken;
  next_batch_ = batch + 1;
  next_number_ = first_number + readings;
  batches_[batch] = {place, first_number, readings, readings, {{0, readings}}};
  unanswered_ += readings;
  return true;
}

bool outbox::recover_answer(std::string_view payload) {
  bool good = true;
  const std::uint64_t batch = take_number(payload, good);
  while (good && !payload.empty()) {
    const auto first = static_cast<std::uint32_t>(take_number(payload, good));
    const auto count = static_cast<std::uint32_t>(take_number(payload, good));
    const auto at = batches_.find(batch);
    if (good && at != batches_.end())
      cross_off(at, {first, count});
  }
  return good;
}

std::uint64_t outbox::taken_of(const source_key& source) const {
  const std::lock_guard lock(mutex_);
  const auto at = taken_.find(source);
  return at == taken_.end() ? 0 : at->second;
}

result<void> outbox::append(const source_key& source, std::uint64_t taken,
                            std::span<const submitted_reading> readings) {
  // Only this thread changes the next numbers.
  if (taken_.size() >= sources_limit && taken_of(source) == 0)
    return error{errc::store_failed,
                 folder_.string() + " has come to know " + std::to_string(sources_limit) + " files: begin another one"};
  std::string payload(1, batch_record);
  put_number(payload, next_batch_);
  put_number(payload, next_number_);
  put_number(payload, readings.size());
  payload += bytes_of(source);
  put_number(payload, taken);
  encode_submit(readings, next_number_, payload);
  const auto place = batches_file_->append(payload);
  if (!place)
    return place.failure();
  if (auto synced = batches_file_->sync(); !synced)
    return synced.failure();
  const auto count = static_cast<std::uint32_t>(readings.size());
  const std::lock_guard lock(mutex_);
  batches_[next_batch_] = {*place, next_number_, count, count, {{0, count}}};
  next_batch_ += 1;
  next_number_ += count;
  unanswered_ += count;
  taken_[source] = taken;
  return {};
}

void outbox::close_intake() {
  const std::lock_guard lock(mutex_);
  intake_open_ = false;
}

result<std::optional<parcel>> outbox::next() {
  constexpr std::size_t batch_header = 1 + 3 * 8 + sizeof(digest) + 8;
  parcel p;
  record_place place;
  std::uint64_t first_number = 0;
  std::uint32_t readings = 0;
  {
    const std::lock_guard lock(mutex_);
    auto at = batches_.lower_bound(first_to_send_);
    while (at != batches_.end() && at->second.to_send.empty())
      ++at;
    first_to_send_ = at == batches_.end() ? next_batch_ : at->first;
    if (at == batches_.end())
      return std::optional<parcel>();
    batch_entry& b = at->second;
    p.batch = at->first;
    p.first = b.to_send.front().first;
    p.count = b.to_send.front().count;
    b.to_send.erase(b.to_send.begin());
    place = b.body;
    first_number = b.first_number;
    readings = b.readings;
  }
  auto payload = batches_file_->read(place);
  if (!payload)
    return payload.failure();
  payload->erase(0, batch_header);
  if (p.count == readings) {
    p.body = std::move(*payload);
    return std::optional(std::move(p));
  }
  submitted_batch whole;
  if (decode_submit(*payload, whole) != submit_fault::none || whole.readings.size() != readings)
    return error{errc::store_failed, (folder_ / batches_name).string() + " holds a batch that cannot be read"};
  encode_submit(std::span(whole.readings).subspan(p.first, p.count), first_number + p.first, p.body);
  return std::optional(std::move(p));
}

void outbox::cross_off(std::map<std::uint64_t, batch_entry>::iterator at, stretch part) {
  batch_entry& b = at->second;
  std::vector<stretch> left;
  std::uint32_t count = 0;
  for (const stretch& s : b.to_send) {
    const std::uint32_t begin = std::max(s.first, part.first);
    const std::uint32_t end = std::min(s.first + s.count, part.first + part.count);
    if (begin >= end) {
      left.push_back(s);
      continue;
    }
    count += end - begin;
    if (s.first < begin)
      left.push_back({s.first, begin - s.first});
    if (end < s.first + s.count)
      left.push_back({end, s.first + s.count - end});
  }
  b.to_send = std::move(left);
  b.unanswered -= count;
  unanswered_ -= count;
  if (b.unanswered == 0)
    batches_.erase(at);
}

result<void> outbox::answered(const parcel& p, const answer_message& answer) {
  std::vector<stretch> final_ones;
  std::vector<stretch> again;
  std::uint32_t at = p.first;
  for (const answer_run& r : answer.runs) {
    std::vector<stretch>& to = is_final(r.answer.outcome) ? final_ones : again;
    if (!to.empty() && to.back().first + to.back().count == at)
      to.back().count += r.count;
    else
      to.push_back({at, r.count});
    at += r.count;
  }
  if (!final_ones.empty()) {
    std::string payload(1, answer_record);
    put_number(payload, p.batch);
    for (const stretch& s : final_ones) {
      put_number(payload, s.first);
      put_number(payload, s.count);
    }
    if (auto appended = answers_file_->append(payload); !appended)
      return appended.failure();
    if (++unsynced_ >= answers_between_syncs) {
      unsynced_ = 0;
      if (auto synced = answers_file_->sync(); !synced)
        return synced.failure();
    }
  }
  const std::lock_guard lock(mutex_);
  const auto b = batches_.find(p.batch);
  if (b == batches_.end())
    return {};
  b->second.to_send.insert(b->second.to_send.begin(), again.begin(), again.end());
  if (!again.empty())
    first_to_send_ = std::min(first_to_send_, p.batch);
  std::uint32_t count = 0;
  for (const stretch& s : final_ones)
    count += s.count;
  b->second.unanswered -= count;
  unanswered_ -= count;
  if (b->second.unanswered == 0)
    batches_.erase(b);
  return {};
}

void outbox::give_back(const parcel& p) {
  const std::lock_guard lock(mutex_);
  const auto b = batches_.find(p.batch);
  if (b == batches_.end())
    return;
  b->second.to_send.insert(b->second.to_send.begin(), stretch{p.first, p.count});
  first_to_send_ = std::min(first_to_send_, p.batch);
}

bool outbox::done() {
  const std::lock_guard lock(mutex_);
  return !intake_open_ && unanswered_ == 0;
}

result<void> outbox::settle() {
  if (auto synced = answers_file_->sync(); !synced)
    return synced.failure();
  unsynced_ = 0;
  const std::lock_guard lock(mutex_);
  return batches_.empty() ? begin_anew() : result<void>();
}

/// The new file of batches stands before the answers go: those of batches that it does not have mean nothing.
result<void> outbox::begin_anew() {
  std::string payload(1, state_record);
  put_number(payload, next_batch_);
  put_number(payload, next_number_);
  for (const auto& [source, taken] : taken_) {
    payload += bytes_of(source);
    put_number(payload, taken);
  }
  const std::filesystem::path path = folder_ / batches_name;
  if (auto written = write_record_file(path, payload); !written)
    return written.failure();
  auto opened = record_file::open(path, [](std::string_view, record_place) { return true; });
  if (!opened)
    return opened.failure();
  batches_file_.emplace(std::move(*opened));
  return answers_file_->clear();
}

std::uint64_t outbox::unanswered() const {
  const std::lock_guard lock(mutex_);
  return unanswered_;
}

std::uint64_t outbox::next_number() const {
  const std::lock_guard lock(mutex_);
  return next_number_;
}

} // namespace gridtwin
