#include "src/client/outbox.hpp"

#include "src/wire/submit_codec.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/wire/wire_support.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

const outbox::source_key a_file = sha256(std::string_view("a file"));
const outbox::source_key another_file = sha256(std::string_view("another file"));

std::unique_ptr<outbox> open_box(const std::filesystem::path& folder) {
  auto box = outbox::open(folder);
  REQUIRE_MESSAGE(box, box.failure().message);
  return std::move(*box);
}

/// What stands in parcels: readings by their number.
std::map<std::uint64_t, submitted_reading> numbered(const parcel& p) {
  submitted_batch batch;
  REQUIRE(decode_submit(p.body, batch) == submit_fault::none);
  CHECK(batch.readings.size() == p.count);
  std::map<std::uint64_t, submitted_reading> out;
  for (std::size_t i = 0; i < batch.readings.size(); ++i)
    out[batch.first_number + i] = batch.readings[i];
  return out;
}

std::optional<parcel> next_of(outbox& box) {
  auto next = box.next();
  REQUIRE(next);
  return std::move(*next);
}

/// All that is to be sent, by number; no number twice.
std::map<std::uint64_t, submitted_reading> drain(outbox& box) {
  std::map<std::uint64_t, submitted_reading> out;
  while (const auto p = next_of(box))
    for (const auto& [number, r] : numbered(*p))
      CHECK(out.emplace(number, r).second);
  return out;
}

answer_message answer_of(const std::vector<std::pair<std::uint32_t, wire_outcome>>& runs) {
  answer_message out;
  for (const auto& [count, outcome] : runs)
    append_run(out.runs, count, {outcome, no_code, 0, 0});
  return out;
}

constexpr auto accepted = wire_outcome::accepted;
constexpr auto busy = wire_outcome::busy;
constexpr auto unknown = wire_outcome::unknown;
constexpr auto rejected = wire_outcome::rejected;

} // namespace

TEST_CASE("readings keep their numbers and their order over a restart") {
  const temporary_folder folder;
  seeded_random random(1);
  const auto first = mixed_readings(random, 500);
  const auto second = mixed_readings(random, 70);
  {
    const auto box = open_box(folder.path() / "box");
    REQUIRE(box->append(a_file, 500, first));
    REQUIRE(box->append(another_file, 70, second));
    CHECK(box->next_number() == 571);
    drain(*box); // in hand as it ends: without an answer
  }
  const auto box = open_box(folder.path() / "box");
  CHECK(box->taken_of(a_file) == 500);
  CHECK(box->taken_of(another_file) == 70);
  CHECK(box->unanswered() == 570);
  const auto found = drain(*box);
  REQUIRE(found.size() == 570);
  for (std::size_t i = 0; i < 570; ++i)
    CHECK(same(found.at(i + 1), i < 500 ? first[i] : second[i - 500]));
  REQUIRE(box->append(a_file, 548, day_of(1, 1000, 1)));
  CHECK(drain(*box).begin()->first == 571);
}

TEST_CASE("what is answered is crossed off for good, what is busy or unknown is sent again with its number") {
  const temporary_folder folder;
  auto box = open_box(folder.path());
  const auto day = day_of(1, 1000, 1);
  REQUIRE(box->append(a_file, 48, day));
  box->close_intake();
  const auto whole = next_of(*box);
  REQUIRE(whole);
  CHECK_FALSE(next_of(*box)); // it is in hand
  REQUIRE(box->answered(*whole, answer_of({{10, accepted}, {5, busy}, {3, rejected}, {2, unknown}, {28, accepted}})));
  CHECK(box->unanswered() == 7);
  CHECK_FALSE(box->done());
  const auto again = next_of(*box);
  REQUIRE(again);
  CHECK(again->first == 10);
  const auto numbers = numbered(*again);
  CHECK(numbers.begin()->first == 11);
  CHECK(same(numbers.at(11), day[10]));
  box->give_back(*again);
  SUBCASE("in the same process") {}
  SUBCASE("after a restart") {
    REQUIRE(box->settle());
    box.reset();
    box = open_box(folder.path());
    box->close_intake();
  }
  const auto left = drain(*box);
  std::set<std::uint64_t> found;
  for (const auto& [number, r] : left)
    found.insert(number);
  CHECK(found == std::set<std::uint64_t>{11, 12, 13, 14, 15, 19, 20});
}

TEST_CASE("when all is answered the files begin anew, numbers and progress go on") {
  const temporary_folder folder;
  {
    const auto box = open_box(folder.path());
    for (int i = 0; i < 5; ++i)
      REQUIRE(box->append(a_file, 48 * (static_cast<std::uint64_t>(i) + 1), day_of(1, 1000 + 48 * i, 1)));
    while (const auto p = next_of(*box))
      REQUIRE(box->answered(*p, answer_of({{48, accepted}})));
    box->close_intake();
    CHECK(box->done());
    REQUIRE(box->settle());
    CHECK(std::filesystem::file_size(folder.path() / "outbox.log") < 200);
    CHECK(std::filesystem::file_size(folder.path() / "answers.log") == 0);
  }
  const auto box = open_box(folder.path());
  CHECK(box->taken_of(a_file) == 240);
  CHECK(box->next_number() == 241);
  CHECK_FALSE(next_of(*box));
}

TEST_CASE("an outbox that is cut anywhere has each whole batch of before the cut, and crosses off what it knows of") {
  const temporary_folder folder;
  const auto original = folder.path() / "box";
  std::vector<std::vector<submitted_reading>> batches;
  seeded_random random(9);
  {
    const auto box = open_box(original);
    for (std::size_t i = 0; i < 6; ++i) {
      batches.push_back(mixed_readings(random, 4 + i));
      REQUIRE(box->append(a_file, 10 * (i + 1), batches.back()));
    }
    std::vector<parcel> parcels;
    for (int i = 0; i < 3; ++i)
      parcels.push_back(*next_of(*box));
    for (const parcel& p : parcels)
      REQUIRE(box->answered(p, answer_of({{2, accepted}, {1, busy}, {p.count - 3, accepted}})));
  }
  const std::string log = read_file(original / "outbox.log");
  const std::string answers = read_file(original / "answers.log");
  const auto copy = folder.path() / "copy";
  const auto open_cut = [&](std::size_t log_bytes, std::size_t answer_bytes) {
    std::filesystem::remove_all(copy);
    std::filesystem::create_directories(copy);
    write_file(copy / "outbox.log", log.substr(0, log_bytes));
    write_file(copy / "answers.log", answers.substr(0, answer_bytes));
    return open_box(copy);
  };
  std::uint64_t most = 0;
  for (std::size_t cut = 0; cut <= log.size(); ++cut) {
    const auto box = open_cut(cut, 0);
    const auto found = drain(*box);
    std::uint64_t whole = 0;
    std::size_t count = 0;
    for (; count < batches.size() && whole + batches[count].size() <= found.size(); ++count)
      whole += batches[count].size();
    CHECK(found.size() == whole); // batches are there as a whole
    CHECK(whole >= most);         // and the more, the later the cut
    most = whole;
    CHECK(box->next_number() == whole + 1);
    CHECK(box->taken_of(a_file) == 10 * count);
    REQUIRE(box->append(a_file, 99, day_of(1, 1, 1))); // it can go on
    CHECK(drain(*box).begin()->first == whole + 1);
  }
  CHECK(most == 4 + 5 + 6 + 7 + 8 + 9);
  std::uint64_t least = most;
  for (std::size_t cut = 0; cut <= answers.size(); ++cut) {
    const auto box = open_cut(log.size(), cut);
    CHECK(box->unanswered() <= least);
    least = box->unanswered();
    CHECK(drain(*box).size() == least);
  }
  CHECK(least == most - (4 + 5 + 6) + 3);
  // Answers of batches that are lost mean nothing.
  CHECK(open_cut(0, answers.size())->unanswered() == 0);
}

TEST_CASE("an outbox that is damaged before its end is refused, not cut") {
  const temporary_folder folder;
  {
    const auto box = open_box(folder.path());
    for (int i = 0; i < 3; ++i)
      REQUIRE(box->append(a_file, 48, day_of(1, 1000, 1)));
  }
  const auto file = folder.path() / "outbox.log";
  const std::string good = read_file(file);
  const std::size_t state = 12 + 1 + 16; // its record
  seeded_random random(4);
  for (int turn = 0; turn < 200; ++turn) {
    std::string bad = good;
    const std::size_t at = static_cast<std::size_t>(random.between<std::uint64_t>(0, good.size() - 1));
    bad[at] = static_cast<char>(bad[at] ^ (1 << random.below(8)));
    write_file(file, bad);
    const auto opened = outbox::open(folder.path());
    const std::size_t record = (good.size() - state) / 3;
    if (at < state + 2 * record)
      CHECK_MESSAGE(!opened, "byte " << at);
    else // as if it had not been written whole
      CHECK(opened);
  }
}

TEST_CASE("one process has an outbox") {
  const temporary_folder folder;
  const auto box = open_box(folder.path());
  const auto second = outbox::open(folder.path());
  REQUIRE_FALSE(second);
  CHECK(second.failure().message.find("in use") != std::string::npos);
}

} // namespace gridtwin::testing
