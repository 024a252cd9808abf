#include "src/commands/export.hpp"

#include "src/ingest/estate_files.hpp"
#include "src/store/operator_acts.hpp"
#include "src/store/store_writer.hpp"
#include "tests/support/letter_fixture.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using testing::letter_of;

constexpr std::int64_t half_hour_end = 983'137 * seconds_per_period; // of the letters
const std::string head = "source,line,mpan,quantity,period_end,code,detail\n";

/// A store with the good estate that runs fill.
struct filled_store {
  temporary_folder temporary;
  store_folder folder;

  filled_store() : folder(open()) {}

  store_folder open() const {
    auto out = store_folder::for_writing(temporary.path());
    REQUIRE(out);
    return std::move(*out);
  }

  void run_with(std::vector<kept_reject> rejects, std::vector<dead_letter> letters,
                std::optional<std::int64_t> known = {}, std::vector<std::int64_t> settled = {}) const {
    const estate_texts texts = good_texts();
    const auto parsed = parse_estate(texts, "folder");
    REQUIRE(parsed);
    const auto bytes =
      std::make_shared<const estate_bytes>(estate_bytes{texts.transformers, texts.feeders, texts.meters});
    auto database = folder.connect_writer();
    REQUIRE(database);
    const auto binding = bind_topology(*database, *parsed, *bytes);
    REQUIRE(binding);
    auto writer = store_writer::open(folder, {"options", {"b.csv", "a.csv"}, binding->change, bytes, {known}});
    REQUIRE(writer);
    group_commit group;
    group.rejects = std::move(rejects);
    group.transformers.emplace_back().letters = std::move(letters);
    group.transformers[0].settled_letters = std::move(settled);
    REQUIRE(writer->commit(group));
    REQUIRE(writer->close());
  }

  std::string exported(const export_scope& scope = {}, std::optional<std::int64_t> as_known_at = {}) const {
    auto view = store_view::open(temporary.path());
    REQUIRE(view);
    if (as_known_at)
      view->look_back_to(*as_known_at);
    const std::string file = (temporary.path() / "out.csv").string();
    auto out = table_writer::open(file, table_writer::form::csv);
    REQUIRE(out);
    REQUIRE(export_rejects(*view, scope, *out));
    REQUIRE(out->finish());
    return testing::read_file(file);
  }
};

dead_letter letter_about(const std::string& meter, std::uint64_t line) {
  dead_letter out = letter_of(1, line);
  out.input.meter = meter;
  return out;
}

std::string row(const std::string& line, const std::string& meter, const std::string& of_source = "b.csv") {
  return of_source + ',' + line + ',' + meter + ",AI,2026-01-29T00:30:00Z,twin-failed,it threw\n";
}

TEST_CASE("export_rejects: dead letters that wait are listed beside what was refused") {
  const filled_store store;
  store.run_with({}, {});
  CHECK(store.exported() == head);
  const kept_reject refused{1, 6, 0, verdict::negative, one, "AI", "2026-03-01T00:30:00Z", "-1 Wh is below 0", "raw"};
  store.run_with({refused}, {});
  const std::string refusal = "b.csv,6," + one + ",AI,2026-03-01T00:30:00Z,negative,-1 Wh is below 0\n";
  CHECK(store.exported() == head + refusal);
  dead_letter of_other = letter_about(two, 9);
  of_other.input.source = 2;
  store.run_with({}, {letter_about(one, 7), letter_about(one, 5), of_other});
  const std::string other = row("9", two, "a.csv");
  CHECK(store.exported() == head + other + row("5", one) + refusal + row("7", one));
  store.run_with({}, {}, {}, {1});
  CHECK(store.exported() == head + other + row("5", one) + refusal);
  REQUIRE(*drop_letter(store.folder, 2, {1, "ann", ""}) == letter_state::waiting);
  CHECK(store.exported() == head + other + refusal);
}

TEST_CASE("export_rejects: dead letters are shown by scope and by when they were known") {
  const filled_store store;
  store.run_with({}, {letter_about(one, 1)});
  store.run_with({}, {letter_about(two, 2)}, half_hour_end + 100);
  CHECK(store.exported() == head + row("1", one) + row("2", two));
  export_scope scope;
  scope.meter = parse_mpan(two);
  CHECK(store.exported(scope) == head + row("2", two));
  scope.meter.reset();
  scope.range = {983'137, 983'138};
  CHECK(store.exported(scope) == head + row("1", one) + row("2", two));
  scope.range = {983'138, 983'139};
  CHECK(store.exported(scope) == head);
  CHECK(store.exported({}, half_hour_end - 1) == head);
  CHECK(store.exported({}, half_hour_end) == head + row("1", one));
  CHECK(store.exported({}, half_hour_end + 99) == head + row("1", one));
  CHECK(store.exported({}, half_hour_end + 100) == head + row("1", one) + row("2", two));
}

TEST_CASE("export_rejects: a reading that was kept as a reject before is listed once, as what became of its letter") {
  const filled_store store;
  const dead_letter letter = letter_about(one, 1);
  store.run_with({letter.input}, {});
  CHECK(store.exported() == head + row("1", one));
  store.run_with({}, {letter});
  CHECK(store.exported() == head + row("1", one));
  store.run_with({}, {}, {}, {1});
  CHECK(store.exported() == head);
}

} // namespace
} // namespace gridtwin
