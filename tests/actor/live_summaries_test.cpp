// Between two runs of a node a sender waits, but not for the summaries of all its transformers.

#include "src/commands/replay_report.hpp"
#include "src/commands/store_view.hpp"
#include "src/replay/replay_run.hpp"
#include "src/replay/run_inputs.hpp"
#include "src/store/store_reader.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/ingest/ingest_support.hpp"
#include "twins/bounds.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using testing::temporary_folder;

constexpr std::uint32_t at_a_time = bounds::days_summarised_while_waited_for;
constexpr std::uint32_t transformers = 3 * at_a_time - 40;
constexpr period first_period{20'513 * periods_per_day + 1};

std::string meter_of(std::uint32_t t) { return mpan_text(100'000'000'000 + t); }

/// So many transformers with a meter each.
class wide_estate {
public:
  wide_estate() {
    std::string all = "transformer_id,rating_kva,gsp_group\n";
    std::string feeders = "transformer_id,feeder_id\n";
    std::string meters =
      "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation\n";
    for (std::uint32_t t = 0; t < transformers; ++t) {
      const std::string id = "T" + std::to_string(t);
      all += id + ",500,_C\n";
      feeders += id + ",F1\n";
      meters += meter_of(t) + "," + id + ",F1,ABCD,S,W,T,E\n";
    }
    folder_.write("estate/transformers.csv", all);
    folder_.write("estate/feeders.csv", feeders);
    folder_.write("estate/meters.csv", meters);
  }

  /// A run in which each meter brings the half hour of this number, of one day or several. `waits`: a sender comes when
  /// it is over.
  void run(std::int32_t number, bool waits, std::int32_t days = 1) {
    replay_plan plan;
    REQUIRE(load_estate((folder_.path() / "estate").string(), plan));
    plan.options_text = "{}";
    plan.threads = 2;
    submission_feed feed(1'000'000);
    std::size_t answered = 0;
    submission whole{"head-end", 1 + static_cast<std::uint64_t>(number) * transformers, {}};
    for (std::uint32_t t = 0; t < transformers; ++t)
      for (std::int32_t day = 0; day < days; ++day)
        whole.readings.push_back(reading_of(t, number + day * periods_per_day));
    const std::size_t all = whole.readings.size();
    REQUIRE(feed.offer(whole, [&answered](const answers& a) { answered += a.size(); }));
    bool told = false;
    plan.live = live_turn{&feed,
                          [&] {
                            if (answered < all)
                              return false;
                            if (waits && !told)
                              REQUIRE(feed.offer({"late", 1, {reading_of(0, number + 1)}}, [](const answers&) {}));
                            told = true;
                            return true;
                          },
                          {},
                          &summarised_from_};
    auto folder = store_folder::for_writing(folder_.path() / "store");
    REQUIRE(folder);
    const auto outcome = run_replay(
      plan, *folder, [](const replay_progress&) {}, [](const known_estate&) {});
    REQUIRE(outcome);
    CHECK_FALSE(outcome->stopped_by);
  }

  /// Those with a day that has no summary.
  std::set<std::uint32_t> left() const {
    const std::multiset<std::uint32_t> days = days_left();
    return {days.begin(), days.end()};
  }

  /// The same, once for each such day.
  std::multiset<std::uint32_t> days_left() const {
    auto folder = store_folder::for_reading(folder_.path() / "store");
    REQUIRE(folder);
    auto reader = store_reader::open(*folder);
    REQUIRE(reader);
    std::multiset<std::uint32_t> out;
    REQUIRE(reader->for_each_day([&](transformer_number t, utc_day, bool summarised) {
      if (!summarised)
        out.insert(t.value);
    }));
    return out;
  }

  std::string digest() const {
    auto view = store_view::open(folder_.path() / "store");
    REQUIRE(view);
    const auto totals = read_store_totals(*view);
    REQUIRE(totals);
    return to_hex(totals->digest);
  }

private:
  using answers = std::vector<submission_answer>;

  static submitted_reading reading_of(std::uint32_t t, std::int32_t number) {
    submitted_reading out;
    out.meter = *parse_mpan(meter_of(t));
    out.period = {first_period.number + number};
    out.content.wh = 100 + number;
    return out;
  }

  temporary_folder folder_;
  std::uint32_t summarised_from_ = 0;
};

} // namespace

TEST_CASE(
  "live: a sender waits for some summaries alone, each transformer has its turn, and the figures are the same") {
  wide_estate hurried;
  wide_estate calm;
  std::vector<std::set<std::uint32_t>> left;
  for (std::int32_t number = 0; number < 4; ++number) {
    hurried.run(number, true);
    calm.run(number, false);
    left.push_back(hurried.left());
    CHECK(left.back().size() == transformers - at_a_time);
    CHECK(calm.left().empty());
    CHECK(hurried.digest() == calm.digest()); // who reads makes what is not there
  }
  std::set<std::uint32_t> never = left[0];
  for (std::size_t turn : {1, 2})
    std::erase_if(never, [&](std::uint32_t t) { return left[turn].count(t) == 0; });
  CHECK(never.empty());
  hurried.run(4, false);
  calm.run(4, false);
  CHECK(hurried.left().empty());
  CHECK(hurried.digest() == calm.digest());
}

TEST_CASE("live: what a sender waits for is bounded in days, those of this run and those that were left") {
  constexpr std::size_t days = 20;
  constexpr std::size_t under_way = bounds::summaries_in_flight(2) * days;
  wide_estate e;
  for (std::int32_t number = 0; number < 2; ++number) { // in the second all have one more half hour of each day
    e.run(number, true, days);
    const std::size_t summarised = transformers * days - e.days_left().size();
    CHECK(summarised >= at_a_time);
    CHECK(summarised <= at_a_time + under_way);
  }
}

} // namespace gridtwin
