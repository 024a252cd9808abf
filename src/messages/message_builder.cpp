#include "src/messages/message_builder.hpp"

#include "src/messages/message_fields.hpp"
#include "src/messages/message_writer.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t brackets_of_request = 2;
/// Of a hash, in hexadecimal digits: 128 bits, so that no two references of a sender are ever equal.
constexpr std::size_t reference_hash_digits = 32;

void add_number(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(number >> shift & 0xFFU);
}

/// What makes a message another one.
std::string told_by(const if021_message& m, std::uint64_t versions) {
  std::string out;
  const consumption_message& c = m.consumption;
  add_number(out, c.mpan.number);
  add_number(out, static_cast<std::uint64_t>(c.connection_from_s));
  add_number(out, versions);
  out += static_cast<char>(c.quantity);
  out += static_cast<char>(m.envelope.connection);
  out += m.envelope.gsp_group;
  for (const consumption_day& day : c.days)
    for (const consumption_entry& e : day.entries) {
      add_number(out, static_cast<std::uint64_t>(e.end_s));
      add_number(out, static_cast<std::uint64_t>(e.content.wh));
      out += static_cast<char>(e.content.quality.code);
      out += static_cast<char>(e.content.reasons.estimation);
      out += e.content.reasons.amendment;
    }
  return out;
}

/// The names of whoever a message goes to, without its own half hours.
message_envelope envelope_of(const market_settings& market, const message_subject& subject,
                             const std::string& distributor) {
  message_envelope out;
  out.environment = market.environment;
  out.sender_dip_id = market.sender_dip_id;
  out.sender_role = market.sender_role;
  out.connection_provider_dip_id = market.connection_provider_dip_id;
  if (const auto supplier = market.suppliers.find(subject.supplier_mpid); supplier != market.suppliers.end())
    out.primary_recipients.push_back(supplier->second);
  for (const std::string& one : market.primary_recipients)
    if (std::find(out.primary_recipients.begin(), out.primary_recipients.end(), one) == out.primary_recipients.end())
      out.primary_recipients.push_back(one);
  out.distributor_dip_id = distributor;
  out.gsp_group = subject.gsp_group;
  out.data_service_dip_id = market.sender_dip_id;
  out.connection = subject.connection;
  return out;
}

bool is_active(quantity q) noexcept { return q == quantity::active_import || q == quantity::active_export; }

class builder {
public:
  builder(const market_settings& market, const message_subject& subject, const std::string& distributor,
          const message_bounds& bounds)
    : bounds_(bounds), role_(market.sender_role), dip_id_(market.sender_dip_id) {
    empty_.envelope = envelope_of(market, subject, distributor);
    empty_.consumption.mpan = subject.mpan;
    empty_.consumption.event = is_active(subject.quantity) ? event_code::active_power : event_code::reactive_power;
    empty_.consumption.quantity = subject.quantity;
    empty_.consumption.connection_from_s = subject.connection_from_s;
    empty_.envelope.sender_reference = reference_of(empty_, 0);
    empty_size_ = bounds.days > 1 ? size_of(empty_) : 0;
    message_ = empty_;
    size_ = empty_size_;
  }

  /// The half hours of one UTC day.
  void add(std::span<const standing_half_hour> day) {
    consumption_day out;
    out.day_s = period_at(day.front().period.day(), 0).start_s();
    std::uint64_t versions = 0;
    for (const standing_half_hour& one : day) {
      out.entries.push_back({one.period.end_s(), one.content});
      versions += one.version;
    }
    const std::size_t bytes = bounds_.days > 1 ? size_with(out) - empty_size_ : 0;
    const bool begun = !message_.consumption.days.empty();
    if (begun
        && (message_.consumption.days.size() == bounds_.days
            || size_ + 1 + bytes + brackets_of_request > bounds_.bytes))
      finish();
    size_ += bytes + (message_.consumption.days.empty() ? 0 : 1);
    versions_ += versions;
    message_.consumption.days.push_back(std::move(out));
  }

  std::vector<if021_message> take() {
    if (!message_.consumption.days.empty())
      finish();
    return std::move(out_);
  }

private:
  std::size_t size_with(const consumption_day& day) {
    if021_message one = empty_;
    one.consumption.days.push_back(day);
    return size_of(one);
  }

  std::string reference_of(const if021_message& m, std::uint64_t versions) const {
    const std::string hash = to_hex(sha256(told_by(m, versions))).substr(0, reference_hash_digits);
    std::string date = format_date(civil_from_days(static_cast<std::int32_t>(m.envelope.sender_s / seconds_per_day)));
    std::erase(date, '-');
    return "S-IF-021-" + dip_id_ + "-" + role_ + "-" + date + "-" + hash;
  }

  void finish() {
    message_.envelope.sender_s = message_.consumption.days.back().entries.back().end_s;
    message_.envelope.sender_reference = reference_of(message_, versions_);
    assert(is_sender_reference(message_.envelope.sender_reference));
    out_.push_back(std::exchange(message_, empty_));
    size_ = empty_size_;
    versions_ = 0;
  }

  message_bounds bounds_;
  std::string role_;
  std::string dip_id_;
  if021_message empty_;
  std::size_t empty_size_ = 0;
  if021_message message_;
  std::size_t size_ = 0;
  std::uint64_t versions_ = 0; ///< of the message's half hours, summed: it grows with each that is corrected
  std::vector<if021_message> out_;
};

std::optional<error> fault_in(const message_subject& subject, std::span<const standing_half_hour> half_hours) {
  const std::string meter = to_string(subject.mpan);
  if (!parse_mpan(meter))
    return error{errc::unreadable_input, "MPAN " + meter + " has a wrong check digit; no message names it"};
  for (std::size_t i = 0; i < half_hours.size(); ++i) {
    const standing_half_hour& one = half_hours[i];
    assert(i == 0 || half_hours[i - 1].period < one.period);
    if (breaks_before_connection(one.period.end_s(), subject.connection_from_s))
      return error{errc::unreadable_input, meter + ": the half hour that ends " + format_period(one.period)
                                             + " lies before the meter's connection (ECS1013)"};
    if (one.content.wh > largest_message_wh || one.content.wh < 0)
      return error{errc::unreadable_input, meter + ": " + std::to_string(one.content.wh)
                                             + " Wh in the half hour that ends " + format_period(one.period)
                                             + " do not fit a message: 0 to 999999999.999 kWh"};
  }
  return std::nullopt;
}

} // namespace

result<std::vector<if021_message>> build_messages(const market_settings& market, const message_subject& subject,
                                                  std::span<const standing_half_hour> half_hours,
                                                  const message_bounds& bounds) {
  if (auto fault = fault_in(subject, half_hours))
    return std::move(*fault);
  const std::string prefix = to_string(subject.mpan).substr(0, 2);
  const auto distributor = market.distributors.find(prefix);
  if (distributor == market.distributors.end())
    return error{errc::bad_profile, "market settings: 'distributors' names nobody for MPANs that begin with " + prefix
                                      + "; add " + prefix + " = \"...\", the distributor's DIP id"};
  builder out(market, subject, distributor->second, bounds);
  while (!half_hours.empty()) {
    const utc_day day = half_hours.front().period.day();
    const auto end = std::find_if(half_hours.begin(), half_hours.end(),
                                  [day](const standing_half_hour& one) { return one.period.day() != day; });
    const auto count = static_cast<std::size_t>(end - half_hours.begin());
    out.add(half_hours.first(count));
    half_hours = half_hours.subspan(count);
  }
  return out.take();
}

} // namespace gridtwin
