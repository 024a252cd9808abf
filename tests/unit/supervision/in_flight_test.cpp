#include "supervision/in_flight.hpp"

#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace gridtwin {

namespace {

using testing::temporary_folder;

/// Runs `f(marker)` in a process of its own, which then dies at once.
template <class F>
void in_dying_process(const std::filesystem::path& file, F&& f) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto marker = in_flight_marker_file::make(file);
    if (marker)
      f(*marker);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

} // namespace

TEST_CASE("V7 what threads have in hand when their process dies is found by the next one") {
  const temporary_folder folder;
  const auto file = folder.path() / "in-flight";
  in_dying_process(file, [](in_flight_marker_file& marker) {
    marker.mine()->open(3, "b.csv");
    marker.mine()->hold(1'000'000'000'000, 47);
    std::thread([&marker] {
      marker.mine()->open(1, "a.csv");
      marker.mine()->hold(17, 0);
    }).join();
    std::thread([&marker] {
      marker.mine()->open(1, "a.csv");
      marker.mine()->hold(18, 0);
      marker.mine()->close();
    }).join();
  });
  CHECK(in_flight_marker_file::found(file)
        == std::vector<reading_place>{{"a.csv", 17, 0}, {"b.csv", 1'000'000'000'000, 47}});
}

TEST_CASE("V7 of readings that were in hand, one that was tried alone is the only suspect") {
  const temporary_folder folder;
  const auto file = folder.path() / "in-flight";
  in_dying_process(file, [](in_flight_marker_file& marker) {
    marker.mine()->open(1, "a.csv");
    marker.mine()->hold(5, 0);
    std::thread([&marker] {
      marker.mine()->open(2, "b.csv");
      marker.mine()->hold_alone(6, 1);
    }).join();
  });
  CHECK(in_flight_marker_file::found(file) == std::vector<reading_place>{{"b.csv", 6, 1}});
}

TEST_CASE("a slot that goes from source to source names the last one") {
  const temporary_folder folder;
  auto marker = in_flight_marker_file::make(folder.path() / "in-flight");
  REQUIRE(marker);
  in_flight_slot& slot = *marker->mine();
  slot.open(0, "first.csv");
  slot.hold(1, 0);
  CHECK(slot.place() == reading_place{"first.csv", 1, 0});
  slot.close();
  slot.open(1, std::string(300, 'x') + "/second.csv");
  slot.hold(2, 3);
  CHECK(slot.place().source.size() == in_flight_name_bytes);
  CHECK(slot.place().source.ends_with("xx/second.csv"));
  CHECK(slot.is_open(1));
  CHECK_FALSE(slot.is_open(0));
  CHECK(slot.place().source.ends_with("xx/second.csv"));
}

TEST_CASE("a reading that waits for the disk is not in hand, and is again when it goes on") {
  const temporary_folder folder;
  const auto file = folder.path() / "in-flight";
  auto marker = in_flight_marker_file::make(file);
  REQUIRE(marker);
  in_flight_slot& slot = *marker->mine();
  slot.open(0, "a.csv");
  slot.hold_alone(9, 2);
  const std::uint64_t paused = slot.pause();
  CHECK_FALSE(slot.holds());
  CHECK(in_flight_marker_file::found(file).empty());
  slot.resume(paused);
  CHECK(slot.alone());
  CHECK(in_flight_marker_file::found(file) == std::vector<reading_place>{{"a.csv", 9, 2}});
}

TEST_CASE("a run that ends in order leaves no marker, and what is no marker suspects nobody") {
  const temporary_folder folder;
  const auto file = folder.path() / "in-flight";
  CHECK(in_flight_marker_file::found(file).empty());
  {
    auto marker = in_flight_marker_file::make(file);
    REQUIRE(marker);
    marker->mine()->open(0, "a.csv");
    marker->mine()->hold(1, 0);
    CHECK(in_flight_marker_file::found(file).size() == 1);
    marker->remove();
  }
  CHECK(in_flight_marker_file::found(file).empty());
  std::ofstream(file) << std::string(70'000, 'x');
  CHECK(in_flight_marker_file::found(file).empty());
  auto again = in_flight_marker_file::make(file); // in the place of that
  REQUIRE(again);
  CHECK(in_flight_marker_file::found(file).empty());
  CHECK_FALSE(in_flight_marker_file::make(folder.path() / "absent" / "in-flight"));
}

TEST_CASE("V7 a marker has all its blocks before any reading is in hand, so that a disk that fills up ends nobody") {
  const temporary_folder folder;
  const auto file = folder.path() / "in-flight";
  const auto marker = in_flight_marker_file::make(file);
  REQUIRE(marker);
  struct stat made {};
  REQUIRE(::stat(file.c_str(), &made) == 0);
  CHECK(made.st_size > 0);
  CHECK(made.st_blocks * 512 >= made.st_size);
}

TEST_CASE("threads beyond the slots of a marker have none") {
  const temporary_folder folder;
  auto marker = in_flight_marker_file::make(folder.path() / "in-flight");
  REQUIRE(marker);
  std::size_t with = 0;
  for (std::size_t i = 0; i < in_flight_marker_file::slots + 3; ++i)
    std::thread([&] { with += marker->mine() != nullptr ? 1 : 0; }).join();
  CHECK(with == in_flight_marker_file::slots);
}

} // namespace gridtwin
