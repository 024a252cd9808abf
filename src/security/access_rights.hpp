#pragma once

#include "src/security/identity.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

/// What a peer may want to do.
enum class access_operation : std::uint8_t {
  submit,      ///< bring readings of a meter
  read,        ///< follow a topic, event by event
  extract,     ///< take a topic, or a part of it, in bulk; takes the right to read it, too
  acknowledge, ///< say of an alarm that it was seen
  operate,     ///< change how the node runs: unpark, drop, reload, pause
  audit        ///< read who did what and who was refused
};
inline constexpr std::array all_operations{access_operation::submit,  access_operation::read,
                                           access_operation::extract, access_operation::acknowledge,
                                           access_operation::operate, access_operation::audit};

/// What events are about.
enum class access_topic : std::uint8_t {
  reading,
  feeder_half_hour,
  transformer_half_hour,
  gap,
  settlement_day,
  alarm,
  audit ///< goes with the operation `audit` alone
};
inline constexpr std::array all_topics{
  access_topic::reading, access_topic::feeder_half_hour, access_topic::transformer_half_hour,
  access_topic::gap,     access_topic::settlement_day,   access_topic::alarm,
  access_topic::audit};

/// Fields of events that a role may have to do without.
enum class access_field : std::uint8_t { mpan, sender, source, line, supplier_mpid, quality, reason, version };
inline constexpr std::array all_fields{access_field::mpan,          access_field::sender,  access_field::source,
                                       access_field::line,          access_field::quality, access_field::reason,
                                       access_field::supplier_mpid, access_field::version};

/// `submit`, `acknowledge`; empty for what is none.
std::string_view name_of(access_operation operation) noexcept;
std::optional<access_operation> parse_access_operation(std::string_view text) noexcept;
/// `reading`, `feeder.half_hour`; empty for what is none.
std::string_view name_of(access_topic topic) noexcept;
std::optional<access_topic> parse_access_topic(std::string_view text) noexcept;
/// `mpan`, `supplier_mpid`; empty for what is none.
std::string_view name_of(access_field field) noexcept;
std::optional<access_field> parse_access_field(std::string_view text) noexcept;

using field_set = std::bitset<all_fields.size()>;

/// Operations, and the topics that they are about.
struct access_rights {
  std::bitset<all_operations.size()> operations;
  std::bitset<all_topics.size()> topics;

  /// False for what is no operation or topic.
  bool has(access_operation operation) const noexcept;
  bool has(access_topic topic) const noexcept;
  /// Whether there is nothing here that `most` lacks.
  bool within(const access_rights& most) const noexcept;
  bool operator==(const access_rights&) const = default;
};

/// What a role may do where a policy says nothing of it. Nothing for what is no role.
access_rights default_rights(access_role role) noexcept;
/// What a policy may give a role at most: a network operator never reads a household, whatever a file says.
access_rights most_rights(access_role role) noexcept;
/// What a role does not see of an event. A policy may add fields and take none away.
field_set default_masks(access_role role) noexcept;

/// `submit`, `read TOPIC`, `extract`, `acknowledge`, `operate` or `audit`, added to `rights`. False: it is no right.
bool add_right(access_rights& rights, std::string_view text) noexcept;

} // namespace gridtwin
