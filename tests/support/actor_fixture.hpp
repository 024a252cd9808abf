#pragma once

#include "actors/commit_writer.hpp"
#include "actors/transformer.hpp"
#include "src/replay/block_decoder.hpp"
#include "src/store/day_source.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A store of days in memory, as hosts see it.
class memory_days final : public day_source {
public:
  using key = std::pair<transformer_number, utc_day>;

  result<std::size_t> load(transformer_number t, utc_day day, const take& f) override {
    ++loaded;
    for (const stored_reading& r : readings[{t, day}])
      f(r, {0, known[{t, day}]});
    return readings[{t, day}].empty() ? std::size_t{0} : fragments;
  }
  result<std::string> loads(transformer_number t, utc_day day) override { return stored_loads[{t, day}]; }
  result<std::string> masks(transformer_number, utc_day) override { return std::string(); }

  std::map<key, std::vector<stored_reading>> readings;
  std::map<key, known_time> known;
  std::map<key, std::string> stored_loads;
  std::size_t fragments = 1; ///< of a day that has readings
  int loaded = 0;
};

/// An estate of one transformer with two feeders and `meters` meters, the first half of them on the first.
inline std::shared_ptr<const estate> small_estate(std::uint32_t meters) {
  auto e = std::make_shared<estate>();
  e->transformers.push_back({"T1", "", 500'000, 950'000, 'C'});
  e->feeders.push_back({{0}, "01", ""});
  e->feeders.push_back({{0}, "02", ""});
  for (std::uint32_t i = 0; i < meters; ++i) {
    connection c;
    const std::uint64_t core = 120'000'000'000 + i;
    c.mpan = {core * 10 + static_cast<std::uint64_t>(check_digit(core))};
    c.feeder = {i < meters / 2 ? 0U : 1U};
    e->connections.push_back(c);
  }
  return e;
}

inline std::shared_ptr<run_context> run_of(std::shared_ptr<const estate> e, day_source& days) {
  auto names = std::make_shared<topology>();
  names->number_of = {{7}};
  names->slots_in = {static_cast<std::uint32_t>(e->connections.size())};
  for (std::uint32_t i = 0; i < e->connections.size(); ++i)
    names->slot_of.push_back({i});
  auto run = std::make_shared<run_context>();
  run->estate = std::move(e);
  run->topology = std::move(names);
  run->days = &days;
  return run;
}

struct system_config : caf::actor_system_config {
  explicit system_config(caf::atom_value policy) {
    add_message_types<caf::id_block::gridtwin_supervision>();
    add_message_types<caf::id_block::gridtwin_actors>();
    add_message_types<caf::id_block::gridtwin_commands>();
    set("scheduler.policy", policy);
    set("scheduler.max-threads", std::size_t{2});
  }
};

/// An actor system whose scheduler runs only when it is told to, one message at a time, in a fixed order.
struct deterministic_system {
  deterministic_system() : config(caf::atom("testing")), system(config), self(system) {}

  void run() { dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run(); }

  /// Sends a question, runs, and hands back the answer; nothing if it was an error.
  template <class Answer, class Question>
  std::optional<Answer> ask(const caf::actor& to, Question question) {
    auto pending = self->request(to, caf::infinite, std::move(question));
    run();
    std::optional<Answer> out;
    pending.receive([&](const Answer& answer) { out = answer; }, [](caf::error&) {});
    return out;
  }

  system_config config;
  caf::actor_system system;
  caf::scoped_actor self;
};

/// A group with one batch: `rows` of (place, half hour of day, Wh), version 1, in that order.
struct row {
  std::uint32_t meter = 0;
  int slot = 0;
  std::int64_t wh = 0;
  std::uint16_t version = 1;
};

inline constexpr utc_day test_day{20'513}; // 2026-03-01

inline std::shared_ptr<reading_group> group_of(std::uint64_t number, const std::vector<row>& rows) {
  std::vector<reading_batch> batches(1);
  reading_batch& batch = batches.front();
  batch.source = 1;
  batch.first_line = 2;
  batch.slices.push_back({{0}, 0});
  std::string text;
  for (const row& r : rows) {
    sourced_reading s;
    s.wh = r.wh;
    s.connection = {r.meter};
    s.period = period_at(test_day, r.slot);
    s.line = batch.lines++;
    s.offset = static_cast<std::uint32_t>(text.size());
    s.version = r.version;
    text += "meter " + std::to_string(r.meter) + " value " + std::to_string(r.wh) + "\n";
    batch.readings.push_back(s);
  }
  batch.raw = std::make_shared<const held_lines>(std::move(text));
  return std::make_shared<reading_group>(number, std::move(batches), std::vector<kept_reject>());
}

} // namespace gridtwin::testing
