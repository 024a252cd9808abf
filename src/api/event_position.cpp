#include "src/api/event_position.hpp"

#include <algorithm>
#include <charconv>

namespace gridtwin {

namespace {

constexpr std::int64_t last_offset = (std::int64_t{1} << record_id::offset_bits) - 1;

/// A number as `to_string` writes it: no sign, no leading zero.
template <class Number>
bool take_number(std::string_view& rest, Number& out) noexcept {
  if (rest.empty() || rest.front() < '0' || rest.front() > '9'
      || (rest.front() == '0' && rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9'))
    return false;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return failed == std::errc();
}

bool take_letter(std::string_view& rest, char letter) noexcept {
  if (!rest.starts_with(letter))
    return false;
  rest.remove_prefix(1);
  return true;
}

} // namespace

std::string to_string(const event_position& position) {
  std::string out;
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    const event_position::in_shard& at = position.at(shard);
    if (at.offset == 0)
      continue;
    out += (out.empty() ? "" : ",") + std::to_string(shard) + ':' + std::to_string(at.offset);
    if (at.of_it != 0)
      out += '.' + std::to_string(at.of_it);
  }
  return out.empty() ? "-" : out;
}

result<event_position> parse_event_position(std::string_view text) {
  event_position out;
  if (text.empty() || text == "-")
    return out;
  std::int64_t before = -1;
  for (std::string_view rest = text;;) {
    std::uint32_t shard = 0;
    event_position::in_shard at;
    bool good = take_number(rest, shard) && shard < shard_count && shard > before && take_letter(rest, ':')
                && take_number(rest, at.offset) && at.offset > 0 && at.offset <= last_offset;
    if (good && take_letter(rest, '.'))
      good = take_number(rest, at.of_it) && at.of_it > 0;
    if (!good || (!rest.empty() && !take_letter(rest, ',')) || (rest.empty() && text.back() == ','))
      return error{errc::usage, "a position is SHARD:OFFSET or SHARD:OFFSET.EVENTS, in order of shards with commas "
                                "between, or - for the beginning: as one was given with events"};
    before = shard;
    out.set(shard, at);
    if (rest.empty())
      return out;
  }
}

} // namespace gridtwin
