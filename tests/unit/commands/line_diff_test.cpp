#include "src/commands/line_diff.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::vector<std::string> lines_with_ends(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    out.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

/// The text after a difference, made as `patch` does: from what the hunks say of lines, and nothing else.
std::string patched(const std::string& before, const std::string& diff) {
  const std::vector<std::string> old = lines_with_ends(before);
  const std::vector<std::string> said = lines_with_ends(diff);
  std::string out;
  std::size_t place = 0;
  std::string* last = nullptr;
  std::string taken;
  std::string added;
  const auto end_hunk = [&] {
    std::string expected;
    while (expected.size() < taken.size()) {
      REQUIRE(place < old.size());
      expected += old[place++];
    }
    REQUIRE(expected == taken);
    out += added;
    taken.clear();
    added.clear();
  };
  for (std::size_t i = 2; i < said.size(); ++i) {
    const std::string& line = said[i];
    if (line.starts_with("@@ -")) {
      end_hunk();
      const std::size_t first = std::stoul(line.substr(4));
      const bool takes = line.find(",0 +") == std::string::npos;
      for (const std::size_t start = takes ? first - 1 : first; place < start; ++place)
        out += old.at(place);
      continue;
    }
    if (line.starts_with("\\")) {
      REQUIRE(last != nullptr);
      REQUIRE(last->ends_with('\n'));
      last->pop_back();
      continue;
    }
    REQUIRE((line[0] == '-' || line[0] == '+'));
    last = line[0] == '-' ? &taken : &added;
    *last += line.substr(1);
  }
  end_hunk();
  for (; place < old.size(); ++place)
    out += old[place];
  return out;
}

} // namespace

TEST_CASE("line_diff: SE-07, what differs, as patch takes it") {
  CHECK(line_diff("a", "b", "x\ny\n", "x\ny\n").empty());
  CHECK(line_diff("a", "b", "", "").empty());
  CHECK(line_diff("/dev/null", "b", "", "x\ny\n") == "--- /dev/null\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  CHECK(line_diff("a", "b", "x\ny\nz\n", "x\nz\n") == "--- a\n+++ b\n@@ -2 +1,0 @@\n-y\n");
  CHECK(line_diff("a", "b", "x\nz\n", "x\ny\nz")
        == "--- a\n+++ b\n@@ -2 +2,2 @@\n-z\n+y\n+z\n\\ No newline at end of file\n");
  // One row of many is one row of the difference, wherever it stands.
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += std::to_string(i) + "\n";
  std::string changed = many;
  changed.replace(changed.find("\n2500\n") + 1, 4, "other");
  changed.erase(0, 2);
  CHECK(line_diff("a", "b", many, changed) == "--- a\n+++ b\n@@ -1 +0,0 @@\n-0\n@@ -2501 +2500 @@\n-2500\n+other\n");
}

TEST_CASE("line_diff: SE-07, a difference makes the one text the other, whatever they are") {
  seeded_random random(4711);
  for (int round = 0; round < 2000; ++round) {
    const auto text = [&] {
      std::string out;
      for (auto left = random.below(12); left > 0; --left)
        out += std::string(1, static_cast<char>('a' + random.below(5))) + "\n";
      if (!out.empty() && random.below(4) == 0)
        out.pop_back();
      return out;
    };
    const std::string before = text();
    const std::string after = text();
    const std::string diff = line_diff("a", "b", before, after);
    CHECK(diff.empty() == (before == after));
    REQUIRE_MESSAGE(patched(before, diff) == after, diff);
  }
}
