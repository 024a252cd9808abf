#include "src/gate/audit_trail.hpp"

#include "config/printable_text.hpp"
#include "twins/hash.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view others = "others";

audit_event event_of(refused_act act, const std::string& who, const std::string& reason, std::uint64_t count,
                     std::int64_t first_s, std::int64_t last_s) {
  std::string detail = reason;
  if (count > 1)
    detail += (detail.empty() ? "" : "; ") + std::to_string(count) + " times since " + format_instant(first_s);
  return {last_s, who, std::string(name_of(act)), "", std::move(detail)};
}

} // namespace

std::string_view name_of(refused_act act) noexcept {
  static constexpr std::array<std::string_view, refused_act_count> names{
    "refuse-connection", "refuse-identity", "end-session", "refuse-meters", "refuse-request"};
  const auto at = static_cast<std::size_t>(act);
  return at < names.size() ? names[at] : std::string_view();
}

audit_trail::key audit_trail::others_of(refused_act act) { return {act, std::string(others), {}}; }

void audit_trail::refused(refusal what) {
  const std::int64_t now = now_s_();
  key who{what.act, printable(what.who, audit_bounds::longest_who),
          printable(what.reason, audit_bounds::longest_reason)};
  const std::lock_guard lock(mutex_);
  if (!refusals_.contains(who)) {
    std::size_t& peers = peers_[static_cast<std::size_t>(what.act)];
    if (peers >= audit_bounds::peers)
      who = others_of(what.act);
    else
      ++peers;
  }
  add(std::move(who), what.count, now, now);
}

void audit_trail::add(key who, std::uint64_t count, std::int64_t first_s, std::int64_t last_s) {
  repeats& of = refusals_[std::move(who)];
  if (of.count == 0)
    of.first_s = first_s;
  of.first_s = std::min(of.first_s, first_s);
  of.last_s = std::max(of.last_s, last_s);
  of.count += count;
}

void audit_trail::did(std::string who, std::string act, std::string subject, std::string detail) {
  did_at(now_s_(), std::move(who), std::move(act), std::move(subject), std::move(detail));
}

void audit_trail::did_at(std::int64_t at_s, std::string who, std::string act, std::string subject, std::string detail) {
  put({at_s, std::move(who), std::move(act), std::move(subject), std::move(detail)});
}

void audit_trail::uses(std::string_view act, std::string subject, std::string text) {
  // Of files that a policy names there are several, of all else one thing is gone by at a time.
  std::string what(act);
  if (act == use_policy_file_act)
    (what += ' ') += subject;
  const digest hash = sha256(text);
  {
    const std::lock_guard lock(mutex_);
    std::pair<std::string, digest>& now = used_[what];
    if (now == std::pair(subject, hash))
      return; // told already: what does not change is read again often, and may be long
    now = {subject, hash};
  }
  put({now_s_(), "gridtwin", std::string(act), std::move(subject), {}, std::move(text)});
}

void audit_trail::put(audit_event event) {
  for (std::string* text : {&event.who, &event.act, &event.subject, &event.detail})
    if (text->size() > longest_audit_text)
      text->resize(longest_audit_text);
  const std::lock_guard lock(mutex_);
  acts_.push_back(std::move(event));
}

std::vector<audit_event> audit_trail::take() { return take(false); }
std::vector<audit_event> audit_trail::take_all() { return take(true); }

std::vector<audit_event> audit_trail::take(bool all) {
  const std::int64_t now = now_s_();
  std::vector<audit_event> acts;
  std::vector<audit_event> refusals;
  {
    const std::lock_guard lock(mutex_);
    acts.swap(acts_);
    refusals = due_refusals(now, all);
  }
  std::stable_sort(refusals.begin(), refusals.end(), [](const auto& a, const auto& b) { return a.at_s < b.at_s; });
  // Acts stay in their order whatever the clock did, for what was done last holds.
  std::vector<audit_event> out;
  auto act = acts.begin();
  for (audit_event& one : refusals) {
    for (; act != acts.end() && act->at_s <= one.at_s; ++act)
      out.push_back(std::move(*act));
    if (tell_)
      tell_(one);
    out.push_back(std::move(one));
  }
  out.insert(out.end(), std::make_move_iterator(act), std::make_move_iterator(acts.end()));
  return out;
}

std::vector<audit_event> audit_trail::due_refusals(std::int64_t now, bool all) {
  if (const std::int64_t day = now / seconds_per_day; day != day_) {
    day_ = day;
    told_today_.fill(0);
  }
  std::vector<audit_event> out;
  const auto is_due = [&](const repeats& of) { return !of.told || all || now - of.told_s >= audit_bounds::repeat_s; };
  // Those that the day has no room for are put together first, so that they are told below.
  std::vector<std::pair<key, repeats>> too_many;
  for (auto at = refusals_.begin(); at != refusals_.end();) {
    const std::size_t act = static_cast<std::size_t>(at->first.act);
    const bool alone = at->first != others_of(at->first.act);
    if (!alone || !is_due(at->second)) {
      ++at;
      continue;
    }
    if (at->second.count > 0 && told_today_[act] >= audit_bounds::a_day) {
      too_many.emplace_back(*at);
    } else if (at->second.count > 0) {
      ++told_today_[act];
      out.push_back(event_of(at->first.act, at->first.who, at->first.reason, at->second.count, at->second.first_s,
                             at->second.last_s));
      at->second = {0, 0, 0, now, true};
      ++at;
      continue;
    }
    --peers_[act]; // nothing for an hour, or counted with the others
    at = refusals_.erase(at);
  }
  for (const auto& [who, of] : too_many)
    add(others_of(who.act), of.count, of.first_s, of.last_s);
  for (auto& [who, of] : refusals_)
    if (who == others_of(who.act) && of.count > 0 && is_due(of)) {
      out.push_back(event_of(who.act, who.who, who.reason, of.count, of.first_s, of.last_s));
      of = {0, 0, 0, now, true};
    }
  return out;
}

} // namespace gridtwin
