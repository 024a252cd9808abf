#include "src/api/event_json.hpp"

#include "config/printable_text.hpp"

namespace gridtwin {

namespace {

class json_object {
public:
  explicit json_object(std::string& out) : out_(&out) { out += '{'; }
  void end() { *out_ += '}'; }

  void number(std::string_view name, std::int64_t value) {
    key(name);
    *out_ += std::to_string(value);
  }
  /// `value` needs no escapes.
  void word(std::string_view name, std::string_view value) {
    key(name);
    ((*out_ += '"') += value) += '"';
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    *out_ += json_string(value);
  }
  void nothing(std::string_view name) {
    key(name);
    *out_ += "null";
  }

private:
  void key(std::string_view name) {
    *out_ += first_ ? "\"" : ",\"";
    first_ = false;
    (*out_ += name) += "\":";
  }

  std::string* out_;
  bool first_ = true;
};

} // namespace

void append_event_json(const reading_event& event, const field_set& hidden, std::string& out) {
  using enum access_field;
  const auto shows = [&](access_field field) { return !hidden[static_cast<std::size_t>(field)]; };
  const reading& r = event.reading;
  json_object object(out);
  object.word("topic", "reading");
  object.number("shard", event.record.shard());
  object.number("offset", event.record.offset());
  object.number("place", event.place);
  if (shows(mpan) && shows(version) && shows(quality) && shows(reason))
    object.word("id", to_hex(id_of(event)));
  object.text("transformer_id", event.transformer);
  if (shows(mpan))
    object.word("mpan", to_string(event.meter));
  object.word("quantity", name_of(r.quantity));
  object.word("period_end", format_period(r.period));
  if (shows(version))
    object.number("version", r.version);
  object.number("wh", r.content.wh);
  if (shows(quality))
    object.word("quality", name_of(r.content.quality));
  if (shows(reason)) {
    if (r.content.reasons.estimation == 0)
      object.nothing("reason");
    else
      object.number("reason", r.content.reasons.estimation);
  }
  if (shows(source) && shows(sender)) // a live reading's source is its sender
    object.text("source", event.source);
  if (shows(line))
    object.number("line", static_cast<std::int64_t>(event.line));
  object.word("known_at", format_instant(event.known_at_s));
  object.end();
}

} // namespace gridtwin
