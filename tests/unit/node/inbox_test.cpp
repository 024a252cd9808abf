#include "src/node/inbox.hpp"

#include "src/ingest/source_file.hpp"
#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace fs = std::filesystem;

namespace {

void write(const fs::path& file) { std::ofstream(file) << "x\n"; }

std::vector<std::string> names(const std::vector<fs::path>& files) {
  std::vector<std::string> out;
  for (const fs::path& file : files)
    out.push_back(file.filename().string());
  return out;
}

} // namespace

TEST_CASE("inbox: T22 a link, a pipe or a folder is passed over, wherever it leads") {
  const temporary_folder folder;
  const fs::path watched = folder.path() / "inbox";
  write(folder.path() / "outside.csv");
  auto box = inbox::open(watched);
  REQUIRE(box);
  fs::create_symlink(folder.path() / "outside.csv", watched / "link.csv");
  fs::create_symlink("/dev/zero", watched / "device.csv");
  fs::create_symlink(folder.path(), watched / "folder-link");
  fs::create_directory(watched / "folder.csv");
  REQUIRE(::mkfifo((watched / "pipe.csv").c_str(), 0600) == 0);
  CHECK_FALSE(box->waiting());
  write(watched / "good.csv");
  CHECK(box->waiting());
  auto taken = box->take(7);
  REQUIRE(taken);
  CHECK(names(*taken) == std::vector<std::string>{"7-good.csv"});
  CHECK(fs::is_symlink(watched / "link.csv"));
  // One that is put there while it is read is not opened either, nor waited for.
  fs::create_symlink(folder.path() / "outside.csv", watched / "reading" / "8-late.csv");
  taken = box->take(8);
  REQUIRE(taken);
  CHECK(taken->size() == 1);
  CHECK_FALSE(source_file::open(watched / "reading" / "8-late.csv", false));
  CHECK(source_file::open(watched / "reading" / "8-late.csv", true));
  CHECK_FALSE(source_file::open(watched / "pipe.csv"));
}

TEST_CASE("inbox: T22 its own folders are no links") {
  const temporary_folder folder;
  const fs::path watched = folder.path() / "inbox";
  fs::create_directories(watched);
  fs::create_directory(folder.path() / "elsewhere");
  fs::create_directory_symlink(folder.path() / "elsewhere", watched / "done");
  const auto box = inbox::open(watched);
  REQUIRE_FALSE(box);
  CHECK(box.failure().message.find("is a link") != std::string::npos);
}

TEST_CASE("inbox: T22 a name may be as long as names are, and hold whatever a name can") {
  const temporary_folder folder;
  const fs::path watched = folder.path() / "inbox";
  auto box = inbox::open(watched);
  REQUIRE(box);
  const std::vector<std::string> hostile{std::string(251, 'x') + ".csv",
                                         "a..%2f..%2fetc%2fpasswd",
                                         "a\nb\x1b[31m.csv",
                                         "\\..\\x",
                                         "\xff\xfe.csv",
                                         "~root",
                                         "$(reboot)",
                                         "-rf"};
  for (const std::string& name : hostile)
    write(watched / name);
  auto taken = box->take(1'772'323'200);
  REQUIRE(taken);
  REQUIRE(taken->size() == hostile.size());
  for (std::size_t i = 0; i < taken->size(); ++i) {
    CHECK((*taken)[i].parent_path() == watched / "reading");
    REQUIRE(box->put_away((*taken)[i], i % 2 == 0 ? "" : "why"));
  }
  // One of that length comes again within the second.
  write(watched / hostile.front());
  taken = box->take(1'772'323'200);
  REQUIRE(taken);
  REQUIRE(taken->size() == 1);
  CHECK(names(*taken).front().ends_with(".csv"));
  CHECK(box->put_away(taken->front(), "why"));
}
