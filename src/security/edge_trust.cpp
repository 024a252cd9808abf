#include "src/security/edge_trust.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

/// Times that files are read where the policy names others than the one before: each must have been looked at before it
/// is read, or a change in between would be missed.
constexpr int most_readings = 3;

} // namespace

result<std::unique_ptr<edge_trust>> edge_trust::open(std::string policy, wall_clock now, stamp_function stamp) {
  std::unique_ptr<edge_trust> out(new edge_trust(std::move(policy), std::move(now), std::move(stamp)));
  if (auto read = out->reload_all(); !read)
    return read.failure();
  return out;
}

result<const tls_context*> edge_trust::add_listener(tls_options options) {
  const std::lock_guard one_at_a_time(reloading_);
  options.admits = [this](const peer_identity& peer) -> result<void> {
    if (const access_decision decision = policy()->admits(peer); !decision.allowed())
      return error{errc::usage, std::string(decision.reason())};
    return {};
  };
  file_stamps stamps = stamps_of(files_of(options), stamp_); // before they are read: what changes then is noticed
  auto context = tls_context::open(std::move(options), now_);
  if (!context)
    return context.failure();
  listeners_.push_back(std::move(*context));
  watch_.was_read_too(std::move(stamps));
  return static_cast<const tls_context*>(listeners_.back().get());
}

void edge_trust::on_change(std::function<void()> tell) { tell_.push_back(std::move(tell)); }

std::shared_ptr<const access_policy> edge_trust::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

std::vector<policy_file> edge_trust::take_policy_texts() {
  const std::lock_guard lock(mutex_);
  return std::exchange(policy_texts_, {});
}

std::vector<std::string> edge_trust::files() const {
  std::vector<std::string> out = policy_files_;
  for (const auto& listener : listeners_) {
    const std::vector<std::string> more = files_of(listener->options());
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

result<void> edge_trust::reload() {
  const std::lock_guard one_at_a_time(reloading_);
  return reload_all();
}

result<void> edge_trust::reload_all() {
  looks_to_retry_ = looks_between_retries;
  if (policy_files_.empty())
    policy_files_.push_back(policy_file_);
  std::optional<access_policy> policy;
  std::vector<policy_file> texts;
  file_stamps stamps;
  for (int i = 0; i < most_readings; ++i) {
    policy.reset();
    stamps = stamps_of(files(), stamp_);
    watch_.was_read(stamps);
    texts.clear();
    auto one = read_access_policy(policy_file_, &texts);
    const bool known = std::all_of(texts.begin(), texts.end(), [this](const policy_file& file) {
      return std::find(policy_files_.begin(), policy_files_.end(), file.path) != policy_files_.end();
    });
    if (!known || one) {
      policy_files_.clear();
      for (const policy_file& file : texts)
        policy_files_.push_back(file.path);
    }
    if (!one && known)
      return one.failure();
    if (one)
      policy = std::move(*one);
    if (known)
      break;
  }
  if (!policy)
    return error{errc::unreadable_input, policy_file_ + " changes while it is read; try again"};
  const std::vector<std::string> named = files();
  std::erase_if(stamps,
                [&](const auto& one) { return std::find(named.begin(), named.end(), one.first) == named.end(); });
  watch_.was_read(std::move(stamps)); // without those that the policy names no more
  std::vector<std::shared_ptr<const tls_context::generation>> prepared;
  for (const auto& listener : listeners_) {
    auto one = listener->prepare();
    if (!one)
      return one.failure();
    prepared.push_back(std::move(*one));
  }
  auto next = std::make_shared<const access_policy>(std::move(*policy));
  {
    const std::lock_guard lock(mutex_);
    policy_.swap(next);
    policy_texts_.swap(texts);
  }
  for (std::size_t i = 0; i < prepared.size(); ++i)
    listeners_[i]->put_in_force(std::move(prepared[i]));
  looks_to_retry_ = 0;
  ask_again();
  return {};
}

std::optional<result<void>> edge_trust::look() {
  const std::lock_guard one_at_a_time(reloading_);
  const bool retry = looks_to_retry_ > 0 && --looks_to_retry_ == 0;
  if (!watch_.is_due(stamps_of(files(), stamp_)) && !retry)
    return std::nullopt;
  return reload_all();
}

void edge_trust::ask_again() const {
  for (const auto& tell : tell_)
    tell();
}

} // namespace gridtwin
