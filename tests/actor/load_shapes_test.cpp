#include "src/store/bytes.hpp"
#include "src/store/shape_parts.hpp"
#include "tests/support/actor_fixture.hpp"

#include <doctest/doctest.h>

namespace gridtwin::testing {

namespace {

/// Meters 1 to 4 of one transformer, the last of them not domestic. The store has a reading of meter 2, known since
/// `known_before`; the run's own become known a minute later.
struct shapes_fixture : deterministic_system {
  static constexpr std::int64_t known_before = period_at(test_day, 47).end_s() + 7200;
  static constexpr std::int64_t known_now = known_before + 60;

  explicit shapes_fixture(known_time known) {
    auto e = std::make_shared<estate>(*small_estate(4));
    e->connections[3].domestic = false;
    run_data = run_of(std::move(e), days);
    run_data->known = known;
    stored_reading stored;
    stored.twin = {1};
    stored.day = test_day;
    stored.content.wh = 500;
    days.readings[{{7}, test_day}] = {stored};
    days.known[{{7}, test_day}] = {known_before};
    std::vector<feeder_day_load> loads{{"01", {}}};
    loads[0].load[0] = {500, 0, 1, 0, 1};
    days.stored_loads[{{7}, test_day}] = encode_loads(loads);
    host = system.spawn(transformer,
                        transformer_options{run_data, {0}, caf::actor_cast<caf::actor>(self), {test_day}, {test_day}});
  }
  ~shapes_fixture() {
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
    run();
  }

  void assess(const std::vector<row>& rows) {
    self->send(host, assess_group{group_of(1, rows)});
    run();
    self->receive([](const group_assessed&) {});
  }

  /// What leaves with the summary of the one day.
  kept_shapes summarised() {
    self->send(host, summarise_days{});
    run();
    kept_shapes out;
    self->receive([&](const summary_part& part) {
      REQUIRE(!part.part->failure);
      REQUIRE(part.part->summary.days.size() == 1);
      const auto bytes = unpack(part.part->summary.days[0].shapes);
      REQUIRE(bytes);
      REQUIRE(decode_shapes(*bytes, test_day, out));
    });
    const shape_sorter sorter(*run_data->estate, {0}, run_data->topology->slot_of);
    CHECK(out.basis == sorter.basis_of(4));
    return out;
  }

  memory_days days;
  std::shared_ptr<run_context> run_data;
  caf::actor host;
};

shape_category category_that_is(bool domestic) {
  shape_category out;
  out.gsp_group = 'C';
  out.domestic = domestic;
  return out;
}

} // namespace

TEST_CASE("load shapes of a day that a run was cut off before it summarised") {
  shapes_fixture f({shapes_fixture::known_now});
  const kept_shapes kept = f.summarised();
  CHECK(kept.known_by_s == shapes_fixture::known_before);
  shape_parts expected{{category_that_is(true), {}}};
  expected[0].second.half_hours[0] = {500, 1};
  CHECK(kept.parts == expected);
}

TEST_CASE("load shapes of a day that a run adds to: what stands, by category, and when the last of it was known") {
  for (const bool at_once : {false, true}) {
    shapes_fixture f(at_once ? known_time{shapes_fixture::known_now} : known_time{});
    f.assess({{0, 0, 101}, {0, 9, 7}, {3, 9, 5}, {3, 10, 5}, {3, 10, 6}}); // the last two contradict each other
    const kept_shapes kept = f.summarised();
    CHECK(kept.known_by_s == (at_once ? shapes_fixture::known_now : shapes_fixture::known_before));
    shape_parts expected{{category_that_is(false), {}}, {category_that_is(true), {}}};
    expected[0].second.half_hours[9] = {5, 1};
    expected[1].second.half_hours[0] = {601, 2};
    expected[1].second.half_hours[9] = {7, 1};
    CHECK(kept.parts == expected);
  }
}

TEST_CASE("load shapes of a day that nothing was stored of are known by the end of its last reading") {
  shapes_fixture f({});
  f.days.readings.clear();
  f.days.stored_loads.clear();
  f.assess({{0, 0, 101}, {2, 20, 7}});
  CHECK(f.summarised().known_by_s == period_at(test_day, 20).end_s());
}

} // namespace gridtwin::testing
