#include "src/messages/message_writer.hpp"

#include "src/messages/message_fields.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace gridtwin {

namespace {

/// `{"sp":"2026-06-15T00:30:00+00:00","v":"-123456789.012","q":"EA13","e":"10","arc":"A"},` with some room.
constexpr std::size_t longest_entry = 96;

char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_two(char* out, std::int64_t number) noexcept {
  *out++ = static_cast<char>('0' + number / 10);
  *out++ = static_cast<char>('0' + number % 10);
  return out;
}

/// Half hours follow one another: of the next one's end mostly the time of day alone is another.
class end_stamp {
public:
  char* put_at(char* out, std::int64_t s) noexcept {
    const std::int64_t day = s / seconds_per_day;
    const std::int64_t of_day = s % seconds_per_day;
    if (day != day_ || of_day < 0) {
      put_message_instant(text_, s);
      day_ = of_day < 0 ? std::numeric_limits<std::int64_t>::min() : day;
    } else {
      put_two(text_ + 11, of_day / 3600);
      put_two(text_ + 14, of_day / 60 % 60);
      put_two(text_ + 17, of_day % 60);
    }
    return put(out, {text_, message_instant_size});
  }

private:
  char text_[message_instant_size] = {};
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
};

void append_instant(std::string& out, std::int64_t s) {
  char text[message_instant_size];
  put_message_instant(text, s);
  out += '"';
  out.append(text, sizeof text);
  out += '"';
}

void append_nullable(std::string& out, const std::optional<std::string>& text) {
  if (text)
    append_json_text(out, *text);
  else
    out += "null";
}

void append_list(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  bool first = true;
  for (const std::string& text : texts) {
    out += first ? "" : ",";
    first = false;
    append_json_text(out, text);
  }
  out += ']';
}

void append_publication(std::string& out, const publication_block& d) {
  out += R"(,"D0":{"transactionID":)";
  append_json_text(out, d.transaction_id);
  out += R"(,"transactionTimestamp":)";
  append_instant(out, d.transaction_s);
  out += R"(,"publicationID":)";
  append_json_text(out, d.publication_id);
  out += R"(,"initialCorrelationID":)";
  append_nullable(out, d.initial_correlation_id);
  out += R"(,"replayIndicator":)";
  out += d.replay ? "true" : "false";
  out += R"(,"serviceTicketURL":)";
  append_nullable(out, d.service_ticket_url);
  out += '}';
}

void append_common_block(std::string& out, const if021_message& m) {
  const message_envelope& e = m.envelope;
  out += R"({"payload":{"CommonBlock":{"S0":{"interfaceID":"IF-021","schemaVersion":")";
  out += if021_schema_version;
  out += R"(","eventCode":")";
  out += m.consumption.event == event_code::active_power ? "[ActivePower]" : "[ReactivePower]";
  out += R"("},"S1":{"environmentTag":")";
  out += name_of(e.environment);
  out += R"(","subText":)";
  append_nullable(out, e.sub_text);
  out += R"(,"senderUniqueReference":)";
  append_json_text(out, e.sender_reference);
  out += R"(,"senderTimestamp":)";
  append_instant(out, e.sender_s);
  out += R"(,"senderDIPID":)";
  append_json_text(out, e.sender_dip_id);
  out += R"(,"senderRoleID":)";
  append_json_text(out, e.sender_role);
  out += R"(,"senderCorrelationID":)";
  append_nullable(out, e.correlation_id);
  out += R"(,"DIPConnectionProviderID":)";
  append_nullable(out, e.connection_provider_dip_id);
  out += R"(},"A0":{"primaryRecipients":)";
  append_list(out, e.primary_recipients);
  out += R"(,"secondaryRecipients":)";
  append_list(out, e.secondary_recipients);
  out += R"(,"always":)";
  append_list(out, e.always);
  out += '}';
  if (e.published)
    append_publication(out, *e.published);
  out += R"(,"M0":{"MPANCore":")";
  out += to_string(m.consumption.mpan);
  out += R"(","distributorDIPID":)";
  append_json_text(out, e.distributor_dip_id);
  out += R"(,"GSPGroupID":"_)";
  out += e.gsp_group;
  out += R"("}},)";
}

char* put_entry(char* out, const consumption_entry& e, end_stamp& stamp) noexcept {
  out = put(out, R"({"sp":")");
  out = stamp.put_at(out, e.end_s);
  out = put(out, R"(","v":")");
  out = put_message_value(out, e.content.wh);
  out = put(out, R"(","q":")");
  out = put(out, name_of(e.content.quality));
  if (e.content.reasons == reasons{})
    return put(out, R"(","e":null,"arc":null})");
  out = put(out, R"(","e":)");
  if (const std::uint8_t reason = e.content.reasons.estimation; reason == 0) {
    out = put(out, "null");
  } else {
    *out++ = '"';
    if (reason >= 10)
      *out++ = static_cast<char>('0' + reason / 10);
    *out++ = static_cast<char>('0' + reason % 10);
    *out++ = '"';
  }
  out = put(out, R"(,"arc":)");
  if (e.content.reasons.amendment == 0)
    return put(out, "null}");
  *out++ = '"';
  *out++ = e.content.reasons.amendment;
  return put(out, "\"}");
}

void append_day(std::string& out, const consumption_day& day, end_stamp& stamp) {
  out += R"({"settlementDay":{"settlementDayDate":)";
  append_instant(out, day.day_s);
  out += R"(,"periodDuration":)";
  out += std::to_string(day.duration_minutes);
  out += R"(},"consumptionPeriods":[)";
  const std::size_t before = out.size();
  out.resize(before + day.entries.size() * longest_entry);
  char* at = out.data() + before;
  for (const consumption_entry& e : day.entries) {
    assert(e.content.wh <= largest_message_wh && e.content.wh >= -largest_message_wh);
    if (&e != day.entries.data())
      *at++ = ',';
    at = put_entry(at, e, stamp);
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  out += "]}";
}

} // namespace

void append_message(std::string& out, const if021_message& m) {
  append_common_block(out, m);
  out += R"("CustomBlock":{"B044":{"issuingDataServiceDIPID":)";
  append_json_text(out, m.envelope.data_service_dip_id);
  out += R"(},"B067":{"connectionTypeIndicator":")";
  out += static_cast<char>(m.envelope.connection);
  out += R"(","connectionTypeEffectiveFromDate":)";
  append_instant(out, m.consumption.connection_from_s);
  out += R"(},"B900":{"MQID":{"measurementQuantityID":")";
  out += name_of(m.consumption.quantity);
  out += R"("},"settlementDayConsumptionPeriods":[)";
  end_stamp stamp;
  bool first = true;
  for (const consumption_day& day : m.consumption.days) {
    out += first ? "" : ",";
    first = false;
    append_day(out, day, stamp);
  }
  out += "]}}}}";
}

std::size_t size_of(const if021_message& m) {
  std::string text;
  append_message(text, m);
  return text.size();
}

} // namespace gridtwin
