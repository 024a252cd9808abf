#include "sim/estate_generator.hpp"

#include "tests/unit/sim/sim_support.hpp"
#include "twins/mpan.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace gridtwin;
using namespace gridtwin::sim_test;

TEST_CASE("a simulated estate has valid, unique, scattered MPANs with the prefix of their GSP group") {
  const std::map<std::string, std::string> prefixes{
    {"_A", "10"}, {"_B", "11"}, {"_C", "12"}, {"_D", "13"}, {"_E", "14"}, {"_F", "15"}, {"_G", "16"},
    {"_P", "17"}, {"_N", "18"}, {"_J", "19"}, {"_H", "20"}, {"_K", "21"}, {"_L", "22"}, {"_M", "23"}};
  const estate_csv csv = make_estate_csv(20'000, 7);
  std::map<std::string, std::string> group_of;
  std::set<std::string> groups;
  for (const auto& row : rows_of(csv.transformers)) {
    group_of[row.at(0)] = row.at(3);
    groups.insert(row.at(3));
  }
  CHECK(groups.size() == 14);
  std::set<std::string> seen;
  std::string last;
  int ascending = 0;
  for (const auto& row : rows_of(csv.meters)) {
    CHECK(parse_mpan(row.at(0)));
    CHECK(seen.insert(row.at(0)).second);
    CHECK(row.at(0).substr(0, 2) == prefixes.at(group_of.at(row.at(1))));
    ascending += row.at(0) > last ? 1 : 0;
    last = row.at(0);
  }
  CHECK(seen.size() == 20'000);
  CHECK(ascending > 8'000);
  CHECK(ascending < 12'000);
}

TEST_CASE("transformers, feeders and kinds of meters are within their bounds") {
  for (const std::uint64_t meters : {10U, 49U, 50U, 51U, 500U, 501U, 549U, 550U, 3'000U, 40'000U}) {
    const estate_csv csv = make_estate_csv(meters, meters);
    std::map<std::string, int> meters_of, feeders_of;
    std::map<std::string, int> meters_of_feeder;
    std::map<std::string, int> kinds;
    for (const auto& row : rows_of(csv.feeders)) {
      ++feeders_of[row.at(0)];
      CHECK(meters_of_feeder.emplace(row.at(0) + row.at(1), 0).second);
    }
    for (const auto& row : rows_of(csv.meters)) {
      ++meters_of[row.at(1)];
      REQUIRE(meters_of_feeder.count(row.at(1) + row.at(2)) == 1);
      ++meters_of_feeder[row.at(1) + row.at(2)];
      ++kinds["segment " + row.at(4)];
      ++kinds["type " + row.at(5)];
      ++kinds[row.at(8)];
      CHECK(row.at(7) == "E");
      CHECK(row.at(3).size() == 4);
    }
    const auto transformers = rows_of(csv.transformers);
    CHECK(transformers.size() == csv.counts.transformers);
    CHECK(csv.counts.meters == meters);
    CHECK(csv.counts.feeders == meters_of_feeder.size());
    CHECK(csv.counts.export_meters == static_cast<std::uint64_t>(kinds["AI|AE"]));
    for (const auto& row : transformers) {
      CHECK(meters_of[row.at(0)] <= 500);
      CHECK(meters_of[row.at(0)] >= std::min<int>(50, static_cast<int>(meters)));
      CHECK(feeders_of[row.at(0)] >= 2);
      CHECK(feeders_of[row.at(0)] <= 8);
      CHECK(std::set<std::string>{"50", "100", "200", "315", "500", "800", "1000"}.count(row.at(2)) == 1);
    }
    for (const auto& [feeder, count] : meters_of_feeder)
      CHECK(count > 0);
    if (meters >= 40'000) {
      CHECK(kinds["AI|AE"] > 800);
      CHECK(kinds["AI|AE"] < 1'600);
      CHECK(kinds["segment S"] > kinds["segment A"] * 20);
      CHECK(kinds["segment A"] > 0);
      CHECK(kinds["type L"] > 0);
    }
  }
}

TEST_CASE("an estate is a function of its seed") {
  const estate_csv one = make_estate_csv(5'000, 1);
  const estate_csv again = make_estate_csv(5'000, 1);
  const estate_csv other = make_estate_csv(5'000, 2);
  CHECK(one.transformers == again.transformers);
  CHECK(one.feeders == again.feeders);
  CHECK(one.meters == again.meters);
  CHECK(one.meters != other.meters);
  CHECK(one.transformers != other.transformers);
}

TEST_CASE("an estate that is too small or too large is refused") {
  for (const std::uint64_t meters : {std::uint64_t{0}, std::uint64_t{9}, most_simulated_meters + 1}) {
    string_sink transformers, feeders, rows;
    const auto counts = generate_estate({meters, 1}, {transformers, feeders, rows});
    REQUIRE(!counts);
    CHECK(counts.failure().code == errc::usage);
    CHECK(rows.text().empty());
  }
}
