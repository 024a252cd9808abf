#include "src/node/acknowledged_alarms.hpp"

#include "config/printable_text.hpp"
#include "src/store/store_folder.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace gridtwin {

namespace {

constexpr std::string_view act = "acknowledge-alarm";
constexpr std::string_view before_event = "event ";
constexpr std::size_t events_at_once = 256;

std::int64_t number_in(std::string_view text) noexcept {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// The last event of the book that the store's audit trail has.
result<std::int64_t> told_until(const std::filesystem::path& store) {
  const auto folder = store_folder::for_reading(store);
  if (!folder)
    return folder.failure();
  auto database = folder->connect_reader();
  if (!database)
    return database.failure();
  const auto last = last_act(*database, act);
  if (!last)
    return last.failure();
  const std::string_view detail = *last ? std::string_view((*last)->detail) : std::string_view();
  return detail.starts_with(before_event) ? number_in(detail.substr(before_event.size())) : 0;
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

result<void> acknowledged_alarms::look() {
  if (!book_) {
    auto opened = alarm_book::open_existing(store_);
    if (!opened)
      return opened.failure();
    if (!*opened)
      return {};
    book_ = std::move(*opened);
  }
  if (!seen_) {
    const auto told = told_until(store_);
    if (!told)
      return told.failure();
    seen_ = *told;
  }
  for (;;) {
    const auto events = book_->events_after(*seen_, events_at_once);
    if (!events)
      return events.failure();
    for (const alarm_event& e : *events) {
      if (e.what == "acknowledged") {
        const auto id = alarm_of(e);
        if (!id)
          return id.failure();
        const auto alarm = book_->find(*id);
        if (!alarm)
          return alarm.failure();
        if (!*alarm || !(*alarm)->acknowledged)
          return error{errc::store_unusable, "the book of alarms lacks alarm " + std::to_string(*id)};
        const acknowledgement& by = *(*alarm)->acknowledged;
        audit_->did_at(by.at_s, printable(by.who, audit_bounds::longest_who), std::string(act),
                       "alarm " + std::to_string(*id),
                       std::string(before_event) + std::to_string(e.id)
                         + (by.why.empty() ? "" : ": " + printable(by.why, longest_audit_text / 8)));
      }
      seen_ = e.id;
    }
    if (events->size() < events_at_once)
      return {};
  }
}

} // namespace gridtwin
