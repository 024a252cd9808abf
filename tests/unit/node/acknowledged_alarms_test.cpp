#include "src/node/acknowledged_alarms.hpp"

#include "tests/support/api_fixture.hpp"

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

void raise_alarms(const std::filesystem::path& store, int count) {
  auto book = alarm_book::open(store);
  REQUIRE(book);
  alarm_book::change change;
  for (int i = 0; i < count; ++i) {
    alarm_record a;
    a.transformer = "T1";
    a.first = a.last = a.peak = {100 + i};
    change.alarms.emplace_back(std::move(a), "raised");
  }
  REQUIRE(book->write(change));
}

void acknowledge(const std::filesystem::path& store, std::int64_t alarm, const acknowledgement& by) {
  auto book = alarm_book::open(store);
  REQUIRE(book);
  REQUIRE(book->acknowledge(alarm, by).value());
}

} // namespace

TEST_CASE("acknowledged_alarms: each is told once, with its own instant, and again only where it was not recorded") {
  const store_fixture store;
  audit_trail trail([] { return std::int64_t{1'780'000'900}; });
  acknowledged_alarms first(store.path(), trail);
  REQUIRE(first.look()); // there is no book
  raise_alarms(store.path(), 600);
  REQUIRE(first.look());
  CHECK(trail.take().empty());

  acknowledge(store.path(), 2, {1'780'000'050, "anna", "on the way"});
  acknowledge(store.path(), 600, {1'780'000'060, "ben\nben", ""});
  REQUIRE(first.look());
  REQUIRE(first.look());
  const auto told = trail.take();
  REQUIRE(told.size() == 2);
  CHECK(told[0] == audit_event{1'780'000'050, "anna", "acknowledge-alarm", "alarm 2", "on the way"});
  CHECK(told[1] == audit_event{1'780'000'060, "ben?ben", "acknowledge-alarm", "alarm 600", ""});

  // The first of them was recorded, then the process died.
  REQUIRE(record_act(store.folder(), told[0]));
  acknowledged_alarms second(store.path(), trail);
  REQUIRE(second.look());
  const auto again = trail.take();
  REQUIRE(again.size() == 1);
  CHECK(again[0] == told[1]);
}

TEST_CASE("acknowledged_alarms: of a book that was made anew each is told, of one that was put back none again") {
  const store_fixture store;
  const auto file = store.path() / "alarms.db";
  audit_trail trail([] { return std::int64_t{1'780'000'900}; });
  const auto told_of_a_new_process = [&] {
    acknowledged_alarms one(store.path(), trail);
    REQUIRE(one.look());
    std::vector<std::string> out;
    for (const audit_event& act : trail.take()) {
      REQUIRE(record_act(store.folder(), act));
      out.push_back(act.who + " " + act.subject);
    }
    return out;
  };
  using names = std::vector<std::string>;
  raise_alarms(store.path(), 2);
  acknowledge(store.path(), 2, {1'780'000'060, "ben", ""});
  acknowledge(store.path(), 1, {1'780'000'050, "anna", ""}); // by a clock that was set back
  CHECK(told_of_a_new_process() == names{"ben alarm 2", "anna alarm 1"});
  CHECK(told_of_a_new_process().empty());

  const auto kept = store.path() / "kept.db";
  std::filesystem::rename(file, kept);
  raise_alarms(store.path(), 1);
  acknowledge(store.path(), 1, {1'780'000'070, "carla", ""});
  CHECK(told_of_a_new_process() == names{"carla alarm 1"});

  std::filesystem::rename(kept, file);
  CHECK(told_of_a_new_process().empty());
}
