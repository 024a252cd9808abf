#pragma once

#include "twins/market_ids.hpp"
#include "twins/message_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

// Bounds of the schema (domain notes, 1.2 and 1.3) and of the way there (6).

inline constexpr std::size_t message_days_limit = 200;
inline constexpr std::size_t periods_in_message_day_limit = 48;
/// Bytes of a request that pass everywhere: requests of more than 100 kB have been refused.
inline constexpr std::size_t request_bytes_limit = 95'000;

/// How the format is called on the command line and in settings.
inline constexpr std::string_view if021_name = "if-021";

/// The schema that is written and read.
inline constexpr std::string_view if021_schema_version = "011";

/// Block D0, which the platform adds to what it publishes.
struct publication_block {
  std::string transaction_id; ///< 1 to 65 characters
  std::int64_t transaction_s = 0;
  std::string publication_id;                        ///< `PUB-021`
  std::optional<std::string> initial_correlation_id; ///< 1 to 60
  bool replay = false;
  std::optional<std::string> service_ticket_url;
  bool operator==(const publication_block&) const = default;
};

/// Blocks S1, A0 and M0 but for the MPAN, and B044 and B067 but for the date: who sends, to whom, about what kind of
/// meter. Instants are seconds since the epoch.
struct message_envelope {
  environment_tag environment = environment_tag::development;
  std::optional<std::string> sub_text; ///< 1 to 500 characters
  std::string sender_reference;        ///< see `is_sender_reference`
  std::int64_t sender_s = 0;
  std::string sender_dip_id; ///< 10 characters, as all DIP ids
  std::string sender_role;   ///< 3 to 5 capital letters
  std::optional<std::string> correlation_id;
  std::optional<std::string> connection_provider_dip_id;
  std::vector<std::string> primary_recipients;
  std::vector<std::string> secondary_recipients;
  std::vector<std::string> always;
  std::optional<publication_block> published;
  std::string distributor_dip_id;
  char gsp_group = 'A'; ///< the letter behind the underscore
  std::string data_service_dip_id;
  connection_type connection = connection_type::whole_current;
  bool operator==(const message_envelope&) const = default;
};

/// A message IF-021, "UTC Settlement Period Consumption Data": half hours of one meter and one quantity.
struct if021_message {
  message_envelope envelope;
  consumption_message consumption;
};

/// Half hours in it.
std::size_t half_hours_of(const if021_message& m) noexcept;

bool same_message(const if021_message& a, const if021_message& b);

} // namespace gridtwin
