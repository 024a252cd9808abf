#include "src/node/acknowledged_alarms.hpp"

#include "config/printable_text.hpp"
#include "src/store/store_folder.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view act = "acknowledge-alarm";
constexpr std::size_t events_at_once = 256;

std::int64_t number_in(std::string_view text) noexcept {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

result<std::int64_t> alarm_of(const alarm_event& event) {
  const auto members = alarm_members(event.body);
  if (!members)
    return members.failure();
  for (const auto& [name, value] : *members)
    if (name == "alarm")
      return number_in(value);
  return error{errc::store_unusable, "an event of the book of alarms does not say of which alarm it is"};
}

} // namespace

result<std::set<acknowledged_alarms::recorded>> acknowledged_alarms::recorded_in(const std::filesystem::path& store) {
  const auto folder = store_folder::for_reading(store);
  if (!folder)
    return folder.failure();
  auto database = folder->connect_reader();
  if (!database)
    return database.failure();
  auto acts = acts_of(*database, act);
  if (!acts)
    return acts.failure();
  std::set<recorded> out;
  for (audit_event& one : *acts)
    out.emplace(std::move(one.subject), one.at_s, std::move(one.who));
  return out;
}

result<void> acknowledged_alarms::look() {
  if (!book_) {
    auto opened = alarm_book::open_existing(store_);
    if (!opened)
      return opened.failure();
    if (!*opened)
      return {};
    book_ = std::move(*opened);
  }
  if (!compared_ && !recorded_) {
    auto has = recorded_in(store_);
    if (!has)
      return has.failure();
    recorded_ = std::move(*has);
  }
  for (bool more = true; more;) {
    const auto events = book_->events_after(seen_, events_at_once);
    if (!events)
      return events.failure();
    for (const alarm_event& e : *events) {
      if (e.what == "acknowledged")
        if (const auto told = tell(e); !told)
          return told;
      seen_ = e.id;
    }
    more = events->size() == events_at_once;
  }
  compared_ = true;
  recorded_.reset();
  return {};
}

result<void> acknowledged_alarms::tell(const alarm_event& event) {
  const auto id = alarm_of(event);
  if (!id)
    return id.failure();
  const auto alarm = book_->find(*id);
  if (!alarm)
    return alarm.failure();
  if (!*alarm || !(*alarm)->acknowledged)
    return error{errc::store_unusable, "the book of alarms lacks alarm " + std::to_string(*id)};
  const acknowledgement& by = *(*alarm)->acknowledged;
  std::string who = printable(by.who, audit_bounds::longest_who);
  std::string subject = "alarm " + std::to_string(*id);
  if (!recorded_ || !recorded_->contains({subject, by.at_s, who}))
    audit_->did_at(by.at_s, std::move(who), std::string(act), std::move(subject),
                   printable(by.why, longest_audit_text / 8));
  return {};
}

} // namespace gridtwin
