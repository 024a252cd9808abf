#include "src/replay/run_decoders.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

/// Lines that say which block asks for them, in the place where a disk says that it failed.
class named_block final : public source_block {
public:
  explicit named_block(std::string name) : name_(std::move(name)) {}
  result<std::string_view> fetch(read_buffer&) override { return error{errc::unreadable_input, name_}; }
  std::shared_ptr<const raw_lines> raw() const override { return nullptr; }

private:
  std::string name_;
};

/// Decoders on a scheduler that runs one message at a time, and what became of the blocks that they were given.
struct decoders_under_test {
  decoders_under_test() : sources{{"in/a.csv", "a.csv", 1}, {"in/b.csv", "b.csv", 1}} {}
  ~decoders_under_test() {
    decoders.reset();
    d.run();
  }
  decoders_under_test(const decoders_under_test&) = delete;
  decoders_under_test& operator=(const decoders_under_test&) = delete;

  void start(std::size_t count) { decoders.emplace(context, sources, d.self, count); }

  void give(std::uint64_t number, std::size_t source = 0) {
    decoders->decode({number, source, nullptr, std::make_shared<named_block>(std::to_string(number))});
  }
  bool run_one() { return dynamic_cast<caf::scheduler::test_coordinator&>(d.system.scheduler()).try_run_once(); }

  void take_all() {
    while (d.self->has_next_message() && !stopped_by)
      d.self->receive(
        [&](const decoded_text& block) {
          if (decoders->decoded(block))
            ++answers[block.number];
          CHECK(block.failure->message == std::to_string(block.number));
        },
        [&](const caf::down_msg& down) {
          const auto ended = decoders->ended(down);
          if (!ended)
            stopped_by = ended.failure();
          else
            CHECK(*ended);
        });
  }

  deterministic_system d;
  run_context context;
  std::vector<source> sources;
  std::optional<run_decoders> decoders;
  std::map<std::uint64_t, int> answers;
  std::optional<error> stopped_by;
};

} // namespace

TEST_CASE("V11 V16 decoders that are killed at any moment: each block is answered once, and none is lost") {
  std::uint64_t restarts = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed);
    decoders_under_test t;
    const std::uint32_t count = random.between(1U, 4U);
    t.start(count);
    std::uint64_t given = 0;
    for (bool more = true; more || t.decoders->in_hand() != 0;) {
      for (; given < 60 && t.decoders->in_hand() < 2 * count + 2; ++given)
        t.give(given);
      more = given < 60;
      if (random.chance(1, 12))
        t.d.self->send_exit(t.decoders->handle(static_cast<std::uint32_t>(random.below(count))),
                            caf::exit_reason::kill);
      for (std::uint64_t steps = random.below(4); steps-- > 0;)
        t.run_one();
      if (random.chance(1, 2))
        t.take_all();
      REQUIRE(!t.stopped_by);
    }
    CHECK(t.answers.size() == 60);
    CHECK(std::all_of(t.answers.begin(), t.answers.end(), [](const auto& one) { return one.second == 1; }));
    restarts += t.decoders->restarts();
  }
  CHECK(restarts > 30);
}

TEST_CASE("V12 a block that ends its decoder four times ends the run, which names the source; others are answered") {
  decoders_under_test t;
  t.context.before_block = [](std::uint64_t block) {
    if (block == 4)
      throw std::runtime_error("planted fault");
  };
  t.start(3);
  for (std::uint64_t number = 0; number < 9; ++number)
    t.give(number, number < 3 ? 0 : 1);
  while (t.run_one() || t.d.self->has_next_message())
    t.take_all();
  REQUIRE(t.stopped_by);
  CHECK(t.stopped_by->code == errc::program_failed);
  CHECK(t.stopped_by->message.starts_with("the decoder of in/b.csv has ended 4 times in a row ("));
  CHECK(t.decoders->restarts() == 3);
  t.stopped_by.reset();
  t.take_all();
  std::map<std::uint64_t, int> expected;
  for (const std::uint64_t number : {0U, 1U, 2U, 3U, 5U, 6U, 8U}) // 7 waited behind 4
    expected[number] = 1;
  CHECK(t.answers == expected);
  CHECK(t.decoders->in_hand() == 0);
}

} // namespace gridtwin::testing
