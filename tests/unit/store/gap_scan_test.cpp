#include "src/store/gap_scan.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using found_gap = std::tuple<std::uint32_t, quantity, std::int32_t, std::int32_t>; ///< connection, first, last

/// Which half hours each connection has a value in, by quantity.
using present_periods = std::map<std::pair<std::uint32_t, quantity>, std::set<std::int32_t>>;

std::vector<connection_index> all_of(const estate& e) {
  std::vector<connection_index> out;
  for (std::uint32_t i = 0; i < e.connections.size(); ++i)
    out.push_back({i});
  return out;
}

std::vector<found_gap> scan(const estate& e, const present_periods& present) {
  std::vector<found_gap> out;
  const std::vector<connection_index> connections = all_of(e);
  gap_scan gaps(e, connections, [&](const meter_gap& g) {
    // By the meter's first connection: which of them a gap is told of has a test of its own.
    std::uint32_t first = 0;
    while (e.connections[first].mpan != e.connections[g.connection.value].mpan)
      ++first;
    out.emplace_back(first, g.quantity, g.missing.first.number, g.missing.last.number);
  });
  std::map<std::int32_t, std::map<std::pair<std::uint32_t, quantity>, std::uint64_t>> days;
  for (const auto& [row, periods] : present)
    for (const std::int32_t n : periods)
      days[period{n}.day().number][row] |= std::uint64_t{1} << period{n}.slot();
  for (const auto& [day, masks] : days) {
    for (const auto& [row, mask] : masks)
      gaps.add(row.first, row.second, mask);
    gaps.end_day({day});
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// A meter is all connections of its MPAN; missing is a half hour between its first and last that lies in one of their
/// ranges, and runs that meet are one gap.
std::vector<found_gap> naive_scan(const estate& e, const present_periods& present) {
  std::vector<found_gap> out;
  std::map<std::uint64_t, std::vector<std::uint32_t>> meters;
  for (std::uint32_t i = 0; i < e.connections.size(); ++i)
    meters[e.connections[i].mpan.number].push_back(i);
  for (const auto& [number, connections] : meters)
    for (const quantity q : quantities_by_name) {
      std::set<std::int32_t> has;
      for (const std::uint32_t c : connections)
        if (const auto at = present.find({c, q}); at != present.end())
          has.insert(at->second.begin(), at->second.end());
      if (has.empty())
        continue;
      std::optional<std::int32_t> previous;
      for (std::int32_t n = *has.begin(); n <= *has.rbegin(); ++n) {
        const bool connected = std::any_of(connections.begin(), connections.end(),
                                           [&](std::uint32_t c) { return e.connections[c].effective.contains({n}); });
        if (has.contains(n) || !connected)
          continue;
        if (previous == n - 1)
          std::get<3>(out.back()) = n;
        else
          out.emplace_back(connections.front(), q, n, n);
        previous = n;
      }
    }
  std::sort(out.begin(), out.end());
  return out;
}

constexpr auto import = quantity::active_import;

} // namespace

TEST_CASE("gap_scan: meters on more than one transformer") {
  const estate e = make_estate({{"T1", "F1", 1, {0, 10}},
                                {"T1", "F2", 1, {10, 20}}, // within one
                                {"T1", "F1", 2, {0, 10}},
                                {"T2", "F1", 2, {10, 20}},
                                {"T3", "F1", 2, {20, 30}},
                                {"T1", "F1", 9, {0, 10}},
                                {"T2", "F1", 9, {10, 20}},
                                {"T1", "F1", 9, {20, 30}},
                                {"T3", "F1", 4}});
  CHECK(meters_across_transformers(e) == std::vector<mpan>{test_mpan(2), test_mpan(9)});
  CHECK(meters_across_transformers({}).empty());
}

TEST_CASE("gap_scan: meters and quantities do not fill each other's gaps") {
  const estate e = make_estate({{"T1", "F1", 1}, {"T1", "F1", 2}});
  const present_periods present{{{0, import}, {100, 102}},
                                {{1, import}, {101}},
                                {{0, quantity::active_export}, {101, 150}},
                                {{1, quantity::reactive_export}, {7}}};
  CHECK(scan(e, present) == std::vector<found_gap>{{0, import, 101, 101}, {0, quantity::active_export, 102, 149}});
}

TEST_CASE("gap_scan: ranges that adjoin are one and a gap across them too") {
  const estate e = make_estate({{"T1", "F1", 1, {100, 150}}, {"T1", "F2", 1, {150, 300}}});
  CHECK(scan(e, {{{0, import}, {110}}, {{1, import}, {200}}}) == std::vector<found_gap>{{0, import, 111, 199}});
}

TEST_CASE("gap_scan: between ranges in which the meter is connected nothing is missing") {
  const estate e = make_estate({{"T1", "F1", 1, {100, 150}}, {"T1", "F2", 1, {180, 190}}, {"T2", "F1", 1, {250, 400}}});
  CHECK(scan(e, {{{0, import}, {110}}, {{2, import}, {300}}})
        == std::vector<found_gap>{{0, import, 111, 149}, {0, import, 180, 189}, {0, import, 250, 299}});
  CHECK(scan(e, {{{0, import}, {149}}, {{1, import}, {180}}}).empty());
}

TEST_CASE("gap_scan: a gap is told of the connection whose range holds its beginning") {
  const estate e = make_estate({{"T1", "F1", 1, {100, 150}}, {"T2", "F1", 1, {150, 400}}});
  std::vector<std::uint32_t> told;
  gap_scan gaps(e, all_of(e), [&](const meter_gap& g) { told.push_back(g.connection.value); });
  for (const auto& [place, n] : {std::pair{0U, 110}, std::pair{0U, 140}, std::pair{1U, 160}, std::pair{1U, 190}}) {
    gaps.add(place, import, std::uint64_t{1} << period{n}.slot());
    gaps.end_day(period{n}.day());
  }
  CHECK(told == std::vector<std::uint32_t>{0, 0, 1});
}

TEST_CASE("gap_scan: agrees with a walk over every half hour") {
  seeded_random random(1301);
  int wrong = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<estate_row> rows;
    for (std::uint64_t m = 0; m < 3; ++m) {
      std::int32_t at = random.between(1000, 1060);
      for (std::uint64_t n = 1 + random.below(4); n != 0; --n) {
        const std::int32_t end = at + random.between(1, 90);
        rows.push_back({"T" + std::to_string(random.below(2)), "F" + std::to_string(random.below(2)), m, {at, end}});
        at = random.chance(1, 2) ? end : end + random.between(1, 70);
      }
    }
    const estate e = make_estate(rows);
    present_periods present;
    const std::uint64_t missing = random.below(5);
    for (std::uint32_t c = 0; c < e.connections.size(); ++c)
      for (const quantity q : {quantity::active_import, quantity::active_export})
        for (std::int32_t n = e.connections[c].effective.first; n < e.connections[c].effective.end; ++n)
          if (!random.chance(missing, 5) && !(missing == 3 && n / 48 % 2 == 0))
            present[{c, q}].insert(n);
    wrong += scan(e, present) == naive_scan(e, present) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
