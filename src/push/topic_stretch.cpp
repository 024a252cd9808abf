#include "src/push/topic_stretch.hpp"

#include "config/printable_text.hpp"
#include "src/push/push_bounds.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::size_t usual_event_bytes = 300;
constexpr std::size_t correlation_digits = 32;

/// The same each time that the same stretch is offered.
std::string correlation_of(const stretch_names& names, const std::string& after, const std::string& position) {
  std::string text = names.webhook;
  ((((text += ';') += name_of(names.topic)) += ';') += after) += ';';
  ((text += position) += ';') += std::to_string(names.letter);
  return to_hex(sha256(text)).substr(0, correlation_digits);
}

} // namespace

/// One look; how many of the events would fit, which are all or fewer.
result<std::size_t> stretch_reader::read_once(opened_store& store, const stretch_limits& limits, topic_stretch& out) {
  std::vector<std::size_t> sizes;
  std::string events;
  const auto show = [&](std::string_view json) {
    events += sizes.empty() ? "\n" : ",\n";
    events += json;
    sizes.push_back(json.size() + 2);
  };
  out.position = out.after;
  out.at_end = false;
  std::optional<drain_window> window;
  if (limits.window != nullptr)
    window = *limits.window;
  std::size_t looked_at = 0;
  for (std::size_t windows = 0; windows < push_bounds::windows_at_once && sizes.size() < limits.events
                                && looked_at < push_bounds::scanned_events;
       ++windows) {
    auto until =
      window ? window->until(store.database(), out.position) : result<std::optional<event_position>>(limits.until);
    if (!until)
      return until.failure();
    const auto read = source_->read(
      store, rights_, out.position,
      {std::nullopt, limits.events - sizes.size(), push_bounds::scanned_events - looked_at, *until}, show);
    if (!read)
      return read.failure();
    looked_at += read->looked_at;
    if (!read->at_end)
      break;
    if (*until)
      out.position = later_of(out.position, **until);
    out.at_end = !window || !*until;
    if (out.at_end)
      break;
  }
  out.events = sizes.size();
  out.body.clear();
  if (sizes.empty())
    return sizes.size();
  const std::string after = to_string(out.after);
  const std::string position = to_string(out.position);
  out.correlation = correlation_of(names_, after, position);
  out.body = "{\"webhook\":" + json_string(names_.webhook) + ",\"topic\":\"" + std::string(name_of(names_.topic))
             + "\",\"correlation\":\"" + out.correlation + "\",\"replay\":" + (names_.letter != 0 ? "true" : "false")
             + ",\"after\":\"" + after + "\",\"position\":\"" + position + "\",\"events\":[";
  const std::size_t around = out.body.size() + 4;
  (out.body += events) += "\n]}\n";
  bytes_of_event_ = events.size() / sizes.size() + 1;
  std::size_t fitting = 0;
  for (std::size_t bytes = around; fitting < sizes.size() && (bytes += sizes[fitting]) <= limits.bytes;)
    ++fitting;
  return fitting;
}

result<topic_stretch> stretch_reader::read(opened_store& store, const event_position& after,
                                           const stretch_limits& limits, std::int64_t letter) {
  topic_stretch out;
  out.after = after;
  names_.letter = letter;
  const std::size_t about = limits.bytes / (bytes_of_event_ != 0 ? bytes_of_event_ : usual_event_bytes);
  stretch_limits now = limits;
  now.events = std::clamp<std::size_t>(about, 1, limits.events);
  // A position says where the last event ends, so what does not fit is not cut off but read again with fewer.
  for (;;) {
    const auto fitting = read_once(store, now, out);
    if (!fitting)
      return fitting.failure();
    if (*fitting == out.events)
      return out;
    if (out.events == 1) {
      out.too_long = true;
      return out;
    }
    now.events = std::clamp<std::size_t>(*fitting, 1, out.events - 1);
  }
}

} // namespace gridtwin
