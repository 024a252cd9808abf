#include "sim/reads_generator.hpp"

#include "tests/unit/sim/sim_support.hpp"
#include "twins/energy.hpp"
#include "twins/mpan.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <tuple>

using namespace gridtwin;
using namespace gridtwin::sim_test;

namespace {

const utc_day first_day{days_from_civil({2026, 3, 28})}; // over the change of the clock

struct run {
  std::string text;
  reads_truth truth;
};

run generate(const estate& source, const reads_plan& plan) {
  string_sink sink;
  const auto truth = generate_reads(source, plan, sink);
  REQUIRE(truth);
  return {sink.text(), *truth};
}

reads_plan plan_of(std::int32_t days, std::uint64_t seed, const std::string& faults,
                   row_order order = row_order::time) {
  const auto rates = parse_fault_rates(faults);
  REQUIRE(rates);
  return {first_day, days, seed, *rates, order};
}

/// What a replay must find, worked out from the rows alone with maps.
reads_truth evaluate(const estate& source, const std::string& text) {
  using series = std::pair<std::uint64_t, std::string>;
  using key = std::tuple<std::uint64_t, std::string, std::int64_t, std::string>;
  reads_truth out;
  std::map<std::string, std::pair<std::uint64_t, bool>> meters;
  std::set<std::uint64_t> numbers;
  for (const connection& c : source.connections) {
    const std::string name = c.source_name == 0 ? to_string(c.mpan) : source.source_names[c.source_name];
    meters[name] = {c.mpan.number, c.type == connection_type::whole_current};
    numbers.insert(c.mpan.number);
  }
  std::map<key, std::map<std::int64_t, int>> contents;
  for (const auto& row : rows_of(text)) {
    ++out.readings;
    REQUIRE(row.size() == 5);
    const auto meter = meters.find(row[0]);
    if (meter == meters.end()) {
      CHECK(parse_mpan(row[0]));
      ++out.quarantined;
      continue;
    }
    const auto end = parse_instant(row[2]);
    REQUIRE(end);
    const auto energy = parse_energy(row[3], energy_unit::kilowatt_hour);
    const auto reject = [&](verdict v) { ++out.rejected[index_of(v)]; };
    if (row[3] == "Null") {
      reject(verdict::null_value);
      continue;
    }
    REQUIRE(energy);
    CHECK(!energy->rounded);
    if (*end % seconds_per_period != 0)
      reject(verdict::off_grid);
    else if (energy->wh < 0)
      reject(verdict::negative);
    else if (energy->wh > (meter->second.second ? 60'000 : 1'000'000'000))
      reject(verdict::over_maximum);
    else
      ++contents[{meter->second.first, row[1], *end / seconds_per_period, row[4]}][energy->wh];
  }
  std::map<series, std::map<std::int64_t, bool>> current; // by period: whether its highest version stands
  std::set<std::int32_t> days;
  for (const auto& [of, values] : contents) { // versions ascend, so the highest one is noted last
    const auto& [meter, name, number, version] = of;
    const period p{static_cast<std::int32_t>(number)};
    CHECK(p.day() >= first_day);
    days.insert(p.day().number);
    int rows = 0;
    for (const auto& [wh, count] : values)
      rows += count;
    const bool stands = values.size() == 1;
    out.duplicates += static_cast<std::uint64_t>(rows) - values.size();
    if (stands) {
      ++out.accepted;
      out.energy_wh[index_of(*parse_quantity(name))] += values.begin()->first;
    } else {
      out.conflicts += values.size();
    }
    current[{meter, name}][number] = stands;
  }
  for (const auto& [of, periods] : current) {
    std::int64_t last = 0;
    for (const auto& [number, stands] : periods) {
      if (!stands)
        continue;
      if (last != 0 && number > last + 1) {
        ++out.gaps;
        out.gap_periods += static_cast<std::uint64_t>(number - last - 1);
      }
      last = number;
    }
  }
  out.days = days.size();
  out.meters = numbers.size();
  out.feeders = source.feeders.size();
  out.transformers = source.transformers.size();
  return out;
}

void check_equal(const reads_truth& told, const reads_truth& found) {
  CHECK(told.readings == found.readings);
  CHECK(told.accepted == found.accepted);
  CHECK(told.duplicates == found.duplicates);
  CHECK(told.conflicts == found.conflicts);
  CHECK(told.quarantined == found.quarantined);
  CHECK(told.rejected == found.rejected);
  CHECK(told.energy_wh == found.energy_wh);
  CHECK(told.gaps == found.gaps);
  CHECK(told.gap_periods == found.gap_periods);
  CHECK(told.days == found.days);
  CHECK(told.meters == found.meters);
  CHECK(told.feeders == found.feeders);
  CHECK(told.transformers == found.transformers);
  CHECK(told.readings == told.accepted + told.duplicates + told.conflicts + told.quarantined + told.rejected_in_all());
}

std::string every_fault_at(const std::string& rate) {
  std::string all;
  for (const std::string_view name : fault_names)
    all.append(name).append("=").append(rate).append(",");
  return all;
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines = split(text, '\n');
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// A small estate with what a generated one lacks: a meter that moves, one with a name of its own, one without energy,
/// reactive quantities.
estate make_odd_estate() {
  estate odd = make_estate(20, 3);
  const std::int32_t middle = period_at({first_day.number + 1}, 10).number;
  connection moved = odd.connections[0];
  odd.connections[0].effective.end = middle;
  moved.effective.first = middle + 5;
  moved.feeder = odd.connections.back().feeder;
  odd.source_names.push_back("meter-7");
  odd.connections[1].source_name = 1;
  odd.connections[2].energised = false;
  odd.connections[3].quantities = 15;
  moved.quantities = odd.connections[0].quantities = 3;
  odd.connections.push_back(moved);
  return odd;
}

} // namespace

TEST_CASE("the truth of a file is what its rows say") {
  const estate plain = make_estate(12, 1);
  const estate odd = make_odd_estate();
  std::array<std::uint64_t, fault_count> injected{};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const auto order = static_cast<row_order>(seed % 3);
    const char* rates[] = {"0.2", "0.5", "0.05", "0.01"};
    const std::string faults =
      every_fault_at(rates[seed % 4]) + (seed % 5 == 0 ? "outage=0.01,gap=0.8" : "outage=0.02");
    const estate& source = seed % 2 == 0 ? plain : odd;
    const run made = generate(source, plan_of(3, seed, faults, order));
    check_equal(made.truth, evaluate(source, made.text));
    for (std::size_t f = 0; f < fault_count; ++f)
      injected[f] += made.truth.injected[f];
  }
  for (const std::uint64_t count : injected)
    CHECK(count > 100);
}

TEST_CASE("each fault alone shows in its own count") {
  const estate source = make_estate(30, 5);
  for (const std::string_view name : fault_names) {
    CAPTURE(name);
    const run made = generate(source, plan_of(2, 9, std::string(name) + "=0.2"));
    check_equal(made.truth, evaluate(source, made.text));
    std::uint64_t others = 0;
    for (std::size_t f = 0; f < fault_count; ++f)
      others += fault_names[f] == name ? 0 : made.truth.injected[f];
    CHECK(others == 0);
  }
}

TEST_CASE("every rate at one still adds up") {
  const estate source = make_estate(10, 2);
  for (const char* faults : {"conflict=1", "correction=1", "gap=1", "gap=1,correction=1", "outage=1", "shuffled=1",
                             "conflict=1,duplicate=1,correction=1,off-grid=1,unknown-meter=1,shuffled=1"}) {
    CAPTURE(faults);
    const run made = generate(source, plan_of(1, 4, faults));
    check_equal(made.truth, evaluate(source, made.text));
  }
}

TEST_CASE("without faults every reading is accepted, in order, within bounds") {
  const estate source = make_estate(40, 6);
  const run made = generate(source, plan_of(2, 1, ""));
  check_equal(made.truth, evaluate(source, made.text));
  CHECK(made.truth.accepted == made.truth.readings);
  CHECK(made.truth.gaps == 0);
  CHECK(made.truth.days == 2);
  std::string last;
  for (const auto& row : rows_of(made.text)) {
    CHECK(row[2] >= last);
    last = row[2];
  }
  CHECK(last == "2026-03-30T00:00:00Z");
}

TEST_CASE("every order has the same rows, and the same truth") {
  const estate source = make_odd_estate();
  const std::string faults = every_fault_at("0.1");
  const run by_time = generate(source, plan_of(2, 11, faults, row_order::time));
  const run by_meter = generate(source, plan_of(2, 11, faults, row_order::meter));
  const run shuffled = generate(source, plan_of(2, 11, faults, row_order::random));
  CHECK(by_time.text != by_meter.text);
  CHECK(by_meter.text != shuffled.text);
  CHECK(sorted_lines(by_time.text) == sorted_lines(by_meter.text));
  CHECK(sorted_lines(by_time.text) == sorted_lines(shuffled.text));
  CHECK(to_json(by_time.truth) == to_json(by_meter.truth));
  CHECK(to_json(by_time.truth) == to_json(shuffled.truth));
}

TEST_CASE("a file is a function of the seed, and a day of the days around it only through outages") {
  const estate source = make_estate(15, 1);
  CHECK(generate(source, plan_of(1, 1, "all")).text == generate(source, plan_of(1, 1, "all")).text);
  CHECK(generate(source, plan_of(1, 1, "")).text != generate(source, plan_of(1, 2, "")).text);
  // Any row can be computed alone: the second of two days equals that day by itself, outages from the day before too.
  const std::string both = generate(source, plan_of(2, 1, "outage=0.05,conflict=0.1,gap=0.1")).text;
  reads_plan second = plan_of(1, 1, "outage=0.05,conflict=0.1,gap=0.1");
  ++second.from.number;
  std::set<std::string> all;
  for (const std::string& line : split(both, '\n'))
    all.insert(line);
  std::set<std::string> alone;
  for (const std::string& line : split(generate(source, second).text, '\n'))
    alone.insert(line);
  CHECK(std::includes(all.begin(), all.end(), alone.begin(), alone.end()));
  reads_plan first = plan_of(1, 1, "outage=0.05,conflict=0.1,gap=0.1");
  for (const std::string& line : split(generate(source, first).text, '\n'))
    alone.insert(line);
  CHECK(alone == all);
}

TEST_CASE("solar meters export by day only, and import less than their neighbours at noon") {
  estate source = make_estate(200, 8);
  for (connection& c : source.connections)
    c.quantities = 3;
  reads_plan plan = plan_of(1, 1, "");
  plan.from = {days_from_civil({2026, 6, 10})};
  std::map<std::string, std::int64_t> exported;
  for (const auto& row : rows_of(generate(source, plan).text))
    if (row[1] == "AE")
      exported[row[2].substr(11, 2)] += parse_energy(row[3], energy_unit::kilowatt_hour)->wh;
  CHECK(exported["01"] == 0);
  CHECK(exported["23"] == 0);
  CHECK(exported["12"] > exported["07"]);
  CHECK(exported["07"] > 0);
}

TEST_CASE("a plan out of bounds is refused with what would be right") {
  const estate source = make_estate(10, 1);
  string_sink sink;
  reads_plan plan = plan_of(0, 1, "");
  CHECK(!generate_reads(source, plan, sink));
  plan.days = most_simulated_days + 1;
  CHECK(!generate_reads(source, plan, sink));
  plan.days = 2;
  plan.from = last_storable_period.day();
  CHECK(!generate_reads(source, plan, sink));
  plan.from = {-1};
  CHECK(!generate_reads(source, plan, sink));
  plan = plan_of(most_simulated_days, 1, "", row_order::random);
  const estate larger = make_estate(20, 1);
  const auto refused = generate_reads(larger, plan, sink);
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::usage);
  CHECK(sink.text().empty());
}

TEST_CASE("a failing sink ends the run with its error") {
  class full_disk final : public byte_sink {
  public:
    result<void> write(std::string_view) override { return error{errc::store_failed, "full"}; }
  };
  const estate source = make_estate(500, 1);
  full_disk sink;
  const auto failed = generate_reads(source, plan_of(30, 1, ""), sink);
  REQUIRE(!failed);
  CHECK(failed.failure().message == "full");
}
