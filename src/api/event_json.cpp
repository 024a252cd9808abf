#include "src/api/event_json.hpp"

#include "src/api/json_object.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <cstdlib>

namespace gridtwin {

namespace {

constexpr std::size_t mpan_digits = 13;

/// Numbers of thirteen digits, whatever they were meant as.
std::string without_mpans(std::string text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find_if_not(at, text.end(), is_digit);
    if (end - at == mpan_digits)
      std::fill(at, end, '*');
    at = std::find_if(end, text.end(), is_digit);
  }
  return text;
}

/// A JSON list with what `text` says of each half hour of the date, null where the row has none.
template <class Text>
std::string list_of(const settled_day_event& event, const Text& text) {
  std::string out = "[";
  for (const auto& h : event.half_hours)
    (out += out.size() == 1 ? "" : ",") += h ? text(*h) : std::string("null");
  return out += ']';
}

std::string in_json(std::string_view word) { return '"' + std::string(word) + '"'; }

/// kVA = Wh / 500 / power factor, the factor in millionths; the share of the rating is taken from the exact kVA.
void append_utilisation(const half_hour_event& e, json_object& object) {
  const auto net = static_cast<uint128>(std::abs(e.load.import_wh - e.load.export_wh));
  const auto factor = static_cast<uint128>(e.power_factor_ppm);
  object.plain("kva", format_ratio(net * 1'000'000, factor * 500, 3));
  object.plain("utilisation_pct",
               format_ratio(net * 1'000'000 * 2 * 100, factor * static_cast<uint128>(e.rating_va), 2));
}

void append_gap(const gap& g, std::uint32_t periods, json_object& object) {
  object.word("first_period_end", format_period(g.first));
  object.word("last_period_end", format_period(g.last));
  object.number("periods", periods);
}

} // namespace

void append_event_json(const told_alarm& alarm, const field_set& hidden, bool shows_figures, std::string& out) {
  const auto is_hidden = [&](std::string_view name) {
    if (name == "mpan")
      return hidden[static_cast<std::size_t>(access_field::mpan)];
    if (name == "acknowledged_by" || name == "acknowledged_why")
      return hidden[static_cast<std::size_t>(access_field::sender)];
    return name == "peak_utilisation_pct" && !shows_figures;
  };
  json_object object(out);
  object.word("topic", "alarm");
  object.number("shard", alarm.record.shard());
  object.number("offset", alarm.record.offset());
  object.number("place", alarm.place);
  object.word("at", format_instant(alarm.at_s));
  object.text("event", alarm.what);
  for (const auto& [name, value] : alarm.members)
    if (!is_hidden(name))
      object.plain(name, value);
  object.end();
}

void append_event_json(const journal_act& act, const field_set& hidden, std::string& out) {
  const bool masks = hidden[static_cast<std::size_t>(access_field::mpan)];
  const auto shown = [&](const std::string& text) { return masks ? without_mpans(text) : text; };
  json_object object(out);
  object.word("topic", "audit");
  object.number("shard", act.record.shard());
  object.number("offset", act.record.offset());
  object.number("place", act.place);
  object.word("at", format_instant(act.event.at_s));
  object.text("who", shown(act.event.who));
  object.text("act", act.event.act);
  object.text("subject", shown(act.event.subject));
  object.text("detail", shown(act.event.detail));
  object.end();
}

void append_event_json(const settled_day_event& event, const field_set& hidden, std::string& out) {
  const settled_run& run = *event.run;
  json_object object(out);
  object.word("topic", "settlement.day");
  object.number("shard", event.record.shard());
  object.number("offset", event.record.offset());
  object.number("place", event.place);
  object.text("transformer_id", event.transformer);
  if (!hidden[static_cast<std::size_t>(access_field::mpan)])
    object.word("mpan", to_string(event.mpan));
  object.word("quantity", name_of(event.quantity));
  object.word("settlement_date", format_date(run.settled().date));
  object.word("run", name_of(run.settled().run));
  object.word("known_at", format_instant(run.settled().known_at_s));
  object.plain("wh", list_of(event, [](const settled_value& v) { return std::to_string(v.content.wh); }));
  if (!hidden[static_cast<std::size_t>(access_field::quality)]) {
    const auto is_there = [](const auto& h) { return h.has_value(); };
    const auto all = std::count_if(event.half_hours.begin(), event.half_hours.end(), is_there);
    const auto actuals = std::count_if(event.half_hours.begin(), event.half_hours.end(),
                                       [](const auto& h) { return h && is_actual(h->content.quality); });
    object.number("actual", actuals);
    object.number("estimated", all - actuals);
    object.plain("quality", list_of(event, [](const settled_value& v) { return in_json(name_of(v.content.quality)); }));
    object.plain("method", list_of(event, [](const settled_value& v) {
                   return v.method                       ? in_json(name_of(*v.method))
                          : is_actual(v.content.quality) ? std::string("null")
                                                         : in_json("received");
                 }));
  }
  object.word("estate", std::string_view(run.estate_hash()).substr(0, shown_estate_digits));
  object.end();
}

void append_event_json(const half_hour_event& event, bool shows_export, std::string& out) {
  json_object object(out);
  object.word("topic", event.feeder ? "feeder.half_hour" : "transformer.half_hour");
  object.number("shard", event.record.shard());
  object.number("offset", event.record.offset());
  object.number("place", event.place);
  object.text("transformer_id", event.transformer);
  if (event.feeder)
    object.text("feeder_id", *event.feeder);
  object.word("period_end", format_period(event.period));
  object.number("import_wh", event.load.import_wh);
  if (shows_export) {
    object.number("export_wh", event.load.export_wh);
    if (!event.feeder)
      append_utilisation(event, object);
  }
  object.number("meters_expected", event.expected);
  object.number("meters_reported", event.load.reported);
  object.number("actual", event.load.reported - event.load.estimated);
  object.number("estimated", event.load.estimated);
  object.number("revision", event.load.revision);
  if (event.feeder) {
    object.plain("quarantined", event.exceeded_limit_wh ? "true" : "false");
    if (event.exceeded_limit_wh)
      object.number("limit_wh", *event.exceeded_limit_wh);
  } else {
    object.number("feeders_quarantined", event.feeders_quarantined);
  }
  object.word("estate", std::string_view(event.estate).substr(0, shown_estate_digits));
  object.number("rules_version", event.rules_version);
  object.word("known_at", format_instant(event.known_at_s));
  object.end();
}

void append_event_json(const gap_event& event, const field_set& hidden, std::string& out) {
  json_object object(out);
  object.word("topic", "gap");
  object.number("shard", event.record.shard());
  object.number("offset", event.record.offset());
  object.number("place", event.place);
  object.word("state", event.open ? "open" : "closed");
  object.text("transformer_id", event.transformer);
  if (!hidden[static_cast<std::size_t>(access_field::mpan)])
    object.word("mpan", to_string(event.meter));
  object.word("quantity", name_of(event.quantity));
  append_gap(event.missing, event.periods(), object);
  if (event.parts) {
    std::string parts = "[";
    for (const gap& part : *event.parts) {
      parts += parts.size() == 1 ? "" : ",";
      json_object one(parts);
      append_gap(part, part.periods(), one);
      one.end();
    }
    object.plain("parts", parts += ']');
  }
  object.word("known_at", format_instant(event.known_at_s));
  object.end();
}

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
    if (r.content.reasons.amendment == 0)
      object.nothing("amendment");
    else
      object.word("amendment", std::string_view(&r.content.reasons.amendment, 1));
  }
  if (shows(source) && shows(sender)) // a live reading's source is its sender
    object.text("source", event.source);
  if (shows(line))
    object.number("line", static_cast<std::int64_t>(event.line));
  object.word("known_at", format_instant(event.known_at_s));
  object.end();
}

} // namespace gridtwin
