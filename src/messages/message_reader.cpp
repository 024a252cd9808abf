#include "src/messages/message_reader.hpp"

#include "config/printable_text.hpp"
#include "src/messages/message_faults.hpp"
#include "src/messages/message_fields.hpp"

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace gridtwin {

namespace {

namespace dom = simdjson::dom;

std::string_view kind_of(dom::element e) noexcept {
  switch (e.type()) {
  case dom::element_type::ARRAY:
    return "a list";
  case dom::element_type::OBJECT:
    return "an object";
  case dom::element_type::STRING:
    return "a text";
  case dom::element_type::BOOL:
    return "true or false";
  case dom::element_type::NULL_VALUE:
    return "null";
  default:
    return "a number";
  }
}

using member = std::optional<dom::element>;

/// Reads one message; what it finds wrong goes into the list.
class message_parser {
public:
  message_parser(const message_reader_options& options, fault_list& faults) : options_(options), faults_(faults) {}

  /// Means something only where there are no faults.
  if021_message read(dom::element e) {
    const auto [payload] = members<1>(e, {"payload"});
    if (payload) {
      const fault_step in(faults_, "payload");
      const auto [common, custom] = members<2>(*payload, {"CommonBlock", "CustomBlock"});
      if (common)
        within("CommonBlock", [this, block = *common] { read_common(block); });
      if (custom)
        within("CustomBlock", [this, block = *custom] { read_custom(block); });
    }
    return std::move(out_);
  }

  bool wrong_check_digit() const noexcept { return wrong_check_digit_; }

private:
  template <class F>
  void within(fault_list::part p, F&& f) {
    const fault_step in(faults_, p);
    f();
  }

  /// The members of an object by their keys. The first `needed` ones must be there, others must not.
  template <std::size_t N>
  std::array<member, N> members(dom::element e, const std::array<std::string_view, N>& keys, std::size_t needed = N) {
    std::array<member, N> out;
    dom::object object;
    if (e.get(object) != simdjson::SUCCESS) {
      faults_.add("must be an object, is " + std::string(kind_of(e)));
      return out;
    }
    std::size_t expected = 0; // mostly keys come in the order of the schema
    for (const dom::key_value_pair pair : object) {
      std::size_t at = expected;
      if (at >= N || keys[at] != pair.key)
        at = static_cast<std::size_t>(std::find(keys.begin(), keys.end(), pair.key) - keys.begin());
      if (at == N)
        faults_.add(pair.key, "is no key of the schema");
      else if (out[at])
        faults_.add(pair.key, "is there twice");
      else
        out[at] = pair.value;
      if (faults_.full())
        return out;
      expected = at + 1;
    }
    for (std::size_t i = 0; i < needed; ++i)
      if (!out[i])
        faults_.add(keys[i], "is missing");
    return out;
  }

  // Each reads a member that may be missing, which has been told by then.

  text_field text_of(const member& m, std::string_view key) {
    std::string_view text;
    if (!m)
      return {key, std::nullopt};
    if (m->get(text) == simdjson::SUCCESS)
      return {key, text};
    faults_.add(key, "must be a text, is " + std::string(kind_of(*m)));
    return {key, std::nullopt};
  }

  std::optional<std::string> nullable_text(const member& m, std::string_view key, std::size_t most) {
    if (!m || m->is_null())
      return std::nullopt;
    return sized_text(faults_, text_of(m, key), most);
  }

  std::vector<std::string> recipients(const member& m, std::string_view key) {
    std::vector<std::string> out;
    if (!m)
      return out;
    const fault_step in(faults_, key);
    dom::array list;
    if (m->get(list) != simdjson::SUCCESS) {
      faults_.add("must be a list, is " + std::string(kind_of(*m)));
      return out;
    }
    std::size_t at = 0;
    for (const dom::element one : list) {
      if (at == message_recipients_limit || faults_.full()) {
        faults_.add("has more than " + std::to_string(message_recipients_limit) + " recipients");
        break;
      }
      std::string_view text;
      if (one.get(text) == simdjson::SUCCESS && is_dip_id(text))
        out.emplace_back(text);
      else
        faults_.add(at, "must be a DIP id of 10 letters or digits");
      ++at;
    }
    return out;
  }

  /// A bracketed text; some send the older form, a list of it.
  void read_event(const member& m) {
    if (!m)
      return;
    member code = m;
    dom::array list;
    if (m->get(list) == simdjson::SUCCESS) {
      if (list.size() != 1)
        return faults_.add("eventCode", "must be one event, in a list at most one");
      code = *list.begin();
    }
    const auto text = text_of(code, "eventCode").text;
    if (!text)
      return;
    if (*text == "[ReactivePower]")
      out_.consumption.event = event_code::reactive_power;
    else if (*text != "[ActivePower]")
      faults_.refuse("eventCode", *text, "[ActivePower] or [ReactivePower], with the brackets");
  }

  void read_common(dom::element e) {
    const auto [s0, s1, a0, m0, d0] = members<5>(e, {"S0", "S1", "A0", "M0", "D0"}, 4);
    if (s0)
      within("S0", [&, block = *s0] {
        const auto [interface, version, event] = members<3>(block, {"interfaceID", "schemaVersion", "eventCode"});
        require_text(faults_, text_of(interface, "interfaceID"), "IF-021");
        require_text(faults_, text_of(version, "schemaVersion"), if021_schema_version);
        read_event(event);
      });
    if (s1)
      within("S1", [&, block = *s1] { read_sender(block); });
    if (a0)
      within("A0", [&, block = *a0] {
        const auto [primary, secondary, always] =
          members<3>(block, {"primaryRecipients", "secondaryRecipients", "always"});
        out_.envelope.primary_recipients = recipients(primary, "primaryRecipients");
        out_.envelope.secondary_recipients = recipients(secondary, "secondaryRecipients");
        out_.envelope.always = recipients(always, "always");
      });
    if (d0)
      within("D0", [&, block = *d0] { read_publication(block); });
    if (m0)
      within("M0", [&, block = *m0] { read_meter(block); });
  }

  void read_sender(dom::element e) {
    message_envelope& to = out_.envelope;
    const auto [tag, sub_text, reference, time, sender, role, correlation, provider] =
      members<8>(e, {"environmentTag", "subText", "senderUniqueReference", "senderTimestamp", "senderDIPID",
                     "senderRoleID", "senderCorrelationID", "DIPConnectionProviderID"});
    if (const auto text = text_of(tag, "environmentTag").text) {
      const auto named = parse_environment(*text);
      to.environment = named.value_or(to.environment);
      if (!named)
        faults_.refuse("environmentTag", *text, "one of PRD, SITB, SIT, UIT and DEV");
      else if (options_.environment
               && (*named == environment_tag::production) != (*options_.environment == environment_tag::production))
        faults_.add("environmentTag", "is " + std::string(*text) + ", and this runs as "
                                        + std::string(name_of(*options_.environment))
                                        + ": production and the others never mix");
    }
    to.sub_text = nullable_text(sub_text, "subText", longest_sub_text);
    to.sender_reference = text_by(faults_, text_of(reference, "senderUniqueReference"), is_sender_reference,
                                  "a reference, as S-IF-021-1401234567-SDS-20260616-0000000001");
    to.sender_s = instant_in(faults_, text_of(time, "senderTimestamp"), false);
    to.sender_dip_id = dip_id_in(faults_, text_of(sender, "senderDIPID"));
    to.sender_role = text_by(faults_, text_of(role, "senderRoleID"), is_role_id, "3 to 5 capital letters");
    to.correlation_id = nullable_text(correlation, "senderCorrelationID", longest_correlation);
    if (provider && !provider->is_null())
      to.connection_provider_dip_id = dip_id_in(faults_, text_of(provider, "DIPConnectionProviderID"));
  }

  void read_publication(dom::element e) {
    publication_block& to = out_.envelope.published.emplace();
    const auto [transaction, time, publication, initial, replay, ticket] =
      members<6>(e, {"transactionID", "transactionTimestamp", "publicationID", "initialCorrelationID",
                     "replayIndicator", "serviceTicketURL"});
    to.transaction_id = sized_text(faults_, text_of(transaction, "transactionID"), longest_transaction);
    to.transaction_s = instant_in(faults_, text_of(time, "transactionTimestamp"), false);
    require_text(faults_, text_of(publication, "publicationID"), "PUB-021");
    to.publication_id = "PUB-021";
    to.initial_correlation_id = nullable_text(initial, "initialCorrelationID", longest_correlation);
    if (replay && replay->get(to.replay) != simdjson::SUCCESS)
      faults_.add("replayIndicator", "must be true or false, is " + std::string(kind_of(*replay)));
    to.service_ticket_url = nullable_text(ticket, "serviceTicketURL", longest_url);
  }

  void read_meter(dom::element e) {
    const auto [number, distributor, group] = members<3>(e, {"MPANCore", "distributorDIPID", "GSPGroupID"});
    if (const auto text = text_of(number, "MPANCore").text)
      read_mpan(*text);
    out_.envelope.distributor_dip_id = dip_id_in(faults_, text_of(distributor, "distributorDIPID"));
    if (const auto text = text_of(group, "GSPGroupID").text) {
      const auto letter = parse_gsp_group(*text);
      out_.envelope.gsp_group = letter.value_or('A');
      if (!letter)
        faults_.refuse("GSPGroupID", *text, "one of _A to _P, without _I and _O");
    }
  }

  void read_mpan(std::string_view text) {
    std::uint64_t digits = 0;
    const char* const end = text.data() + text.size();
    if (text.size() != mpan_size || std::from_chars(text.data(), end, digits).ptr != end)
      return faults_.refuse("MPANCore", text, "13 digits");
    out_.consumption.mpan = {digits};
    wrong_check_digit_ = !parse_mpan(text);
    if (wrong_check_digit_ && options_.check_digits == check_digit_mode::strict)
      faults_.refuse("MPANCore", text, "an MPAN whose last digit is its check digit");
  }

  void read_custom(dom::element e) {
    const auto [b044, b067, b900] = members<3>(e, {"B044", "B067", "B900"});
    if (b044)
      within("B044", [&, block = *b044] {
        const auto [service] = members<1>(block, {"issuingDataServiceDIPID"});
        out_.envelope.data_service_dip_id = dip_id_in(faults_, text_of(service, "issuingDataServiceDIPID"));
      });
    if (b067)
      within("B067", [&, block = *b067] {
        const auto [type, from] = members<2>(block, {"connectionTypeIndicator", "connectionTypeEffectiveFromDate"});
        const std::string letter =
          text_by(faults_, text_of(type, "connectionTypeIndicator"), is_connection_type, "one of W, L, H, E and U");
        if (!letter.empty())
          out_.envelope.connection = static_cast<connection_type>(letter.front());
        out_.consumption.connection_from_s =
          instant_in(faults_, text_of(from, "connectionTypeEffectiveFromDate"), false);
      });
    if (b900)
      within("B900", [&, block = *b900] { read_consumption(block); });
  }

  void read_consumption(dom::element e) {
    const auto [id, days] = members<2>(e, {"MQID", "settlementDayConsumptionPeriods"});
    if (id)
      within("MQID", [&, block = *id] {
        const auto [name] = members<1>(block, {"measurementQuantityID"});
        const auto text = text_of(name, "measurementQuantityID").text;
        const auto q = text ? parse_quantity(*text) : std::nullopt;
        out_.consumption.quantity = q.value_or(quantity::active_import);
        if (text && !q)
          faults_.refuse("measurementQuantityID", *text, "one of AI, AE, RI and RE");
      });
    for_each_of(days, "settlementDayConsumptionPeriods", message_days_limit, "days",
                [&](dom::element day) { read_day(day, out_.consumption.days.emplace_back()); });
  }

  template <class F>
  void for_each_of(const member& m, std::string_view key, std::size_t most, std::string_view what, F&& f) {
    if (!m)
      return;
    const fault_step in(faults_, key);
    dom::array list;
    if (m->get(list) != simdjson::SUCCESS)
      return faults_.add("must be a list, is " + std::string(kind_of(*m)));
    const std::size_t count = list.size();
    if (count == 0 || count > most)
      return faults_.add("has " + std::to_string(count) + " " + std::string(what) + "; must have 1 to "
                         + std::to_string(most));
    std::size_t at = 0;
    for (const dom::element one : list) {
      if (faults_.full())
        return;
      within(at, [&] { f(one); });
      ++at;
    }
  }

  void read_day(dom::element e, consumption_day& day) {
    const auto [of, periods] = members<2>(e, {"settlementDay", "consumptionPeriods"});
    if (of)
      within("settlementDay", [&, block = *of] {
        const auto [date, duration] = members<2>(block, {"settlementDayDate", "periodDuration"});
        day.day_s = instant_in(faults_, text_of(date, "settlementDayDate"), true);
        std::int64_t minutes = 0;
        if (duration && (duration->get(minutes) != simdjson::SUCCESS || minutes < 1 || minutes > minutes_per_day))
          faults_.add("periodDuration", "must be a whole number of minutes, 30");
        else
          day.duration_minutes = static_cast<std::int32_t>(minutes);
      });
    day.entries.reserve(periods_in_message_day_limit);
    for_each_of(periods, "consumptionPeriods", periods_in_message_day_limit, "periods",
                [&](dom::element one) { read_entry(one, day.entries.emplace_back()); });
  }

  void read_entry(dom::element e, consumption_entry& to) {
    const auto [sp, v, q, estimation, amendment] = members<5>(e, {"sp", "v", "q", "e", "arc"});
    to.end_s = instant_in(faults_, text_of(sp, "sp"), true);
    if (const auto text = text_of(v, "v").text) {
      const auto wh = parse_message_value(*text);
      to.content.wh = wh.value_or(0);
      if (!wh)
        faults_.refuse("v", *text, "a decimal with 1 to 9 digits, a point and 3 digits");
    }
    if (const auto text = text_of(q, "q").text) {
      const auto known = parse_quality(*text);
      to.content.quality = known.value_or(actual);
      if (!known)
        faults_.refuse("q", *text, "a settlement period quality, as A or E3");
    }
    if (estimation && !estimation->is_null())
      read_estimation_reason(*estimation, to);
    if (amendment && !amendment->is_null())
      if (const auto text = text_of(amendment, "arc").text) {
        if (text->size() == 1 && is_amendment_reason(text->front()))
          to.content.reasons.amendment = text->front();
        else
          faults_.refuse("arc", *text, "null or one of A, E, M, R, S, T and X");
      }
  }

  /// The notes do not say whether the code is a text or a number: both are read.
  void read_estimation_reason(dom::element e, consumption_entry& to) {
    std::int64_t number = 0;
    std::string_view text;
    if (e.get(text) == simdjson::SUCCESS)
      number = parse_estimation_reason(text).value_or(0);
    else if (e.get(number) != simdjson::SUCCESS)
      number = 0;
    if (number >= 1 && number <= last_estimation_reason)
      to.content.reasons.estimation = static_cast<std::uint8_t>(number);
    else
      faults_.add("e", "must be null or an estimation reason, \"1\" to \"10\"");
  }

  const message_reader_options& options_;
  fault_list& faults_;
  if021_message out_;
  bool wrong_check_digit_ = false;
};

} // namespace

struct message_reader::state {
  message_reader_options options;
  dom::parser parser;
  std::size_t room = 0; ///< bytes that the parser takes
  std::uint64_t wrong_check_digits = 0;

  read_message read_one(dom::element e, std::optional<std::size_t> number) {
    fault_list faults(options.faults);
    if (number)
      faults.enter(*number);
    message_parser parse(options, faults);
    if021_message message = parse.read(e);
    if (!faults.empty())
      return {std::nullopt, faults.take(), false, {}};
    wrong_check_digits += parse.wrong_check_digit() ? 1 : 0;
    const bool set_apart = parse.wrong_check_digit() && options.check_digits == check_digit_mode::quarantine;
    return {std::move(message), {}, set_apart, {}};
  }

  std::optional<std::string> parse(std::string_view json, dom::element& root) {
    if (json.size() > options.bytes)
      return "has " + std::to_string(json.size()) + " bytes; must have at most " + std::to_string(options.bytes);
    if (json.empty())
      return "is empty; must be a message or a list of messages";
    // The library would grow by itself, but to a depth of its own.
    if (json.size() > room) {
      if (parser.allocate(json.size(), message_depth_limit) != simdjson::SUCCESS)
        return "does not fit into memory";
      room = json.size();
    }
    if (const auto code = parser.parse(json.data(), json.size()).get(root); code != simdjson::SUCCESS)
      return code == simdjson::DEPTH_ERROR ? "is nested deeper than any message"
                                           : std::string("is no JSON: ") + simdjson::error_message(code);
    return std::nullopt;
  }
};

message_reader::message_reader(const message_reader_options& options) : state_(std::make_unique<state>()) {
  state_->options = options;
}
message_reader::~message_reader() = default;
message_reader::message_reader(message_reader&&) noexcept = default;
message_reader& message_reader::operator=(message_reader&&) noexcept = default;

std::uint64_t message_reader::wrong_check_digits() const noexcept { return state_->wrong_check_digits; }

read_request message_reader::read(std::string_view json) {
  read_request out;
  dom::element root;
  if (auto fault = state_->parse(json, root)) {
    out.faults.push_back({"$", std::move(*fault)});
    return out;
  }
  dom::array list;
  if (root.get(list) != simdjson::SUCCESS) {
    out.messages.push_back(state_->read_one(root, std::nullopt));
  } else if (const std::size_t count = list.size(); count == 0 || count > state_->options.messages) {
    out.faults.push_back(
      {"$", "has " + std::to_string(count) + " messages; must have 1 to " + std::to_string(state_->options.messages)});
    return out;
  } else {
    std::size_t number = 0;
    for (const dom::element one : list)
      out.messages.push_back(state_->read_one(one, number++));
  }
  const std::vector<text_place> places = elements_of(json);
  for (std::size_t i = 0; i < out.messages.size() && i < places.size(); ++i)
    out.messages[i].place = places[i];
  return out;
}

} // namespace gridtwin
