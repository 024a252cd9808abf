#include "src/api/event_json.hpp"
#include "src/api/topic_source.hpp"
#include "tests/support/api_fixture.hpp"
#include "tests/support/seeded_random.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::string_view who_may = R"(
version = 1
[roles.settlement]
rights = ["read gap"]
masked = ["mpan"]
[identities."urn:gridtwin:operator:o"]
[identities."urn:gridtwin:service:settlement:s"]
[identities."urn:gridtwin:service:network-operator:n"]
transformers = "all"
[identities."urn:gridtwin:service:flexibility:f"]
consent_file = "1-6.csv"
[identities."urn:gridtwin:service:auditor:a"]
)";
const std::string gap_events = "/v1/topics/gap/events";

using open_gaps =
  std::map<std::tuple<std::string, std::string, std::string>, int>; // mpan, first, last: opened less closed

std::string text_in(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\":\"");
  if (at == std::string::npos)
    return {};
  const std::size_t begin = at + key.size() + 4;
  return json.substr(begin, json.find('"', begin) - begin);
}

/// Events of meters that were moved may come from any shard first: they are counted.
open_gaps folded(const std::vector<std::string>& events) {
  open_gaps out;
  for (const std::string& e : events)
    out[{text_in(e, "mpan"), text_in(e, "first_period_end"), text_in(e, "last_period_end")}] +=
      text_in(e, "state") == "open" ? 1 : -1;
  std::erase_if(out, [](const auto& one) { return one.second == 0; });
  return out;
}

/// Everything that was said of meters, and what is missing between what stands.
class said_readings {
public:
  void add(const mpan& meter, const stored_reading& r) {
    said_[to_string(meter)][period_at(r.day, r.slot).number][r.version].insert(r.content.wh);
  }
  open_gaps gaps() const {
    open_gaps out;
    for (const auto& [meter, periods] : said_) {
      std::optional<std::int32_t> last;
      for (const auto& [number, versions] : periods) {
        if (versions.rbegin()->second.size() != 1) // contradicted
          continue;
        if (last && number > *last + 1)
          out[{meter, format_period({*last + 1}), format_period({number - 1})}] = 1;
        last = number;
      }
    }
    return out;
  }

private:
  std::map<std::string, std::map<std::int32_t, std::map<std::uint16_t, std::set<std::int64_t>>>> said_;
};

stored_reading random_reading(seeded_random& dice, std::uint32_t n, std::int32_t days) {
  return api_fixture::reading(n, 5 + static_cast<std::int32_t>(dice.below(static_cast<std::uint64_t>(days))),
                              static_cast<std::uint8_t>(dice.below(periods_per_day)),
                              static_cast<std::int64_t>(7 + dice.below(dice.chance(1, 6) ? 2 : 1)),
                              static_cast<std::uint16_t>(1 + dice.below(dice.chance(1, 5) ? 3 : 1)));
}

/// Two transformers that lie in different shards.
std::pair<std::string, std::string> apart() {
  for (int n = 1;; ++n)
    if (const std::string name = "T" + std::to_string(n); shard_of("T0") < shard_of(name))
      return {"T0", name};
}

} // namespace

TEST_CASE("gap_events: TM-07 VA-11 DL-09 whatever comes in whatever order, from any position, by any connection") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    seeded_random dice(seed);
    api_fixture f(3);
    f.set_policy(who_may);
    f.run({});
    said_readings said;
    auto first = opened_store::open(f.store.folder());
    auto second = opened_store::open(f.store.folder()); // of another thread: nothing that one keeps may matter
    REQUIRE(first);
    REQUIRE(second);
    const reader_rights everything([&f] { return f.policy; }, *parse_identity("urn:gridtwin:operator:o"));
    std::vector<std::string> got;
    event_position at;
    const auto go_on = [&](std::size_t limit) {
      auto text = parse_event_position(to_string(at));
      REQUIRE(text);
      at = *text;
      const auto page =
        source_of(access_topic::gap)
          ->read(dice.below(2) == 0 ? **first : **second, everything, at, {std::nullopt, limit, 1 + dice.below(60)},
                 [&](std::string_view json) { got.emplace_back(json); });
      REQUIRE(page);
      return page->at_end;
    };
    for (int round = 0; round < 40; ++round) {
      const auto t = static_cast<std::uint32_t>(dice.below(3));
      std::vector<stored_reading> readings;
      for (std::uint64_t left = 1 + dice.below(30); left != 0; --left) {
        readings.push_back(random_reading(dice, static_cast<std::uint32_t>(dice.below(4)), 9));
        said.add(api_fixture::meter(t, readings.back().twin.value), readings.back());
      }
      f.commit(t, readings);
      go_on(1 + dice.below(20));
      if (round % 8 == 7)
        CHECK(folded(f.lines(f.get("operator:o", gap_events + "?limit=5000"))) == said.gaps());
    }
    while (!go_on(7))
      continue;
    CHECK(folded(got) == said.gaps());
    std::vector<std::string> whole = f.lines(f.get("operator:o", gap_events + "?limit=5000"));
    std::sort(whole.begin(), whole.end());
    std::sort(got.begin(), got.end());
    CHECK(got == whole);
    CHECK(whole.size() > 200);
  }
}

TEST_CASE(
  "gap_events: TM-07 a meter that moved: its gaps reach over both sides, and what the order is not known of waits") {
  const auto [from, to] = apart();
  const std::int32_t moves = period_at({7}, 20).number;
  // By the estate's order the meter is the last one of both.
  std::vector<estate_row> rows{{from, "F1", 1}, {to, "F1", 2}};
  rows.push_back({from, "F1", 3, {period_range{}.first, moves}});
  rows.push_back({to, "F1", 3, {moves, period_range{}.end}});
  REQUIRE(test_mpan(3).number > test_mpan(2).number);
  api_fixture f(rows);
  f.set_policy(who_may);
  const auto told = [&] { return folded(f.lines(f.get("operator:o", gap_events + "?limit=5000"))); };
  const auto missing = [](utc_day first_day, int first, utc_day last_day, int last) {
    return open_gaps{
      {{to_string(test_mpan(3)), format_period(period_at(first_day, first)), format_period(period_at(last_day, last))},
       1}};
  };
  f.commit(0, {f.reading(1, 7, 10, 1)});
  f.commit(1, {f.reading(1, 7, 30, 1)});
  CHECK(told() == missing({7}, 11, {7}, 29));
  // Both sides in one run: the later side tells at once by the runs before, the other when its run is over.
  f.run({{{0, {f.reading(1, 7, 15, 1)}}}, {{1, {f.reading(1, 7, 25, 1)}}}});
  open_gaps split = missing({7}, 11, {7}, 24);
  split.merge(missing({7}, 26, {7}, 29));
  CHECK(told() == split);
  const std::string before = f.get("operator:o", gap_events + "?limit=5000");
  f.commit(1, {f.reading(0, 7, 3, 1)}); // another run, of another meter
  split = missing({7}, 11, {7}, 14);
  split.merge(missing({7}, 16, {7}, 24));
  split.merge(missing({7}, 26, {7}, 29));
  CHECK(told() == split);
  std::vector<std::string> then = f.lines(before);
  std::vector<std::string> now = f.lines(f.get("operator:o", gap_events + "?limit=5000"));
  std::sort(then.begin(), then.end());
  std::sort(now.begin(), now.end());
  CHECK(std::includes(now.begin(), now.end(), then.begin(), then.end())); // what was told has not changed
}

TEST_CASE("gap_events: TM-07 meters that moved between any shards, in runs of many groups") {
  const auto [from, to] = apart();
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    seeded_random dice(seed);
    const std::int32_t moves = period_at({7}, 20).number;
    std::vector<estate_row> rows;
    for (const std::uint64_t meter : {1U, 2U, 3U}) {
      rows.push_back({from, "F1", meter, {period_range{}.first, moves}});
      rows.push_back({to, "F1", meter, {moves, period_range{}.end}});
    }
    api_fixture f(rows);
    f.set_policy(who_may);
    said_readings said;
    std::multiset<std::string> before;
    for (int run = 0; run < 10; ++run) {
      std::vector<api_fixture::group> groups(1 + dice.below(5));
      for (api_fixture::group& g : groups) {
        std::map<std::uint32_t, std::vector<stored_reading>> sides;
        for (int left = 12; left != 0; --left) {
          const stored_reading r = random_reading(dice, static_cast<std::uint32_t>(dice.below(3)), 5);
          sides[period_at(r.day, r.slot).number < moves ? 0 : 1].push_back(r);
          said.add(test_mpan(r.twin.value + 1), r);
        }
        g.assign(sides.begin(), sides.end());
      }
      f.run(groups);
      const auto lines = f.lines(f.get("operator:o", gap_events + "?limit=5000"));
      const std::multiset<std::string> now(lines.begin(), lines.end());
      CHECK(std::includes(now.begin(), now.end(), before.begin(), before.end()));
      before = now;
    }
    f.run({{{0, {f.reading(0, 1, 0, 7)}}}}); // with it the last run is over, and it waits itself
    said_readings all = said;
    CHECK(folded(f.lines(f.get("operator:o", gap_events + "?limit=5000"))) == said.gaps());
    CHECK(before.size() > 50);
  }
}

TEST_CASE("gap_events: TM-07 a page goes through a bounded number of readings, though none of them makes a gap") {
  constexpr int commits = 12;
  api_fixture f(1);
  f.set_policy(who_may);
  for (std::uint8_t slot = 0; slot < commits; ++slot)
    f.commit(0, {f.reading(0, 5, slot, 1), f.reading(1, 5, slot, 1), f.reading(2, 5, slot, 1)});
  f.commit(0, {f.reading(0, 5, 40, 1)});
  const auto store = opened_store::open(f.store.folder());
  REQUIRE(store);
  const reader_rights everything([&f] { return f.policy; }, *parse_identity("urn:gridtwin:operator:o"));
  event_position at;
  int events = 0;
  int pages = 0;
  for (bool at_end = false; !at_end; ++pages) {
    const std::int64_t before = at.at(shard_of("T0")).offset;
    const auto page =
      source_of(access_topic::gap)->read(**store, everything, at, {shard_of("T0"), 1, 8}, [&](std::string_view) {
        ++events;
      });
    REQUIRE(page);
    at_end = page->at_end;
    CHECK(at.at(shard_of("T0")).offset - before <= 2); // each counts as four
    CHECK((at_end || before < at.at(shard_of("T0")).offset));
  }
  CHECK(events == 1);
  CHECK(pages >= commits / 2);
}

TEST_CASE(
  "gap_events: TM-07 a gap is known with the last reading that opened or closed it, not with all of its record") {
  api_fixture f(1);
  f.set_policy(who_may);
  const auto known_at = [&](const std::string& state, std::int32_t day, int first) {
    for (const std::string& e : f.lines(f.get("operator:o", gap_events)))
      if (text_in(e, "state") == state && text_in(e, "first_period_end") == format_period(period_at({day}, first)))
        return text_in(e, "known_at");
    return std::string();
  };
  // Without a received-at a reading is known when its half hour ends.
  f.commit(0, {f.reading(0, 5, 9, 1), f.reading(0, 5, 12, 1), f.reading(0, 5, 47, 1), f.reading(0, 7, 3, 1)});
  CHECK(known_at("open", 5, 10) == format_period(period_at({5}, 12)));
  CHECK(known_at("open", 5, 13) == format_period(period_at({5}, 47)));
  CHECK(known_at("open", 6, 0) == format_period(period_at({7}, 3)));
  f.commit(0, {f.reading(0, 5, 10, 1), f.reading(0, 5, 11, 1), f.reading(0, 7, 5, 1)});
  CHECK(known_at("closed", 5, 10) == format_period(period_at({5}, 11)));
  CHECK(known_at("open", 7, 4) == format_period(period_at({7}, 5)));
  // Contradicted: one that was there is no longer.
  f.commit(0, {f.reading(0, 5, 10, 2), f.reading(0, 7, 8, 1)});
  std::string contradicted;
  for (const std::string& e : f.lines(f.get("operator:o", gap_events)))
    if (text_in(e, "state") == "open" && text_in(e, "last_period_end") == format_period(period_at({5}, 10)))
      contradicted = text_in(e, "known_at");
  CHECK(contradicted == format_period(period_at({5}, 10)));
}

TEST_CASE("gap_events: TM-07 what a meter lacks while it is connected nowhere is no part of a gap") {
  const std::int32_t ends = period_at({5}, 10).number;
  const std::int32_t begins = period_at({5}, 20).number;
  api_fixture f({{"T0", "F1", 1, {period_range{}.first, ends}}, {"T0", "F1", 1, {begins, period_range{}.end}}});
  f.set_policy(who_may);
  f.commit(0, {f.reading(0, 5, 7, 1), f.reading(1, 5, 23, 1)});
  const std::string event = f.get("operator:o", gap_events);
  const auto end_of = [](int slot) { return "\"" + format_period(period_at({5}, slot)) + "\""; };
  CHECK(event.find("\"first_period_end\":" + end_of(8) + ",\"last_period_end\":" + end_of(22)
                   + ",\"periods\":5,\"parts\":[{\"first_period_end\":" + end_of(8)
                   + ",\"last_period_end\":" + end_of(9) + ",\"periods\":2},{\"first_period_end\":" + end_of(20)
                   + ",\"last_period_end\":" + end_of(22) + ",\"periods\":3}]")
        != std::string::npos);
}

TEST_CASE("gap_events: T8 P6 to who may read gaps of households, without the MPAN where it is masked") {
  api_fixture f(2);
  f.set_policy(who_may);
  f.commit(0, {f.reading(0, 5, 1, 1), f.reading(0, 5, 4, 1)});
  const std::string meter = to_string(api_fixture::meter(0, 0));
  CHECK(text_in(f.get("operator:o", gap_events), "mpan") == meter);
  const std::string masked = f.get("service:settlement:s", gap_events);
  CHECK(text_in(masked, "state") == "open");
  CHECK(masked.find(meter) == std::string::npos);
  CHECK(masked.find("mpan") == std::string::npos);
  for (const std::string who :
       {"service:network-operator:n", "service:flexibility:f", "service:auditor:a", "service:settlement:other"})
    CHECK(f.ask(who, gap_events).status == 404);
}
