#pragma once

#include "tests/support/test_readings.hpp"
#include "twins/meter_day.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A version and what it says.
struct offered_reading {
  std::uint16_t version = 1;
  gridtwin::content content;
  bool operator==(const offered_reading&) const = default;
};

/// The contract's rule on a half hour's readings in its plainest words: same key and content, no effect; same key and
/// other content, none of them stands.
class naive_half_hour {
public:
  /// True if it was not there yet.
  bool add(const offered_reading& r) { return contents_[r.version].insert(key_of(r.content)).second; }

  bool empty() const { return contents_.empty(); }
  const std::map<std::uint16_t, std::set<content_key>>& contents() const { return contents_; }

  std::uint32_t accepted_versions() const {
    return static_cast<std::uint32_t>(
      std::count_if(contents_.begin(), contents_.end(), [](const auto& v) { return v.second.size() == 1; }));
  }
  std::uint32_t conflicting_contents() const {
    std::uint32_t sum = 0;
    for (const auto& [version, contents] : contents_)
      sum += contents.size() > 1 ? static_cast<std::uint32_t>(contents.size()) : 0U;
    return sum;
  }
  std::optional<offered_reading> current() const {
    if (contents_.empty() || contents_.rbegin()->second.size() != 1)
      return std::nullopt;
    const auto& [wh, code, estimation, amendment] = *contents_.rbegin()->second.begin();
    return offered_reading{contents_.rbegin()->first, {wh, {code}, {estimation, amendment}}};
  }
  /// Of the versions that stand.
  std::int64_t accepted_wh() const {
    std::int64_t sum = 0;
    for (const auto& [version, contents] : contents_)
      sum += contents.size() == 1 ? std::get<0>(*contents.begin()) : 0;
    return sum;
  }

private:
  std::map<std::uint16_t, std::set<content_key>> contents_;
};

/// By half hour.
using naive_day = std::map<int, naive_half_hour>;

/// What `for_each` shows of a day, in an order of its own: slot, version, content, fresh.
using shown_reading = std::tuple<int, std::uint16_t, content_key, bool>;

inline std::vector<shown_reading> shown(const meter_day& day) {
  std::vector<shown_reading> out;
  day.for_each([&](int slot, std::uint16_t version, const content& c, bool fresh) {
    out.emplace_back(slot, version, key_of(c), fresh);
  });
  std::sort(out.begin(), out.end());
  return out;
}

/// Whether a day says of itself what the naive one does.
inline bool agrees(const meter_day& day, const naive_day& expected) {
  std::uint64_t occupied = 0;
  std::uint64_t current = 0;
  std::vector<std::tuple<int, std::uint16_t, content_key>> contents;
  std::vector<std::tuple<int, std::uint16_t, content_key>> conflicts;
  bool good = true;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const auto at = expected.find(slot);
    const naive_half_hour half_hour = at == expected.end() ? naive_half_hour() : at->second;
    occupied |= half_hour.empty() ? 0 : std::uint64_t{1} << slot;
    const auto wanted = half_hour.current();
    current |= wanted ? std::uint64_t{1} << slot : 0;
    const auto found = day.current(slot);
    good = good && found.has_value() == wanted.has_value();
    good = good && (!found || (found->version == wanted->version && found->content == wanted->content));
    good = good && day.accepted_versions(slot) == half_hour.accepted_versions();
    for (const auto& [version, keys] : half_hour.contents())
      for (const content_key& key : keys) {
        contents.emplace_back(slot, version, key);
        if (keys.size() > 1)
          conflicts.emplace_back(slot, version, key);
      }
  }
  std::vector<std::tuple<int, std::uint16_t, content_key>> found_contents;
  for (const auto& [slot, version, key, fresh] : shown(day))
    found_contents.emplace_back(slot, version, key);
  std::vector<std::tuple<int, std::uint16_t, content_key>> found_conflicts;
  day.for_each_conflict(
    [&](int slot, std::uint16_t version, const content& c) { found_conflicts.emplace_back(slot, version, key_of(c)); });
  std::sort(found_contents.begin(), found_contents.end());
  std::sort(found_conflicts.begin(), found_conflicts.end());
  return good && day.occupied_mask() == occupied && day.current_mask() == current && found_contents == contents
         && found_conflicts == conflicts;
}

} // namespace gridtwin::testing
