#include "twins/run_counts.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};

struct expected_counts {
  std::int64_t accepted = 0;
  std::int64_t duplicates = 0;
  std::int64_t conflicts = 0;
  std::int64_t wh = 0;
  bool operator==(const expected_counts&) const = default;
};

/// The contract: each distinct content of a contradicted key is a conflict, what was there before is a duplicate.
expected_counts naive_counts(const std::vector<offered_reading>& earlier, const std::vector<offered_reading>& offers) {
  naive_half_hour before;
  for (const offered_reading& r : earlier)
    before.add(r);
  naive_half_hour after = before;
  std::vector<offered_reading> added;
  for (const offered_reading& r : offers)
    if (after.add(r))
      added.push_back(r);
  expected_counts out;
  out.duplicates = static_cast<std::int64_t>(offers.size() - added.size());
  for (const offered_reading& r : added) {
    if (after.contents().at(r.version).size() > 1) {
      ++out.conflicts;
    } else {
      ++out.accepted;
      out.wh += r.content.wh;
    }
  }
  return out;
}

expected_counts counts_of(const run_counts& c) {
  return {c.of(verdict::accepted), c.of(verdict::duplicate), c.of(verdict::conflict),
          c.energy_wh[index_of(quantity::active_import)]};
}

std::vector<offered_reading> random_offers(seeded_random& random, std::uint64_t most) {
  const std::vector<content> contents = few_contents();
  std::vector<offered_reading> out;
  for (std::uint64_t n = random.below(most + 1); n != 0; --n)
    out.push_back({random.between<std::uint16_t>(1, 3), random.pick(contents)});
  return out;
}

} // namespace

TEST_CASE("run_counts: equal the contract's rule in every order and with what earlier runs left") {
  seeded_random random(301);
  const connection meter = test_connection();
  std::size_t wrong = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::vector<offered_reading> earlier = random_offers(random, round % 2 == 0 ? 0 : 6);
    std::vector<offered_reading> offers = random_offers(random, 12);
    const expected_counts expected = naive_counts(earlier, offers);
    for (int i = 0; i < 6; ++i) {
      random.shuffle(offers);
      meter_twin twin;
      for (const offered_reading& r : earlier)
        twin.restore(some_day, quantity::active_import, 7, r.version, r.content, false);
      // In two batches whose counts are added, as they are when the run goes on.
      run_counts first;
      run_counts second;
      for (std::size_t n = 0; n < offers.size(); ++n)
        (n % 2 == 0 ? first : second)
          .add(twin.assess({quantity::active_import, period_at(some_day, 7), offers[n].version, offers[n].content},
                           meter, {}),
               quantity::active_import, offers[n].content.wh);
      first += second;
      const bool good = counts_of(first) == expected && first.readings() == static_cast<std::int64_t>(offers.size());
      wrong += good ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("run_counts: every reading offered is in exactly one count") {
  run_counts c;
  for (std::size_t i = 0; i < verdict_count; ++i)
    c.add({static_cast<verdict>(i)}, quantity::active_export, 10);
  CHECK(c.readings() == static_cast<std::int64_t>(verdict_count));
  std::int64_t rejected = 0;
  for (std::size_t i = 0; i < verdict_count; ++i) {
    CHECK(c.by_verdict[i] == 1);
    rejected += is_rejected(static_cast<verdict>(i)) ? 1 : 0;
  }
  CHECK(c.readings()
        == c.of(verdict::accepted) + c.of(verdict::duplicate) + c.of(verdict::conflict) + c.quarantined() + rejected);
  CHECK(c.energy_wh[index_of(quantity::active_export)] == 10); // of the accepted one alone
  CHECK(c.energy_wh[index_of(quantity::active_import)] == 0);
}

TEST_CASE("run_counts: a reading accepted by an earlier run is not taken back from this one") {
  run_counts c;
  c.add({verdict::conflict}, quantity::active_import, 11);
  CHECK(counts_of(c) == expected_counts{0, 0, 1, 0});
  c.add({verdict::accepted}, quantity::active_import, 5);
  c.add({verdict::conflict, true, false, 5}, quantity::active_import, 6);
  CHECK(counts_of(c) == expected_counts{0, 0, 3, 0});
}

TEST_CASE("run_counts: sums go over everything") {
  run_counts a;
  a.rounded = 1;
  a.ambiguous_local_times = 2;
  run_counts b;
  b.rounded = 10;
  b.ambiguous_local_times = 20;
  b.add({verdict::accepted}, quantity::reactive_export, 3);
  a += b;
  a += b;
  CHECK(a.rounded == 21);
  CHECK(a.ambiguous_local_times == 42);
  CHECK(a.of(verdict::accepted) == 2);
  CHECK(a.energy_wh[index_of(quantity::reactive_export)] == 6);
}
