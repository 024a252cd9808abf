#include "src/api/extract.hpp"

#include "config/csv_cell.hpp"
#include "config/printable_text.hpp"
#include "src/api/api_bounds.hpp"
#include "src/api/http_answers.hpp"
#include "twins/meter_day.hpp"
#include "twins/mpan.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view csv_type = "text/csv; charset=utf-8; header=present";

struct extract_query {
  std::int64_t from_s = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_s = std::numeric_limits<std::int64_t>::max();
  std::optional<mpan> meter;
  std::optional<std::string> transformer;
  bool csv = false;
};

struct extract_row {
  std::string_view transformer;
  mpan meter;
  gridtwin::quantity quantity;
  gridtwin::period period;
  meter_day::current_value value;
};

/// One of a row's fields. `number`: is written without quotes in JSON, empty as null.
struct extract_field {
  std::string_view name;
  std::optional<access_field> masked_as;
  bool number = false;
  std::string (*text)(const extract_row&) = nullptr;
};

const std::array<extract_field, 8> extract_fields{{
  {"transformer_id", std::nullopt, false, [](const extract_row& r) { return std::string(r.transformer); }},
  {"mpan", access_field::mpan, false, [](const extract_row& r) { return to_string(r.meter); }},
  {"quantity", std::nullopt, false, [](const extract_row& r) { return std::string(name_of(r.quantity)); }},
  {"period_end", std::nullopt, false, [](const extract_row& r) { return format_period(r.period); }},
  {"wh", std::nullopt, true, [](const extract_row& r) { return std::to_string(r.value.content.wh); }},
  {"quality", access_field::quality, false,
   [](const extract_row& r) { return std::string(name_of(r.value.content.quality)); }},
  {"reason", access_field::reason, true,
   [](const extract_row& r) {
     const std::uint8_t reason = r.value.content.reasons.estimation;
     return reason == 0 ? std::string() : std::to_string(reason);
   }},
  {"version", access_field::version, true, [](const extract_row& r) { return std::to_string(r.value.version); }},
}};

/// The days of an extract, and of each its transformers, one after the other.
class extract_body final : public http_body {
public:
  extract_body(std::shared_ptr<api_parts> parts, peer_identity peer, extract_query query)
    : parts_(std::move(parts)), rights_(parts_->policy, std::move(peer)), query_(std::move(query)),
      hidden_(rights_.hidden()) {}

  state next(std::string& out) override {
    if (!rights_.opens(access_operation::extract, access_topic::reading))
      return state::broken;
    if (query_.csv && !began_)
      append_header(out);
    began_ = true;
    const auto went_on = parts_->store->with([&](opened_store& store) -> result<bool> {
      for (std::size_t days = 0;
           out.size() < api_bounds::extract_piece_bytes && days < api_bounds::extract_piece_days;) {
        if (waiting_.empty()) {
          const auto more = next_day(store);
          if (!more || !*more)
            return more;
          continue;
        }
        const auto wanted = is_wanted(store, waiting_.back());
        if (!wanted)
          return wanted.failure();
        days += *wanted ? 1 : 0;
        const auto whole = *wanted ? add_day(store, waiting_.back(), out) : result<bool>(true);
        if (!whole)
          return whole.failure();
        if (*whole)
          waiting_.pop_back();
      }
      return true;
    });
    return !went_on ? state::broken : *went_on ? state::more : state::end;
  }

private:
  using meter_key = std::pair<std::uint64_t, std::string_view>; ///< MPAN and quantity, as the contract sorts them

  bool shows(const extract_field& f) const { return !f.masked_as || !hidden_[static_cast<std::size_t>(*f.masked_as)]; }

  void append_header(std::string& out) const {
    const char* separator = "";
    for (const extract_field& f : extract_fields)
      if (shows(f)) {
        (out += separator) += f.name;
        separator = ",";
      }
    out += '\n';
  }

  void append_row(const extract_row& row, std::string& out) const {
    const char* separator = query_.csv ? "" : "{\"";
    for (const extract_field& f : extract_fields) {
      if (!shows(f))
        continue;
      out += separator;
      const std::string text = f.text(row);
      if (query_.csv)
        append_csv_cell(text, out);
      else
        ((out += f.name) += "\":") += !f.number ? json_string(text) : text.empty() ? "null" : text;
      separator = query_.csv ? "," : ",\"";
    }
    out += query_.csv ? "\n" : "}\n";
  }

  /// Whether some half hour of a day begins within the bounds; the first of it begins at midnight.
  std::optional<utc_day> first_day() const {
    if (query_.from_s == std::numeric_limits<std::int64_t>::min())
      return std::nullopt;
    return period{static_cast<std::int32_t>(query_.from_s / seconds_per_period + 1)}.day();
  }

  /// The next day that has readings, with its transformers. False: there is none.
  result<bool> next_day(opened_store& store) {
    if (!day_)
      day_ = first_day().value_or(utc_day{first_storable_period.day().number});
    else
      ++day_->number;
    auto keys = store.database().prepare("SELECT min(key) FROM days WHERE key >= ?1");
    if (!keys)
      return keys.failure();
    keys->bind(1, std::int64_t{day_->number} << 32);
    if (!keys->step())
      return store.database().failure("cannot read");
    const auto first = keys->optional_integer(0);
    if (!first)
      return false;
    day_->number = static_cast<std::int32_t>(*first >> 32);
    if (period_at(*day_, 0).start_s() >= query_.to_s)
      return false;
    auto of_day = store.database().prepare("SELECT key FROM days WHERE key >= ?1 AND key < ?2");
    if (!of_day)
      return of_day.failure();
    of_day->bind(1, std::int64_t{day_->number} << 32).bind(2, (std::int64_t{day_->number} + 1) << 32);
    std::vector<transformer_number> numbers;
    while (of_day->step())
      numbers.push_back({static_cast<std::uint32_t>(of_day->integer(0))});
    if (of_day->failed())
      return store.database().failure("cannot read");
    auto sorted = store.by_name(std::move(numbers));
    if (!sorted)
      return sorted.failure();
    waiting_ = std::move(*sorted);
    std::reverse(waiting_.begin(), waiting_.end());
    return true;
  }

  /// Whether a transformer may have what the filter lets through.
  result<bool> is_wanted(opened_store& store, transformer_number t) const {
    const auto names = store.names(t, {0});
    if (!names)
      return names.failure();
    const std::vector<mpan>& meters = (*names)->meters;
    return (!query_.transformer || *query_.transformer == (*names)->transformer)
           && (!query_.meter || std::find(meters.begin(), meters.end(), *query_.meter) != meters.end());
  }

  /// Appends what stands of a transformer's day, behind the meter that was the last. False: the piece is full before
  /// its end. It is read again then, so that nothing of it is kept while a client takes its time.
  result<bool> add_day(opened_store& store, transformer_number t, std::string& out) {
    const auto of_transformer = store.names(t, {0});
    if (!of_transformer)
      return of_transformer.failure();
    const std::string transformer = (*of_transformer)->transformer;
    std::map<meter_key, std::pair<quantity, meter_day>> meters;
    result<void> named;
    const auto loaded = store.reader().load(t, *day_, [&](const stored_reading& r, const fragment_origin&) {
      const auto names = named ? store.names(t, r.twin) : result<const named_slots*>(named.failure());
      if (!names) {
        named = names.failure();
        return;
      }
      const mpan meter = (*names)->meters[r.twin.value];
      if (query_.meter && *query_.meter != meter)
        return;
      const meter_key key{meter.number, name_of(r.quantity)};
      if (last_ && key <= *last_)
        return;
      auto& [quantity_of, of_day] = meters[key];
      quantity_of = r.quantity;
      of_day.offer(r.slot, r.version, r.content, true);
    });
    if (!loaded || !named)
      return loaded ? named.failure() : loaded.failure();
    for (const auto& [of, readings] : meters) {
      if (out.size() >= api_bounds::extract_piece_bytes)
        return false;
      append_meter(transformer, {of.first}, readings.first, readings.second, out);
      last_ = of;
    }
    last_.reset();
    return true;
  }

  void append_meter(std::string_view transformer, mpan meter, quantity q, const meter_day& readings, std::string& out) {
    access_resource what;
    what.topic = access_topic::reading;
    what.meter = meter;
    what.transformer = transformer;
    if (!rights_.sees(access_operation::extract, what))
      return;
    for (int slot = 0; slot < periods_per_day; ++slot) {
      const period p = period_at(*day_, slot);
      const auto value = readings.current(slot);
      if (value && p.start_s() >= query_.from_s && p.start_s() < query_.to_s)
        append_row({transformer, meter, q, p, *value}, out);
    }
  }

  std::shared_ptr<api_parts> parts_;
  reader_rights rights_;
  extract_query query_;
  field_set hidden_; ///< as at the beginning: a table has the same columns to its end
  bool began_ = false;
  std::optional<utc_day> day_;
  std::vector<transformer_number> waiting_; ///< of that day, the next one last
  std::optional<meter_key> last_;           ///< of that one, where a part of it is written
};

std::variant<extract_query, http_response> query_of(const http_target& target) {
  if (auto unknown = unknown_parameter(target, {"from", "to", "mpan", "transformer", "format"}))
    return std::move(*unknown);
  extract_query out;
  for (const auto& [name, to] : {std::pair("from", &out.from_s), std::pair("to", &out.to_s)})
    if (const auto text = target.parameter(name)) {
      const auto instant = parse_instant(*text);
      if (!instant || *instant < first_storable_period.start_s() || *instant > last_storable_period.end_s())
        return refusal_of(400, std::string(name) + " must be a time as 2026-03-01T00:30:00Z, or a date");
      *to = *instant;
    }
  if (const auto text = target.parameter("mpan")) {
    out.meter = parse_mpan(*text);
    if (!out.meter)
      return refusal_of(400, "mpan must have 13 digits, the last of them the check digit");
  }
  if (const auto text = target.parameter("transformer"))
    out.transformer = *text;
  const std::string_view format = target.parameter("format").value_or("jsonl");
  if (format != "csv" && format != "jsonl")
    return refusal_of(400, "format must be csv or jsonl");
  out.csv = format == "csv";
  return out;
}

} // namespace

http_response extract_readings(const std::shared_ptr<api_parts>& parts, const http_request& request,
                               const http_target& target) {
  if (!reader_rights(parts->policy, request.peer).opens(access_operation::extract, access_topic::reading))
    return not_found();
  if (request.method != "GET")
    return wrong_method("GET");
  auto asked = query_of(target);
  if (auto* const refused = std::get_if<http_response>(&asked))
    return std::move(*refused);
  auto& query = std::get<extract_query>(asked);
  http_response out;
  out.content_type = query.csv ? csv_type : json_lines_type;
  out.stream = std::make_unique<extract_body>(parts, request.peer, std::move(query));
  return out;
}

} // namespace gridtwin
