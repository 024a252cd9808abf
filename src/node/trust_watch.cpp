#include "src/node/trust_watch.hpp"

#include "config/printable_text.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::chrono::seconds between_looks{1};
constexpr int looks_between_questions = 60;

} // namespace

trust_watch::trust_watch(edge_trust& trust, audit_trail& audit, std::function<bool()> asked, node_log& log)
  : trust_(trust), audit_(audit), asked_(std::move(asked)), log_(log),
    thread_(repeating_thread::first::after_a_pause, between_looks, [this] { look(); }) {}

void trust_watch::look() {
  if (asked_())
    done(trust_.reload(), true);
  else if (const auto reloaded = trust_.look())
    done(*reloaded, false);
  if (++looks_ % looks_between_questions == 0)
    trust_.ask_again();
}

void trust_watch::tell_policy() {
  const std::lock_guard lock(telling_);
  std::string_view act = use_policy_act;
  for (policy_file& file : trust_.take_policy_texts()) {
    audit_.uses(act, std::move(file.path), std::move(file.text));
    act = use_policy_file_act; // the policy comes first
  }
}

void trust_watch::done(const result<void>& reloaded, bool was_asked) {
  const std::string why = was_asked ? "it was asked for" : "files have changed";
  if (reloaded) {
    failure_.clear();
    log_.tell("reload", "certificates, lists and policy were read again: " + why, {{"why", why}});
    audit_.did("gridtwin", "reload", "certificates, lists and policy", why);
    tell_policy();
    return;
  }
  const std::string failure = printable(reloaded.failure().message, reloaded.failure().message.size());
  if (std::exchange(failure_, failure) == failure && !was_asked)
    return;
  log_.tell("reload-failed", "certificates, lists and policy stay as they were: " + failure, {{"why", failure}});
  audit_.did("gridtwin", "reload-failed", "certificates, lists and policy", failure);
}

} // namespace gridtwin
