#pragma once

#include "tests/support/actor_fixture.hpp"

#include "src/store/bytes.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A transformer by itself: the test sends it groups and gets what it made of them.
struct transformer_fixture : deterministic_system {
  explicit transformer_fixture(std::uint32_t meters = 4) : run_data(run_of(small_estate(meters), days)) {}
  ~transformer_fixture() {
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
    run();
  }

  void start(std::vector<utc_day> stored = {}, std::vector<utc_day> unsummarised = {}) {
    host = system.spawn(
      transformer, transformer_options{
                     run_data, {0}, caf::actor_cast<caf::actor>(self), std::move(stored), std::move(unsummarised)});
  }

  std::shared_ptr<assessed_part> assess(std::uint64_t number, const std::vector<row>& rows) {
    self->send(host, assess_group{group_of(number, rows)});
    run();
    std::shared_ptr<assessed_part> out;
    self->receive([&](const group_assessed& done) { out = {done.group, &done.group->part_of({0})}; });
    return out;
  }

  caf::actor twin(std::uint32_t place) { return *ask<caf::actor>(host, twin_query{place}); }

  /// The loads that a part would make durable, summed over feeders.
  static day_load load_of(const assessed_part& part) {
    std::vector<feeder_day_load> feeders;
    REQUIRE(decode_loads(*unpack(part.commit.days.at(0).loads), feeders));
    day_load sum{};
    for (const feeder_day_load& f : feeders)
      sum += f.load;
    return sum;
  }

  memory_days days;
  std::shared_ptr<run_context> run_data;
  caf::actor host;
};

} // namespace gridtwin::testing
