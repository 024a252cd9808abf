#include "src/security/access_rights.hpp"

#include <initializer_list>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, all_operations.size()> operation_names{"submit",      "read",    "extract",
                                                                              "acknowledge", "operate", "audit"};
constexpr std::array<std::string_view, all_topics.size()> topic_names{
  "reading", "feeder.half_hour", "transformer.half_hour", "gap", "settlement.day", "alarm", "audit"};
constexpr std::array<std::string_view, all_fields.size()> field_names{"mpan",          "sender",  "source", "line",
                                                                      "supplier_mpid", "quality", "reason", "version"};

template <class Code, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Code code) noexcept {
  const auto at = static_cast<std::size_t>(code);
  return at < N ? names[at] : std::string_view();
}

template <class Code, std::size_t N>
std::optional<Code> code_in(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text)
      return static_cast<Code>(i);
  return std::nullopt;
}

/// As a policy would write them.
access_rights rights_of(std::initializer_list<std::string_view> words) noexcept {
  access_rights out;
  for (const std::string_view word : words)
    add_right(out, word);
  return out;
}

field_set fields_of(std::initializer_list<access_field> fields) noexcept {
  field_set out;
  for (const access_field field : fields)
    out.set(static_cast<std::size_t>(field));
  return out;
}

} // namespace

std::string_view name_of(access_operation operation) noexcept { return name_in(operation_names, operation); }
std::optional<access_operation> parse_access_operation(std::string_view text) noexcept {
  return code_in<access_operation>(operation_names, text);
}
std::string_view name_of(access_topic topic) noexcept { return name_in(topic_names, topic); }
std::optional<access_topic> parse_access_topic(std::string_view text) noexcept {
  return code_in<access_topic>(topic_names, text);
}
std::string_view name_of(access_field field) noexcept { return name_in(field_names, field); }
std::optional<access_field> parse_access_field(std::string_view text) noexcept {
  return code_in<access_field>(field_names, text);
}

bool access_rights::has(access_operation operation) const noexcept {
  const auto at = static_cast<std::size_t>(operation);
  return at < operations.size() && operations[at];
}

bool access_rights::has(access_topic topic) const noexcept {
  const auto at = static_cast<std::size_t>(topic);
  return at < topics.size() && topics[at];
}

bool access_rights::within(const access_rights& most) const noexcept {
  return (operations & ~most.operations).none() && (topics & ~most.topics).none();
}

bool add_right(access_rights& rights, std::string_view text) noexcept {
  constexpr std::string_view reads = "read ";
  const bool about_topic = text.starts_with(reads);
  const auto operation = about_topic ? access_operation::read : parse_access_operation(text);
  if (!operation || (*operation == access_operation::read && !about_topic))
    return false;
  if (about_topic) {
    const auto topic = parse_access_topic(text.substr(reads.size()));
    if (!topic || *topic == access_topic::audit) // which goes with the right `audit`
      return false;
    rights.topics.set(static_cast<std::size_t>(*topic));
  }
  rights.operations.set(static_cast<std::size_t>(*operation));
  return true;
}

access_rights default_rights(access_role role) noexcept {
  switch (role) {
  case access_role::head_end:
    return rights_of({"submit"});
  case access_role::settlement:
    return rights_of({"read reading", "read settlement.day", "extract"});
  case access_role::network_operator:
    return rights_of({"read feeder.half_hour", "read transformer.half_hour", "extract"});
  case access_role::flexibility:
    return rights_of({"read reading", "extract"});
  case access_role::auditor:
    return rights_of({"audit"});
  case access_role::operator_:
    return rights_of({"operate", "acknowledge", "read alarm", "read gap"});
  }
  return {};
}

access_rights most_rights(access_role role) noexcept {
  access_rights out = default_rights(role);
  switch (role) {
  case access_role::settlement:
    add_right(out, "read gap");
    break;
  case access_role::network_operator:
    add_right(out, "read alarm");
    add_right(out, "acknowledge");
    break;
  case access_role::operator_:
    add_right(out, "read feeder.half_hour");
    add_right(out, "read transformer.half_hour");
    break;
  default:
    break;
  }
  return out;
}

field_set default_masks(access_role role) noexcept {
  using enum access_field;
  switch (role) {
  case access_role::settlement:
    return fields_of({sender, source, line});
  case access_role::network_operator:
    return fields_of({mpan, sender, source, line, supplier_mpid});
  case access_role::flexibility:
    return fields_of({sender, source, line, supplier_mpid});
  case access_role::auditor:
    return fields_of({mpan});
  case access_role::operator_:
    return {};
  default: // a head-end reads nothing
    return field_set().set();
  }
}

} // namespace gridtwin
