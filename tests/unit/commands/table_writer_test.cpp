#include "src/commands/table_writer.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::string cell(std::string_view field) {
  std::string out;
  append_csv(out, std::array{field, std::string_view("next")});
  return out;
}

/// What a reader of CSV makes of the first cell.
std::string read_back(const std::string& line) {
  if (line.front() != '"')
    return line.substr(0, line.find(','));
  std::string out;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '"' && line[i + 1] != '"')
      break;
    i += line[i] == '"' ? 1 : 0;
    out += line[i];
  }
  return out;
}

} // namespace

TEST_CASE("table_writer: T24 no cell of a hundred begins as a formula does, and nothing of it is lost") {
  seeded_random random(24);
  constexpr std::string_view triggers = "=+-@\t\r";
  constexpr std::array<std::string_view, 10> rests{
    "1+1",
    "cmd|' /C calc'!A0",
    "SUM(A1:A9)",
    "HYPERLINK(\"http://x\",\"y\")",
    "2+3+cmd|' /C calc'!A0",
    "A1,A2",
    "",
    "0x10",
    "1e9",
    "\"quoted\"\n",
  };
  int payloads = 0;
  for (const char trigger : triggers)
    for (const std::string_view rest : rests)
      for (int turn = 0; turn < 2; ++turn) {
        if (trigger == '-' && (rest == "0x10" || rest == "1e9"))
          continue; // nothing to reckon with
        const std::string field =
          trigger + std::string(rest) + (turn == 0 ? "" : "(" + std::to_string(random.bits()) + ")");
        const std::string shown = read_back(cell(field));
        CHECK(shown == "'" + field);
        ++payloads;
      }
  CHECK(payloads >= 100);
}

TEST_CASE("table_writer: numbers with a sign and ordinary texts stay as they are") {
  for (const std::string_view field :
       {"-1", "-0.001", "-1 Wh is below 0", "+5", "123", "", "abc", "a=b", "2026-03-01T00:30:00Z"})
    CHECK(cell(field) == std::string(field) + ",next\n");
  CHECK(cell("a,\"b\"") == "\"a,\"\"b\"\"\",next\n");
}
