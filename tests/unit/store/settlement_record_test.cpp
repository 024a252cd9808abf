#include "src/store/settlement_record.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr civil_date some_date{2026, 3, 4};

recorded_estimate random_estimate(seeded_random& random) {
  recorded_estimate out;
  out.mpan.number = random.between<std::uint64_t>(0, 9'999'999'999'999);
  out.quantity = static_cast<quantity>(random.below(quantity_count));
  out.period.number = random.between(first_storable_period.number, last_storable_period.number);
  out.content.wh = random.chance(1, 8) ? static_cast<std::int64_t>(random.bits()) : random.between(-10, 70'000);
  out.content.quality.code = static_cast<std::uint8_t>(random.below(quality_count));
  out.content.reasons.estimation = static_cast<std::uint8_t>(random.between(0, int{last_estimation_reason}));
  out.content.reasons.amendment = random.pick(std::vector<char>{0, 0, 'A', 'X'});
  out.method = static_cast<estimation_method>(random.below(estimation_method_count));
  return out;
}

void sort_estimates(std::vector<recorded_estimate>& estimates) {
  std::sort(estimates.begin(), estimates.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
}

/// Of few meters with runs of half hours, as a settlement run has them, and of some far apart.
std::vector<recorded_estimate> random_estimates(seeded_random& random, int most) {
  std::vector<recorded_estimate> out;
  for (int n = random.between(0, most); n > 0; --n) {
    recorded_estimate e = random_estimate(random);
    if (!out.empty() && random.chance(3, 4)) {
      e.mpan = out.back().mpan;
      e.quantity = random.chance(3, 4) ? out.back().quantity : e.quantity;
      e.period.number = std::min(out.back().period.number + random.between(1, 3), last_storable_period.number);
    }
    out.push_back(e);
  }
  sort_estimates(out);
  out.erase(std::unique(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key() == b.key(); }),
            out.end());
  return out;
}

digest hash_of(const std::string& text) { return sha256(text); }

recorded_settlement settlement_of(run_code run, std::int64_t known_at_s, const std::string& what,
                                  std::vector<recorded_estimate> estimates = {}) {
  return {run,
          some_date,
          known_at_s,
          hash_of("inputs " + what),
          hash_of("outputs " + what),
          hash_of("shapes " + what),
          std::move(estimates)};
}

bool record(const store_fixture& store, const recorded_settlement& settled) {
  const auto recorded = record_settlement(store.folder(), settled, encode_estimates(settled.estimates));
  REQUIRE(recorded);
  return *recorded;
}

bool same(const recorded_settlement& a, const recorded_settlement& b) {
  return a.run == b.run && a.date == b.date && a.known_at_s == b.known_at_s && a.inputs == b.inputs
         && a.outputs == b.outputs && a.shapes == b.shapes && a.estimates == b.estimates;
}

std::optional<recorded_settlement> before(const store_fixture& store, const civil_date& date, std::int64_t known_at_s) {
  sqlite_database database = store.reader_connection();
  auto found = settlement_before(database, date, known_at_s);
  REQUIRE(found);
  return std::move(*found);
}

} // namespace

TEST_CASE("settlement_record: estimates come back from their one encoding") {
  seeded_random random(5101);
  std::vector<recorded_estimate> back(3); // is replaced
  for (int round = 0; round < 300; ++round) {
    const std::vector<recorded_estimate> estimates = random_estimates(random, 60);
    const std::string bytes = encode_estimates(estimates);
    REQUIRE(decode_estimates(bytes, back));
    CHECK(back == estimates);
    CHECK(encode_estimates(back) == bytes);
  }
  REQUIRE(decode_estimates(encode_estimates({}), back));
  CHECK(back.empty());
}

TEST_CASE("settlement_record: the largest and smallest of everything come back") {
  std::vector<recorded_estimate> estimates(2);
  estimates[0].period = first_storable_period;
  estimates[0].content.wh = std::numeric_limits<std::int64_t>::min();
  estimates[1].mpan.number = std::numeric_limits<std::uint64_t>::max();
  estimates[1].quantity = quantities_by_name[quantity_count - 1];
  estimates[1].period = last_storable_period;
  estimates[1].content = {std::numeric_limits<std::int64_t>::max(), {quality_count - 1}, {255, 'Z'}};
  estimates[1].method = estimation_method::de_energised;
  std::vector<recorded_estimate> back;
  REQUIRE(decode_estimates(encode_estimates(estimates), back));
  CHECK(back == estimates);
}

TEST_CASE("settlement_record: half hours of a usual run take nine bytes each, before they are packed") {
  std::vector<recorded_estimate> estimates;
  for (int n = 0; n < 48; ++n)
    estimates.push_back({test_mpan(1), quantity::active_import, {900'000 + n}, estimate_of(500), {}});
  CHECK(encode_estimates(estimates).size() <= 1 + 16 + 48 * 9);
}

TEST_CASE("settlement_record: estimates out of order and repeats are refused") {
  seeded_random random(5102);
  std::vector<recorded_estimate> back;
  int tried = 0;
  for (int round = 0; round < 100; ++round) {
    const std::vector<recorded_estimate> estimates = random_estimates(random, 20);
    if (estimates.size() < 2)
      continue;
    ++tried;
    const auto at = static_cast<std::size_t>(random.below(estimates.size() - 1));
    std::vector<recorded_estimate> turned = estimates;
    std::swap(turned[at], turned[at + 1]);
    CHECK(!decode_estimates(encode_estimates(turned), back));
    std::vector<recorded_estimate> repeated = estimates;
    repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(at), repeated[at]);
    CHECK(!decode_estimates(encode_estimates(repeated), back));
    repeated[at].content.wh ^= 1; // two values for one half hour are no better
    CHECK(!decode_estimates(encode_estimates(repeated), back));
  }
  CHECK(tried > 50);
}

TEST_CASE("settlement_record: each part that is out of range is refused") {
  seeded_random random(5103);
  const recorded_estimate good = random_estimate(random);
  std::vector<recorded_estimate> back;
  const auto decodes = [&](const auto& change) {
    recorded_estimate e = good;
    change(e);
    return decode_estimates(encode_estimates(std::vector{e}), back);
  };
  CHECK(decodes([](recorded_estimate&) {}));
  CHECK(!decodes([](recorded_estimate& e) { e.quantity = static_cast<quantity>(quantity_count); }));
  CHECK(!decodes([](recorded_estimate& e) { e.content.quality.code = quality_count; }));
  CHECK(!decodes([](recorded_estimate& e) { e.method = static_cast<estimation_method>(estimation_method_count); }));
  CHECK(!decodes([](recorded_estimate& e) { e.period.number = first_storable_period.number - 1; }));
  CHECK(!decodes([](recorded_estimate& e) { e.period.number = last_storable_period.number + 1; }));
}

TEST_CASE("settlement_record: damaged bytes are refused or decode to what is in range and in order") {
  seeded_random random(5104);
  std::vector<recorded_estimate> estimates;
  while (estimates.size() < 10)
    estimates = random_estimates(random, 30);
  const std::string bytes = encode_estimates(estimates);
  std::vector<recorded_estimate> back;
  int whole = 0; // cut behind an estimate: nothing is missing that the bytes tell of
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (!decode_estimates(std::string_view(bytes).substr(0, size), back))
      continue;
    ++whole;
    REQUIRE(back.size() < estimates.size());
    CHECK(std::equal(back.begin(), back.end(), estimates.begin()));
  }
  CHECK(whole == static_cast<int>(estimates.size()));
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    const bool decoded = decode_estimates(damaged, back);
    CHECK((!decoded || i >= 8)); // the version of the format comes first
    if (!decoded)
      continue;
    const std::vector<recorded_estimate> found = back;
    REQUIRE(decode_estimates(encode_estimates(found), back));
    CHECK(back == found);
  }
  CHECK(!decode_estimates("", back));
}

TEST_CASE("settlement_record: a run is recorded once, in the chain, and again where something else came of it") {
  seeded_random random(5105);
  const store_fixture store;
  const recorded_settlement one = settlement_of(run_code::ii, 1'000, "one", random_estimates(random, 40));
  CHECK(record(store, one));
  CHECK(store.rows_in("journal") == 1);
  const std::string once = store.dump();
  CHECK(!record(store, one));
  CHECK(store.dump() == once);

  recorded_settlement other = one;
  other.outputs = hash_of("others");
  CHECK(record(store, other));
  CHECK(!record(store, other));
  other.inputs = hash_of("of others");
  CHECK(record(store, other));
  other.known_at_s = 2'000;
  CHECK(record(store, other));
  CHECK(record(store, one)); // as at first, but not as it was recorded last
  recorded_settlement next = other;
  next.run = run_code::sf;
  CHECK(record(store, next));
  next.date = {2026, 3, 5};
  CHECK(record(store, next));
  CHECK(!record(store, one)); // whatever came of other runs and dates
  CHECK(store.rows_in("journal") == 7);
  CHECK(store.rows_in("settlement_runs") == 7);
  CHECK(broken_links(store) == 0);
  // A replay and a run may follow, in the same chain.
  store_writer writer = store.writer({{"T1", "F1", 1}}, {"a.csv"});
  REQUIRE(writer.close());
  next.date = {2026, 3, 6};
  CHECK(record(store, next));
  CHECK(broken_links(store) == 0);
}

TEST_CASE("settlement_record: what the journal holds of a run is of its estimates, too") {
  seeded_random random(5106);
  const auto body_with = [](const std::vector<recorded_estimate>& estimates) {
    const store_fixture store;
    REQUIRE(record(store, settlement_of(run_code::r1, 1'000, "one", estimates)));
    sqlite_database database = store.reader_connection();
    auto s = database.prepare("SELECT body FROM journal");
    REQUIRE(s);
    REQUIRE(s->step());
    return std::string(s->bytes(0));
  };
  std::vector<recorded_estimate> estimates{random_estimate(random)};
  const std::string body = body_with(estimates);
  CHECK(body_with(estimates) == body);
  estimates[0].content.wh ^= 1;
  CHECK(body_with(estimates) != body);
  CHECK(body_with({}) != body);
}

TEST_CASE("settlement_record: the run before is the one of the date with the latest gate before an instant") {
  seeded_random random(5107);
  const store_fixture store;
  CHECK(!before(store, some_date, 1'000'000));
  const recorded_settlement sf = settlement_of(run_code::sf, 2'000, "sf", random_estimates(random, 40));
  const recorded_settlement ii = settlement_of(run_code::ii, 1'000, "ii", random_estimates(random, 40));
  const recorded_settlement r1 = settlement_of(run_code::r1, 3'000, "r1", random_estimates(random, 40));
  for (const recorded_settlement* one : {&sf, &ii, &r1}) // the gate counts, not when it was recorded
    REQUIRE(record(store, *one));
  recorded_settlement elsewhere = settlement_of(run_code::ii, 2'500, "elsewhere");
  elsewhere.date = {2026, 3, 5};
  REQUIRE(record(store, elsewhere));

  const auto is = [&](std::int64_t known_at_s, const recorded_settlement& wanted) {
    const auto found = before(store, some_date, known_at_s);
    return found && same(*found, wanted);
  };
  CHECK(!before(store, some_date, 1'000)); // its own gate is not before it
  CHECK(is(1'001, ii));
  CHECK(is(2'000, ii));
  CHECK(is(2'001, sf));
  CHECK(is(3'000, sf));
  CHECK(is(1'000'000, r1));
  CHECK(!before(store, {2026, 3, 3}, 1'000'000));
  // Held again with something else known: what was recorded last counts.
  const recorded_settlement again = settlement_of(run_code::sf, 2'000, "again", random_estimates(random, 40));
  REQUIRE(record(store, again));
  CHECK(is(3'000, again));

  sqlite_database database = store.reader_connection();
  const auto all = recorded_settlements(database, some_date);
  REQUIRE(all);
  REQUIRE(all->size() == 4);
  const std::vector<const recorded_settlement*> order{&sf, &ii, &r1, &again};
  for (std::size_t i = 0; i < order.size(); ++i) {
    recorded_settlement without = *order[i];
    without.estimates.clear();
    CHECK(same((*all)[i], without));
  }
}

TEST_CASE("settlement_record: a run knows which replays it had before it") {
  seeded_random random(5109);
  const store_fixture store;
  const std::vector<estate_row> rows{{"T1", "F1", 1}};
  const auto replay = [&](std::int64_t wh) {
    store_writer writer = store.writer(rows, {"a.csv"});
    stored_reading r;
    r.day.number = 20'000;
    r.content = actual_of(wh);
    r.version = static_cast<std::uint16_t>(wh);
    r.source = 1;
    r.line = 1;
    REQUIRE(writer.commit({{commit_of({0}, 0, {r})}, {}, {}}));
    REQUIRE(writer.close());
  };
  const auto ii = settlement_of(run_code::ii, 1'000, "ii", random_estimates(random, 40));
  REQUIRE(record(store, ii));
  CHECK(before(store, some_date, 1'001)->last_replay == 0);
  replay(1);
  replay(2);
  CHECK(before(store, some_date, 1'001)->last_replay == 0);
  const auto sf = settlement_of(run_code::sf, 2'000, "sf", random_estimates(random, 40));
  REQUIRE(record(store, sf));
  replay(3);
  CHECK(before(store, some_date, 2'001)->last_replay == 2);
  CHECK(before(store, some_date, 2'000)->last_replay == 0);
  // The same that comes again after something else is a record of its own.
  auto other = sf;
  other.inputs = hash_of("others");
  REQUIRE(record(store, other));
  replay(4);
  REQUIRE(record(store, sf));
  CHECK(before(store, some_date, 2'001)->last_replay == 4);
}

TEST_CASE("settlement_record: a run that the journal does not have is damaged") {
  const store_fixture store;
  REQUIRE(record(store, settlement_of(run_code::ii, 1'000, "ii")));
  {
    sqlite_database database = store.writer_connection();
    REQUIRE(database.execute("UPDATE settlement_runs SET known_at = 999"));
  }
  sqlite_database database = store.reader_connection();
  const auto found = settlement_before(database, some_date, 1'000);
  REQUIRE(!found);
  CHECK(found.failure().message.find("damaged") != std::string::npos);
}

TEST_CASE("settlement_record: a damaged record is said to be so") {
  seeded_random random(5108);
  const store_fixture store;
  REQUIRE(record(store, settlement_of(run_code::ii, 1'000, "ii", random_estimates(random, 40))));
  sqlite_database database = store.writer_connection();
  for (const char* const damage : {"estimates = x'00'", "run = 'R9'"}) {
    REQUIRE(database.execute("SAVEPOINT whole"));
    const std::string sql = "UPDATE settlement_runs SET " + std::string(damage);
    REQUIRE(database.execute(sql_text::of_a_test(sql)));
    const auto found = settlement_before(database, some_date, 2'000);
    REQUIRE(!found);
    CHECK(found.failure().code == errc::store_failed);
    CHECK(found.failure().message.find("2026-03-04") != std::string::npos);
    REQUIRE(database.execute("ROLLBACK TO whole"));
    REQUIRE(database.execute("RELEASE whole"));
  }
  CHECK(settlement_before(database, some_date, 2'000));
}

TEST_CASE("settlement_record: P4 each record leads to its own run, with the replays and the estate before it") {
  seeded_random random(5110);
  const store_fixture store;
  struct expectation {
    recorded_settlement settled;
    std::string estate;
  };
  std::vector<expectation> expected;
  const auto bind = [&](const std::vector<estate_row>& rows) {
    store_writer writer = store.writer(rows, {"a.csv"});
    stored_reading r; // a run that brings nothing is none
    r.day.number = 20'000 + static_cast<std::int32_t>(store.rows_in("runs"));
    r.content = actual_of(1);
    r.source = 1;
    r.line = 1;
    REQUIRE(writer.commit({{commit_of({0}, 0, {r})}, {}, {}}));
    REQUIRE(writer.close());
  };
  const auto settle = [&](recorded_settlement one) {
    sqlite_database database = store.reader_connection();
    const auto estate = bound_estate_hash(database);
    REQUIRE(estate);
    REQUIRE(record(store, one));
    one.last_replay = static_cast<std::uint32_t>(store.rows_in("runs"));
    expected.push_back({std::move(one), *estate});
  };
  const auto ii = settlement_of(run_code::ii, 1'000, "ii", random_estimates(random, 40));
  const auto sf = settlement_of(run_code::sf, 2'000, "sf", random_estimates(random, 40));
  auto other = sf;
  other.inputs = hash_of("others");
  bind({{"T1", "F1", 1}});
  settle(sf);
  settle(ii);
  bind({{"T1", "F1", 1}, {"T1", "F1", 2}});
  settle(other);
  bind({{"T1", "F1", 1}, {"T1", "F1", 2}});
  settle(sf); // the same as the first, of another estate
  settle(settlement_of(run_code::rf, 3'000, "rf"));

  sqlite_database database = store.reader_connection();
  std::int64_t after = 0;
  for (const expectation& wanted : expected) {
    const auto found = find_settlement(database, after);
    REQUIRE(found);
    REQUIRE(found->found);
    CHECK(found->last_offset == found->found->offset());
    after = found->last_offset;
    const auto past = read_past_settlement(database, *found->found);
    REQUIRE_MESSAGE(past, (past ? "" : past.failure().message));
    std::vector<recorded_estimate> estimates;
    REQUIRE(decode_estimates(past->estimates, estimates));
    CHECK(estimates == wanted.settled.estimates);
    recorded_settlement whole = past->settled;
    whole.estimates = estimates;
    CHECK(same(whole, wanted.settled));
    CHECK(whole.last_replay == wanted.settled.last_replay);
    CHECK(past->estate_hash == wanted.estate);
  }
  const auto none = find_settlement(database, after);
  REQUIRE(none);
  CHECK(!none->found);
  CHECK(none->at_end);
  CHECK(expected[0].estate != expected[4].estate);
  CHECK(!read_past_settlement(database, record_id::of(estate_shard, 1))); // an estate takes effect
  CHECK(!read_past_settlement(database, record_id::of(estate_shard, after + 1)));

  const auto first = find_settlement(database, 0)->found->offset();
  for (const auto& [from, runs] :
       std::vector<std::pair<std::int64_t, std::size_t>>{{0, 5}, {2'000, 5}, {2'001, 1}, {3'000, 1}, {3'001, 0}}) {
    const auto before = settlements_before(database, from);
    REQUIRE(before);
    std::size_t behind = 0;
    for (auto next = find_settlement(database, *before); next->found;
         next = find_settlement(database, next->last_offset))
      ++behind;
    CHECK(behind == runs);
    CHECK((runs != 5 || *before == first - 1));
  }
  database = store.writer_connection();
  REQUIRE(database.execute("UPDATE settlement_runs SET outputs = x'00' WHERE number = 5"));
  const auto damaged = read_past_settlement(database, record_id::of(estate_shard, after));
  REQUIRE(!damaged);
  CHECK(damaged.failure().code == errc::store_failed);
}
