#include "src/api/topic_source.hpp"
#include "src/settled_days/settled_day_topic.hpp"
#include "tests/support/api_fixture.hpp"
#include "tests/support/known_facts.hpp"
#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <map>
#include <set>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::uint32_t transformers = 3;
constexpr std::uint32_t meters_each = 4;
const std::string events = "/v1/topics/settlement.day/events";
const std::string reader = "service:settlement:s";

constexpr std::string_view settlement_alone = R"(
version = 1
[identities."urn:gridtwin:service:settlement:s"]
)";

/// A reading as it came, in which run and when it became known.
struct told_reading {
  std::uint32_t meter = 0; ///< of all meters, by transformer
  gridtwin::period period;
  std::uint16_t version = 1;
  std::int64_t wh = 0;
  std::int64_t known_s = 0;
};

/// The estimate of a half hour by a made-up rule that no other run has.
content made_estimate(std::uint32_t meter, quantity q, period p, std::int64_t salt) {
  return estimate_of((meter * 7 + index_of(q) * 100 + static_cast<std::uint32_t>(p.slot()) + salt * 1000) % 70'000,
                     salt % 2 == 0 ? "E1" : "E3");
}

/// What a run settles, in the words of the rules: the highest version of what was known at its gate, if that is not
/// contradicted; else an estimate. A line for each meter and quantity.
class naive_runs {
public:
  explicit naive_runs(std::uint32_t of_transformers = transformers) : transformers_(of_transformers) {}

  void add(const told_reading& r) { told_.push_back(r); }

  /// Records a run of all that was told up to now.
  void settle(api_fixture& f, run_code run, const civil_date& date, std::int64_t known_at_s) {
    const std::vector<period> periods = periods_of(date);
    recorded_settlement record{run, date, known_at_s, sha256(std::to_string(++runs_)), {}, {}, {}};
    record.outputs = record.inputs;
    std::vector<std::string> lines;
    for (std::uint32_t meter = 0; meter < transformers_ * meters_each; ++meter)
      for (const quantity q : quantities_by_name) {
        std::string wh;
        std::string qualities;
        int actuals = 0;
        for (const period p : periods) {
          naive_half_hour known;
          for (const told_reading& r : told_)
            if (q == quantity::active_import && r.meter == meter && r.period == p && r.known_s <= known_at_s)
              known.add({r.version, actual_of(r.wh)});
          const auto current = known.current();
          const content settled = current ? current->content : made_estimate(meter, q, p, runs_);
          if (!current)
            record.estimates.push_back({mpan_of(meter), q, p, settled, estimation_method::own_history});
          actuals += current ? 1 : 0;
          wh += (wh.empty() ? "" : ",") + std::to_string(settled.wh);
          (((qualities += qualities.empty() ? "" : ",") += '"') += name_of(settled.quality)) += '"';
        }
        const auto all = static_cast<int>(periods.size());
        lines.push_back("\"transformer_id\":\"T" + std::to_string(meter / meters_each) + "\",\"mpan\":\""
                        + to_string(mpan_of(meter)) + "\",\"quantity\":\"" + std::string(name_of(q))
                        + "\",\"settlement_date\":\"" + format_date(date) + "\",\"run\":\"" + std::string(name_of(run))
                        + "\",\"known_at\":\"" + format_instant(known_at_s) + "\",\"wh\":[" + wh
                        + "],\"actual\":" + std::to_string(actuals) + ",\"estimated\":" + std::to_string(all - actuals)
                        + ",\"quality\":[" + qualities + "],");
      }
    std::sort(record.estimates.begin(), record.estimates.end(),
              [](const auto& a, const auto& b) { return a.key() < b.key(); });
    const auto recorded = record_settlement(f.store.folder(), record, encode_estimates(record.estimates));
    REQUIRE(recorded);
    REQUIRE(*recorded);
    lines_.insert(lines_.end(), lines.begin(), lines.end());
  }

  /// Parts of the events that have come of all runs, in their order.
  const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
  static mpan mpan_of(std::uint32_t meter) { return api_fixture::meter(meter / meters_each, meter % meters_each); }

  std::uint32_t transformers_;
  std::vector<told_reading> told_;
  std::vector<std::string> lines_;
  std::int64_t runs_ = 0;
};

/// The instants at which something becomes known: before, between and after two gates of a date.
constexpr std::int64_t first_gate_days = 5;
constexpr std::int64_t second_gate_days = 16;
std::int64_t gate_of(const civil_date& date, std::int64_t days) {
  return periods_of(date).back().end_s() + days * seconds_per_day - 1;
}

/// A run of readings of a date at the first transformers, some of which come again with other values.
void tell(api_fixture& f, naive_runs& naive, seeded_random& dice, const civil_date& date) {
  const std::vector<period> periods = periods_of(date);
  const std::vector<std::optional<std::int64_t>> known{std::nullopt, gate_of(date, 1), gate_of(date, 10),
                                                       gate_of(date, 30)};
  const std::optional<std::int64_t> known_s = dice.pick(known);
  api_fixture::group group;
  for (std::uint32_t t = 0; t < transformers; ++t) {
    std::vector<stored_reading> readings;
    std::set<std::tuple<std::uint32_t, std::int32_t, std::uint16_t>> there;
    for (std::uint64_t count = dice.below(60); count > 0; --count) {
      const auto n = static_cast<std::uint32_t>(dice.below(meters_each));
      const period p = dice.pick(periods);
      const auto version = static_cast<std::uint16_t>(1 + dice.below(3));
      if (!there.emplace(n, p.number, version).second)
        continue;
      const auto wh = static_cast<std::int64_t>(dice.below(4) * 100);
      readings.push_back(f.reading(n, p.day().number, static_cast<std::uint8_t>(p.slot()), wh, version));
      naive.add({t * meters_each + n, p, version, wh, known_s.value_or(p.end_s())});
    }
    if (!readings.empty())
      group.emplace_back(t, std::move(readings));
  }
  f.run({group}, known_s);
}

std::string stable_part(const std::string& event) {
  const std::size_t begin = event.find("\"transformer_id\"");
  return event.substr(begin, event.find("\"method\"") - begin);
}

} // namespace

TEST_CASE(
  "settled_day_events: P4 DL-09 TM-04 each run as it settled its date, in pages of any size between later runs") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    seeded_random dice(seed);
    api_fixture f(transformers);
    f.set_policy(settlement_alone);
    naive_runs naive;
    // The days of 46, 48 and 50 half hours.
    const std::vector<civil_date> dates{{2026, 3, 29}, {2026, 10, 25}, {2026, 6, 10}};
    tell(f, naive, dice, dates[0]); // who settles has an estate
    auto first = opened_store::open(f.store.folder());
    auto second = opened_store::open(f.store.folder()); // of another thread: nothing that one keeps may matter
    REQUIRE(first);
    REQUIRE(second);
    const topic_source& source = *source_of(access_topic::settlement_day);
    const reader_rights rights([&f] { return f.policy; }, *parse_identity("urn:gridtwin:" + reader));
    std::vector<std::string> got;
    event_position at;
    const auto read_on = [&](std::size_t limit) {
      auto text = parse_event_position(to_string(at));
      REQUIRE(text);
      at = *text;
      const auto page = source.read(dice.below(2) == 0 ? **first : **second, rights, at, {std::nullopt, limit, 1000},
                                    [&](std::string_view json) { got.emplace_back(json); });
      REQUIRE_MESSAGE(page, (page ? "" : page.failure().message));
      return page->at_end;
    };
    for (int round = 0; round < 24; ++round) {
      const civil_date& date = dice.pick(dates);
      if (dice.below(3) != 0)
        tell(f, naive, dice, date);
      else if (dice.below(2) == 0)
        naive.settle(f, run_code::ii, date, gate_of(date, first_gate_days));
      else
        naive.settle(f, run_code::sf, date, gate_of(date, second_gate_days));
      read_on(1 + dice.below(25));
    }
    while (!read_on(1 + dice.below(25))) {
    }
    // A late reading that counts as known, after all: what the runs have settled stays.
    for (const civil_date& date : dates)
      for (int more = 0; more < 3; ++more)
        tell(f, naive, dice, date);
    REQUIRE(naive.lines().size() > 100);
    REQUIRE(got.size() == naive.lines().size());
    for (std::size_t i = 0; i < got.size(); ++i)
      REQUIRE(stable_part(got[i]) == naive.lines()[i]);
    CHECK(f.lines(f.get(reader, events + "?limit=5000")) == got);
  }
}

TEST_CASE("settled_day_events: DL-09 within a record a reader goes on where it was, transformers before it unread") {
  constexpr std::uint32_t many = 20;
  constexpr std::uint32_t of_each = meters_each * quantity_count;
  static_assert(many * of_each > settled_day_topic::events_at_once); // so that it comes in parts
  seeded_random dice(4);
  api_fixture f(many);
  f.set_policy(settlement_alone);
  naive_runs naive(many);
  const civil_date date{2026, 6, 10};
  tell(f, naive, dice, date);
  naive.settle(f, run_code::ii, date, gate_of(date, first_gate_days));
  const std::vector<std::string> whole = f.lines(f.get(reader, events));
  REQUIRE(whole.size() == many * of_each);
  auto opened = opened_store::open(f.store.folder());
  REQUIRE(opened);
  const auto offset = f.store.number("SELECT max(id) FROM journal WHERE kind = 7");
  // From a place in the last transformer nothing of the others is derived.
  const auto batch = (*opened)->settled_days(offset, (many - 1) * of_each + 3);
  REQUIRE(batch);
  CHECK((*batch)->events.size() == of_each);
  CHECK((*batch)->events.front().place == (many - 1) * of_each);
  CHECK((*batch)->of_it == 0);
  const std::string position = std::to_string(estate_shard) + ':' + std::to_string(offset) + '.';
  for (std::size_t n = 1; n < whole.size(); n += 1 + dice.below(40)) {
    const std::vector<std::string> rest = f.lines(f.get(reader, events + "?after=" + position + std::to_string(n)));
    CHECK(rest == std::vector(whole.begin() + static_cast<std::ptrdiff_t>(n), whole.end()));
  }
  CHECK(f.get(reader, events + "?after=" + position + std::to_string(whole.size())).empty());
  std::vector<std::string> one_by_one;
  std::string at = "-";
  for (bool at_end = false; !at_end && one_by_one.size() <= whole.size();) {
    http_response page = f.ask(reader, events + "?limit=1&after=" + at);
    for (const std::string& line : f.lines(page.body))
      one_by_one.push_back(line);
    at = f.field(page, "Gridtwin-Position");
    at_end = f.field(page, "Gridtwin-At-End") == "true";
  }
  CHECK(one_by_one == whole);
}

TEST_CASE("settled_day_events: from a time on, the first run whose gate is then or later and all behind it") {
  seeded_random dice(5);
  api_fixture f(transformers);
  f.set_policy(settlement_alone);
  naive_runs naive;
  const civil_date date{2026, 6, 10};
  const std::int64_t gate = gate_of(date, first_gate_days);
  const std::int64_t next = gate_of(date, second_gate_days);
  tell(f, naive, dice, date);
  naive.settle(f, run_code::ii, date, gate);
  tell(f, naive, dice, date);
  naive.settle(f, run_code::sf, date, next);
  naive.settle(f, run_code::ii, {2026, 6, 9}, gate - seconds_per_day);
  const std::size_t of_run = transformers * meters_each * quantity_count;
  for (const auto& [from, runs] :
       std::vector<std::pair<std::int64_t, std::size_t>>{{0, 3}, {gate, 3}, {gate + 1, 2}, {next, 2}, {next + 1, 0}})
    CHECK(f.lines(f.get(reader, events + "?from_time=" + format_instant(from))).size() == runs * of_run);
}

TEST_CASE("settled_day_events: T8 SE-04 settlement alone may read them, and what a policy masks is left out") {
  seeded_random dice(6);
  api_fixture f(transformers);
  f.set_policy(one_of_each);
  naive_runs naive;
  const civil_date date{2026, 6, 10};
  tell(f, naive, dice, date);
  naive.settle(f, run_code::ii, date, gate_of(date, first_gate_days));
  const http_response unknown = f.ask("service:flexibility:f", "/v1/topics/settlement.night/events");
  for (const std::string who : {"service:network-operator:n", "service:flexibility:f", "service:auditor:a",
                                "operator:o", "device:d", "service:settlement:nobody"}) {
    const http_response answer = f.ask(who, events);
    CHECK(answer.status == 404);
    CHECK(answer.body == unknown.body);
  }
  const auto shown = [&](const std::string& key) {
    return f.get(reader, events + "?limit=1").find("\"" + key + "\":") != std::string::npos;
  };
  for (const std::string key : {"mpan", "wh", "quality", "method", "actual", "estimated"})
    CHECK(shown(key));
  f.set_policy(std::string(settlement_alone) + "[roles.settlement]\nmasked = [\"mpan\", \"quality\"]\n");
  CHECK(shown("wh"));
  for (const std::string key : {"mpan", "quality", "method", "actual", "estimated"})
    CHECK(!shown(key));
}
