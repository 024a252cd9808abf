// Submissions through a run: threads offer, twins judge, and what each is answered is what the store holds.

#include "src/commands/replay_report.hpp"
#include "src/commands/store_view.hpp"
#include "src/replay/run_inputs.hpp"
#include "src/store/audit.hpp"
#include "src/store/operator_acts.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using testing::seeded_random;
using testing::temporary_folder;
using answers = std::vector<submission_answer>;
using reading_key = std::tuple<std::string, int, std::int32_t, std::uint32_t>; // meter, quantity, period, version

constexpr period some_period{20'513 * periods_per_day + 1};

reading_key key_of(const submitted_reading& r) {
  return {to_string(r.meter), static_cast<int>(index_of(r.quantity)), r.period.number, r.version};
}

/// An estate's folder, and plans of runs over it.
struct live_estate {
  live_estate() {
    const estate_texts texts = good_texts();
    folder.write("estate/transformers.csv", texts.transformers);
    folder.write("estate/feeders.csv", texts.feeders);
    folder.write("estate/meters.csv", texts.meters);
  }

  replay_plan plan() const {
    replay_plan out;
    REQUIRE(load_estate((folder.path() / "estate").string(), out));
    out.options_text = "{}";
    out.threads = 2;
    return out;
  }

  /// What the store is worth: its digest and totals.
  std::string digest_of(const std::string& store) const {
    auto view = store_view::open(folder.path() / store);
    REQUIRE(view);
    const auto totals = read_store_totals(*view);
    REQUIRE(totals);
    return to_hex(totals->digest);
  }

  temporary_folder folder;
};

/// Offers a sender's readings a few at a time, each again until it is answered for good, and keeps the answers.
class sender {
public:
  sender(submission_feed& feed, std::string name, std::vector<submitted_reading> readings)
    : feed_(&feed), name_(std::move(name)), readings_(std::move(readings)), answers_(readings_.size()) {}

  void send(std::uint64_t seed) {
    seeded_random random(seed);
    for (std::size_t first = 0; first < readings_.size();) {
      const std::size_t count = std::min<std::size_t>(1 + random.below(40), readings_.size() - first);
      const auto begin = readings_.begin() + static_cast<std::ptrdiff_t>(first);
      submission s{name_, 1 + first, {begin, begin + static_cast<std::ptrdiff_t>(count)}};
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return under_way_ < 8; }); // a sender's credit
        ++under_way_;
      }
      while (!feed_->offer(s, [this, first](answers a) { take(first, std::move(a)); }))
        std::this_thread::yield();
      first += count;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

  const std::vector<submitted_reading>& readings() const noexcept { return readings_; }
  const answers& told() const noexcept { return answers_; }

private:
  void take(std::size_t first, answers a) {
    const std::lock_guard lock(mutex_);
    std::copy(a.begin(), a.end(), answers_.begin() + static_cast<std::ptrdiff_t>(first));
    --under_way_;
    changed_.notify_all();
  }

  submission_feed* feed_;
  std::string name_;
  std::vector<submitted_reading> readings_;
  answers answers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
};

/// Two days of three meters, some of it wrong; no key twice with another content, so that no answer depends on the
/// order.
std::vector<submitted_reading> some_readings(seeded_random& random) {
  std::vector<submitted_reading> out;
  for (const std::string& meter : {one, two, three, nobody})
    for (int half_hour = 0; half_hour < 2 * periods_per_day; ++half_hour) {
      submitted_reading r;
      r.meter = *parse_mpan(meter);
      r.period = {some_period.number + half_hour};
      r.version = random.chance(1, 10) ? 2 : 1;
      r.content.wh = random.chance(1, 15) ? -5 : static_cast<std::int64_t>(random.below(3000));
      out.push_back(r);
    }
  random.shuffle(out);
  return out;
}

/// What is asked of the audit trail while a run goes on: an event each time.
struct told_acts {
  std::vector<audit_event> next() {
    out.push_back({static_cast<std::int64_t>(out.size()), "gridtwin", "reload", "lists", "files have changed"});
    return {out.back()};
  }
  std::vector<audit_event> out;
};

/// Runs senders against a live run, and ends it when all are answered.
run_counts run_live(const live_estate& estate, const std::string& store,
                    const std::vector<std::unique_ptr<sender>>& senders, submission_feed& feed,
                    told_acts* acts = nullptr) {
  auto folder = store_folder::for_writing(estate.folder.path() / store);
  REQUIRE(folder);
  replay_plan plan = estate.plan();
  std::atomic<bool> over{false};
  plan.live = live_turn{&feed, [&over] { return over.load(); }};
  if (acts != nullptr)
    plan.live->acts = [acts] { return acts->next(); };
  std::thread sending([&] {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < senders.size(); ++i)
      threads.emplace_back([&, i] { senders[i]->send(i); });
    for (std::thread& t : threads)
      t.join();
    over = true;
  });
  const auto outcome = run_replay(
    plan, *folder, [](const replay_progress&) {}, [](const known_estate&) {});
  sending.join();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->stopped_by);
  return outcome->counts;
}

TEST_CASE("P1 P2 live: what is answered accepted stands in the journal where it was said, and what is sent again "
          "changes nothing") {
  const live_estate estate;
  seeded_random random(1);
  submission_feed feed(500);
  std::vector<std::unique_ptr<sender>> senders;
  const std::vector<submitted_reading> all = some_readings(random);
  const std::size_t half = all.size() / 2;
  senders.push_back(
    std::make_unique<sender>(feed, "urn:gridtwin:device:north", std::vector(all.begin(), all.begin() + half)));
  senders.push_back(
    std::make_unique<sender>(feed, "urn:gridtwin:device:south", std::vector(all.begin() + half, all.end())));
  const run_counts counts = run_live(estate, "store", senders, feed);
  CHECK(static_cast<std::size_t>(counts.readings()) == all.size());

  auto view = store_view::open(estate.folder.path() / "store");
  REQUIRE(view);
  std::map<reading_key, submission_answer> accepted;
  std::size_t refused = 0;
  for (const auto& s : senders)
    for (std::size_t i = 0; i < s->readings().size(); ++i) {
      const submission_answer& a = s->told()[i];
      const submitted_reading& r = s->readings()[i];
      if (to_string(r.meter) == nobody) {
        CHECK(a.kind == answer_kind::quarantined);
        CHECK(a.verdict == verdict::unknown_meter);
        ++refused;
      } else if (r.content.wh < 0) {
        CHECK(a.kind == answer_kind::rejected);
        CHECK(a.verdict == verdict::negative);
        ++refused;
      } else {
        CHECK(a.kind == answer_kind::accepted);
        accepted.emplace(key_of(r), a);
      }
    }
  REQUIRE(accepted.size() > 200);
  CHECK(refused > 100);
  // Each lies in the record that was named, and with its sender's number as its line.
  std::size_t found = 0;
  const auto index = good_index();
  for (const auto& [key, a] : accepted) {
    const auto meter = *index->find(*parse_mpan(std::get<0>(key)));
    const period p{std::get<2>(key)};
    const transformer_index t = index->transformer_of(index->connection_at(meter, p));
    CHECK(a.shard == shard_of(index->topology().transformers[t.value].id));
    const auto record =
      view->reader().journal_readings(record_id::of(a.shard, a.offset), view->topology().number_of[t.value]);
    REQUIRE(record);
    for (const stored_reading& r : record->readings)
      found += period_at(r.day, r.slot) == p && r.version == std::get<3>(key) ? 1 : 0;
  }
  CHECK(found >= accepted.size());

  // The same again, by the same senders and by another: nothing is new.
  const std::string digest = estate.digest_of("store");
  std::vector<std::unique_ptr<sender>> again;
  again.push_back(std::make_unique<sender>(feed, "urn:gridtwin:device:north", senders[0]->readings()));
  again.push_back(std::make_unique<sender>(feed, "urn:gridtwin:device:third", senders[1]->readings()));
  (void)run_live(estate, "store", again, feed);
  for (const auto& s : again)
    for (std::size_t i = 0; i < s->readings().size(); ++i)
      if (accepted.contains(key_of(s->readings()[i])))
        CHECK(s->told()[i].kind == answer_kind::duplicate);
  CHECK(estate.digest_of("store") == digest);

  // Another content of a key: none of them stands.
  std::vector<std::unique_ptr<sender>> contrary;
  std::vector<submitted_reading> other;
  for (const submitted_reading& r : all)
    if (accepted.contains(key_of(r)) && other.size() < 5) {
      other.push_back(r);
      other.back().content.wh += 1;
    }
  contrary.push_back(std::make_unique<sender>(feed, "urn:gridtwin:device:north", other));
  (void)run_live(estate, "store", contrary, feed);
  for (const submission_answer& a : contrary.front()->told())
    CHECK(a.kind == answer_kind::conflict);
  CHECK(estate.digest_of("store") != digest);
}

TEST_CASE(
  "live: readings that are submitted and the same in a file give one digest, whatever is recorded beside them") {
  const live_estate estate;
  seeded_random random(2);
  const std::vector<submitted_reading> all = some_readings(random);
  std::string text = "mpan,quantity,period_end,kwh,version\n";
  for (const submitted_reading& r : all)
    text += to_string(r.meter) + ",AI," + format_period(r.period) + ","
            + (r.content.wh < 0
                 ? "-0.005"
                 : std::to_string(r.content.wh / 1000) + "." + std::to_string(1000 + r.content.wh % 1000).substr(1))
            + "," + std::to_string(r.version) + "\n";
  const auto file = estate.folder.write("reads.csv", text);
  {
    auto folder = store_folder::for_writing(estate.folder.path() / "from_file");
    REQUIRE(folder);
    replay_plan plan = estate.plan();
    plan.format = *format_called("generic");
    plan.sources.push_back({file, "reads.csv", text.size()});
    const auto outcome = run_replay(
      plan, *folder, [](const replay_progress&) {}, [](const known_estate&) {});
    REQUIRE(outcome);
    CHECK_FALSE(outcome->stopped_by);
  }
  submission_feed feed(300);
  std::vector<std::unique_ptr<sender>> senders;
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<submitted_reading> part;
    for (std::size_t k = i; k < all.size(); k += 4)
      part.push_back(all[k]);
    senders.push_back(std::make_unique<sender>(feed, "urn:gridtwin:device:s" + std::to_string(i), std::move(part)));
  }
  told_acts acts;
  (void)run_live(estate, "live", senders, feed, &acts);
  CHECK(estate.digest_of("live") == estate.digest_of("from_file"));
  // And each act that was told meanwhile is recorded, in its order.
  const auto folder = store_folder::for_reading(estate.folder.path() / "live");
  REQUIRE(folder);
  auto database = folder->connect_reader();
  REQUIRE(database);
  const auto recorded = recorded_acts(*database);
  REQUIRE(recorded);
  std::vector<audit_event> found;
  for (const recorded_act& act : *recorded)
    found.push_back(act.event);
  CHECK(!found.empty());
  CHECK(found == acts.out);
}

/// A meter's usual half hours, as many as are asked for, each with a value of its own.
std::vector<submitted_reading> usual_readings(std::size_t count) {
  std::vector<submitted_reading> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    out[i].meter = *parse_mpan(one);
    out[i].period = {some_period.number + static_cast<int>(i)};
    out[i].content.wh = 100 + static_cast<std::int64_t>(i);
  }
  return out;
}

/// A process died with these of a sender's readings in hand.
void die_over(const live_estate& estate, const std::string& store, const std::string& name,
              const std::vector<std::uint64_t>& numbers) {
  const auto folder = store_folder::for_writing(estate.folder.path() / store);
  REQUIRE(folder);
  std::vector<suspect> in_hand;
  for (const std::uint64_t number : numbers)
    in_hand.push_back({name, number, 0, 0});
  REQUIRE(note_deaths(*folder, in_hand, {1, "test", "died"}));
}

template <class Read>
auto read_from(const live_estate& estate, const std::string& store, const Read& read) {
  auto folder = store_folder::for_writing(estate.folder.path() / store);
  REQUIRE(folder);
  auto database = folder->connect_reader();
  REQUIRE(database);
  auto found = read(*database);
  REQUIRE(found);
  return std::move(*found);
}

TEST_CASE("V7 live: what a sender had in hand at a death is acquitted when it comes again and is judged") {
  const live_estate estate;
  const std::string north = "urn:gridtwin:device:north"; // the store does not know it yet
  die_over(estate, "store", north, {7, 9, 1'000});
  die_over(estate, "store", north, {7});
  submission_feed feed(500);
  std::vector<std::unique_ptr<sender>> senders;
  senders.push_back(std::make_unique<sender>(feed, north, usual_readings(50)));
  const run_counts counts = run_live(estate, "store", senders, feed);
  CHECK(counts.of(verdict::accepted) == 50);
  for (const submission_answer& a : senders[0]->told())
    CHECK(a.kind == answer_kind::accepted);
  // What has not come yet is suspected still.
  CHECK(read_from(estate, "store", suspects) == std::vector<suspect>{{north, 1'000, 0, 1}});
}

TEST_CASE("V7 V19 live: what a sender had in hand at three deaths is a dead letter and answered; then it is known by "
          "what it says, whatever number it comes under") {
  const live_estate estate;
  const std::string north = "urn:gridtwin:device:north";
  const std::string south = "urn:gridtwin:device:south";
  for (int death = 0; death < 3; ++death)
    die_over(estate, "store", south, {7});
  submission_feed feed(500);
  std::vector<std::unique_ptr<sender>> senders;
  const std::vector<submitted_reading> all = usual_readings(50);
  senders.push_back(std::make_unique<sender>(feed, south, all));
  const run_counts counts = run_live(estate, "store", senders, feed);
  CHECK(counts.of(verdict::accepted) == 49);
  CHECK(counts.of(verdict::twin_failed) == 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(senders[0]->told()[i].kind == (i == 6 ? answer_kind::quarantined : answer_kind::accepted));
    CHECK(senders[0]->told()[i].verdict == (i == 6 ? verdict::twin_failed : verdict::accepted));
  }
  const auto letters = [&] {
    return read_from(estate, "store", [](sqlite_database& database) { return list_letters(database); });
  };
  REQUIRE(letters().size() == 1);
  CHECK(letters()[0].letter.cause == letter_cause::process_died);
  CHECK(letters()[0].letter.attempts == 3);
  CHECK(letters()[0].source == south);
  CHECK(letters()[0].letter.input.line == 7);
  CHECK(letters()[0].letter.reading.content.wh == all[6].content.wh);
  CHECK(read_from(estate, "store", suspects).empty());
  CHECK(read_from(estate, "store", run_counters)
        == std::vector<run_counter>{{letters()[0].run, "dead-letters-process-died", 1}});

  // A sender that has lost its spool numbers anew. By another sender, and under another number, it is not judged.
  std::vector<submitted_reading> anew = usual_readings(60);
  anew.erase(anew.begin(), anew.begin() + 45);
  std::vector<std::unique_ptr<sender>> again;
  again.push_back(std::make_unique<sender>(feed, south, anew));
  again.push_back(std::make_unique<sender>(feed, north, all));
  (void)run_live(estate, "store", again, feed);
  for (std::size_t i = 0; i < anew.size(); ++i) // its seventh is another reading now
    CHECK(again[0]->told()[i].kind == (i < 5 ? answer_kind::duplicate : answer_kind::accepted));
  for (std::size_t i = 0; i < all.size(); ++i)
    CHECK(again[1]->told()[i].kind == (i == 6 ? answer_kind::quarantined : answer_kind::duplicate));
  CHECK(read_from(estate, "store", suspects).empty());
}

} // namespace
} // namespace gridtwin
