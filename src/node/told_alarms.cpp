#include "src/node/told_alarms.hpp"

#include <charconv>
#include <string>
#include <string_view>

namespace gridtwin {

namespace {

/// A JSON string without the marks around it; empty for null, and for one with escapes, which must not be taken for
/// another's name.
std::string text_of(std::string_view json) {
  return json.size() < 2 || json.find('\\') != std::string_view::npos || json.front() != '"'
           ? std::string()
           : std::string(json.substr(1, json.size() - 2));
}

} // namespace

result<alarm_book*> told_alarms::book() {
  if (!book_) {
    auto opened = alarm_book::open_existing(store_);
    if (!opened)
      return opened.failure();
    book_ = std::move(*opened);
  }
  return book_ ? &*book_ : nullptr;
}

result<std::vector<told_alarm>> told_alarms::after(std::int64_t number, std::size_t most) {
  const std::lock_guard lock(mutex_);
  const auto opened = book();
  if (!opened)
    return opened.failure();
  std::vector<told_alarm> out;
  if (*opened == nullptr)
    return out;
  const auto events = (*opened)->events_after(number, most);
  if (!events)
    return events.failure();
  for (const alarm_event& e : *events) {
    auto members = alarm_members(e.body);
    if (!members)
      return members.failure();
    told_alarm told;
    told.record = record_id::of(0, e.id);
    told.at_s = e.at_s;
    told.what = e.what;
    told.members = std::move(*members);
    for (const auto& [name, value] : told.members) {
      if (name == "transformer_id")
        told.transformer = text_of(value);
      else if (name == "mpan")
        told.mpan = text_of(value);
      else if (name == "meters_reported")
        std::from_chars(value.data(), value.data() + value.size(), told.reported);
    }
    out.push_back(std::move(told));
  }
  return out;
}

result<std::int64_t> told_alarms::last() {
  const std::lock_guard lock(mutex_);
  const auto opened = book();
  if (!opened)
    return opened.failure();
  return *opened == nullptr ? result<std::int64_t>(0) : (*opened)->last_event();
}

result<std::int64_t> told_alarms::before(std::int64_t at_s) {
  const std::lock_guard lock(mutex_);
  const auto opened = book();
  if (!opened)
    return opened.failure();
  return *opened == nullptr ? result<std::int64_t>(0) : (*opened)->last_event_before(at_s);
}

} // namespace gridtwin
