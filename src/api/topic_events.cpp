#include "src/api/topic_events.hpp"

#include "src/api/api_bounds.hpp"
#include "src/api/event_position.hpp"
#include "src/api/http_answers.hpp"
#include "src/api/topic_source.hpp"
#include "twins/period.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace gridtwin {

namespace {

constexpr std::string_view event_stream_type = "text/event-stream";

/// Where a reader begins, and how it wants to be answered.
struct event_query {
  access_topic topic = access_topic::reading;
  const topic_source* source = nullptr;
  event_position from;
  scan_limits limits{std::nullopt, api_bounds::page_events, api_bounds::scanned_events, std::nullopt,
                     api_bounds::page_bytes};
  std::int64_t wait_s = 0;
  bool streams = false;
};
using query_or_refusal = std::variant<event_query, http_response>;

std::optional<std::int64_t> number_of(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t out = 0;
  const auto [end, failed_at] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed_at != std::errc() || end != text.data() + text.size() || out < least || out > most)
    return std::nullopt;
  return out;
}

/// What reads on for one reader.
class event_reader {
public:
  event_reader(std::shared_ptr<api_parts> parts, peer_identity peer, event_query query)
    : parts_(std::move(parts)), rights_(parts_->policy, std::move(peer)), topic_(query.topic), source_(query.source),
      position_(query.from), limits_(query.limits) {}

  const event_position& position() const noexcept { return position_; }
  const api_parts& parts() const noexcept { return *parts_; }
  access_topic topic() const noexcept { return topic_; }

  /// Whether it may still read at all.
  bool is_welcome() const { return rights_.opens(access_operation::read, topic_); }

  /// Whether something may have come since it last was at the end.
  bool has_news() {
    const auto now = parts_->store->generation();
    const bool news = !now || !at_end_ || *now != generation_ || !source_->is_in_store();
    next_generation_ = now ? *now : 0;
    return news;
  }

  /// Hands what it may see of what comes next to `show`, as JSON.
  result<scan_outcome> read(const show_event& show) {
    // Taken before the store is looked at, so that nothing comes between.
    generation_ = next_generation_;
    auto out =
      parts_->store->with([&](opened_store& store) { return source_->read(store, rights_, position_, limits_, show); });
    at_end_ = out && out->at_end;
    return out;
  }

private:
  std::shared_ptr<api_parts> parts_;
  reader_rights rights_;
  access_topic topic_;
  const topic_source* source_;
  event_position position_;
  scan_limits limits_;
  bool at_end_ = false;
  std::int64_t generation_ = 0;
  std::int64_t next_generation_ = 0;
};

/// A page, or nothing while there is none and time is left.
std::optional<http_response> page_of(event_reader& reader, std::int64_t until_us) {
  if (!reader.is_welcome())
    return not_found();
  const bool late = reader.parts().now_us() >= until_us;
  if (!reader.has_news() && !late)
    return std::nullopt;
  std::string lines;
  const auto read = reader.read([&](std::string_view json) { (lines += json) += '\n'; });
  if (!read)
    return failed();
  if (read->events == 0 && !late)
    return std::nullopt;
  http_response out = answer_of(200, json_lines_type, std::move(lines));
  out.fields.emplace_back("Gridtwin-Position", to_string(reader.position()));
  out.fields.emplace_back("Gridtwin-At-End", read->at_end ? "true" : "false");
  return out;
}

/// Server-sent events, for as long as the client stays and may. The last event of each piece has an `id`, from which
/// the client goes on; a piece of which it may see nothing has the `id` alone.
class event_stream final : public http_body {
public:
  explicit event_stream(event_reader reader) : reader_(std::move(reader)), last_us_(reader_.parts().now_us()) {}

  state next(std::string& out) override {
    if (!reader_.is_welcome())
      return state::broken;
    const std::int64_t now_us = reader_.parts().now_us();
    if (!reader_.has_news())
      return wait(now_us, out);
    const event_position before = reader_.position();
    std::size_t shown = 0;
    const auto read = reader_.read([&](std::string_view json) {
      if (shown++ != 0)
        out += '\n'; // ends the event before, which has no id
      (((out += "event: ") += name_of(reader_.topic())) += "\ndata: ") += json;
      out += '\n';
    });
    if (!read)
      return state::broken;
    if (reader_.position() == before)
      return wait(now_us, out);
    ((out += "id: ") += to_string(reader_.position())) += "\n\n";
    last_us_ = now_us;
    return read->at_end ? state::later : state::more;
  }

private:
  /// Says now and then that it is there: only what is sent shows that the client is.
  state wait(std::int64_t now_us, std::string& out) {
    if (now_us - last_us_ >= api_bounds::heartbeat_us) {
      out += ": \n\n";
      last_us_ = now_us;
    }
    return state::later;
  }

  event_reader reader_;
  std::int64_t last_us_;
};

/// Where to begin: what the client names, or the position of a pointer of its own.
result<std::optional<event_position>> beginning(api_parts& parts, const http_request& request,
                                                const http_target& target, const event_query& query) {
  const auto after = target.parameter("after");
  if (const std::string_view last = request.last_event_id; !last.empty()) {
    auto at = parse_event_position(last);
    return at ? result<std::optional<event_position>>(*at) : at.failure();
  }
  if (const auto name = target.parameter("pointer")) {
    const auto kept = parts.pointers->find(to_string(request.peer), std::string(*name));
    if (!kept)
      return kept.failure();
    if (!*kept || (*kept)->topic != name_of(query.topic))
      return std::optional<event_position>();
    auto at = parse_event_position((*kept)->position);
    return at ? result<std::optional<event_position>>(*at) : at.failure();
  }
  if (const auto time = target.parameter("from_time")) {
    const auto instant = parse_instant(*time);
    if (!instant)
      return error{errc::usage, "from_time must be a time as 2026-03-01T00:30:00Z"};
    auto at = parts.store->with([&](opened_store& store) { return query.source->position_before(store, *instant); });
    return at ? result<std::optional<event_position>>(*at) : at.failure();
  }
  auto at = parse_event_position(after.value_or(""));
  return at ? result<std::optional<event_position>>(*at) : at.failure();
}

query_or_refusal query_of(api_parts& parts, const http_request& request, const http_target& target, access_topic topic,
                          const topic_source& source) {
  if (auto unknown = unknown_parameter(target, {"after", "from_time", "pointer", "shard", "limit", "wait"}))
    return std::move(*unknown);
  event_query out;
  out.topic = topic;
  out.source = &source;
  out.streams = request.accept.find(event_stream_type) != std::string::npos;
  out.limits.events = out.streams ? api_bounds::piece_events : api_bounds::page_events;
  const auto given = [&](std::string_view name) { return target.parameter(name) ? 1 : 0; };
  if (given("after") + given("from_time") + given("pointer") > 1)
    return refusal_of(400, "of after, from_time and pointer one says where to begin");
  if (out.streams && given("limit") + given("wait") > 0)
    return refusal_of(400, "limit and wait are of pages: a stream goes on and waits by itself");
  if (const auto text = target.parameter("shard")) {
    const auto shard = number_of(*text, 0, shard_count - 1);
    if (!shard)
      return refusal_of(400, "shard must be a number from 0 to " + std::to_string(shard_count - 1));
    out.limits.shard = static_cast<std::uint32_t>(*shard);
  }
  if (const auto text = target.parameter("limit")) {
    const auto limit = number_of(*text, 1, api_bounds::most_page_events);
    if (!limit)
      return refusal_of(400, "limit must be a number from 1 to " + std::to_string(api_bounds::most_page_events));
    out.limits.events = static_cast<std::size_t>(*limit);
  }
  if (const auto text = target.parameter("wait")) {
    const auto wait = number_of(*text, 0, api_bounds::longest_wait_s);
    if (!wait)
      return refusal_of(400, "wait must be seconds from 0 to " + std::to_string(api_bounds::longest_wait_s));
    out.wait_s = *wait;
  }
  const auto from = beginning(parts, request, target, out);
  if (!from)
    return from.failure().code == errc::usage ? refusal_of(400, from.failure().message) : failed();
  if (!*from)
    return not_found();
  out.from = **from;
  const auto durable = parts.store->with([&](opened_store& store) { return source.is_durable(store, out.from); });
  if (!durable)
    return failed();
  if (!*durable)
    return refusal_of(409, "the position lies beyond what is durable here: it is not one of this node's");
  return out;
}

} // namespace

http_response topic_events(const std::shared_ptr<api_parts>& parts, const http_request& request,
                           const http_target& target, access_topic topic) {
  const topic_source* const source = source_of(topic);
  if (source == nullptr || !reader_rights(parts->policy, request.peer).opens(access_operation::read, topic))
    return not_found();
  if (request.method != "GET")
    return wrong_method("GET");
  query_or_refusal asked = query_of(*parts, request, target, topic, *source);
  if (auto* const refused = std::get_if<http_response>(&asked))
    return std::move(*refused);
  const event_query& query = std::get<event_query>(asked);
  event_reader reader(parts, request.peer, query);
  http_response out;
  if (query.streams) {
    out.content_type = event_stream_type;
    out.stream = std::make_unique<event_stream>(std::move(reader));
    return out;
  }
  const std::int64_t until_us = parts->now_us() + query.wait_s * 1'000'000;
  const auto waiting = std::make_shared<event_reader>(std::move(reader));
  if (auto page = page_of(*waiting, until_us))
    return std::move(*page);
  out.later = [waiting, until_us] { return page_of(*waiting, until_us); };
  return out;
}

} // namespace gridtwin
