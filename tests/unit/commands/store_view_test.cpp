#include "src/commands/store_view.hpp"

#include "src/ingest/estate_files.hpp"
#include "src/store/store_writer.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {
namespace {

using namespace gridtwin::test;

/// Binds the good estate with these optional files, as a replay that adds nothing.
void bind(const store_folder& folder, std::vector<estate_file> optional) {
  const estate_texts texts = good_texts();
  const auto parsed = parse_estate(texts, "folder");
  REQUIRE(parsed);
  const auto bytes = std::make_shared<const estate_bytes>(
    estate_bytes{texts.transformers, texts.feeders, texts.meters, std::move(optional)});
  auto database = folder.connect_writer();
  REQUIRE(database);
  const auto binding = bind_topology(*database, *parsed, *bytes);
  REQUIRE(binding);
  auto writer = store_writer::open(folder, {"options", {}, binding->change, bytes, {}});
  REQUIRE(writer);
  REQUIRE(writer->close());
}

TEST_CASE("store_view: what settlement knows is the optional files of the estate bound last, read when asked for") {
  const temporary_folder temporary;
  const auto folder = store_folder::for_writing(temporary.path());
  REQUIRE(folder);
  const std::string head = "mpan,quantity,read_at,kwh\n";
  bind(*folder, {});
  bind(*folder, {{"registers.csv", head + one + ",AI,2026-03-01T00:00:00Z,1\n"}});
  auto view = store_view::open(temporary.path());
  REQUIRE(view);
  bind(*folder, {{"registers.csv", head + "not,what,was,checked\n"}});
  const auto known = view->settlement(); // of the state that the view sees
  REQUIRE(known);
  REQUIRE((*known)->registers.size() == 1);
  CHECK((*known)->registers[0].value.wh == 1000);
  CHECK(*view->settlement() == *known);

  auto later = store_view::open(temporary.path()); // whoever does not ask does not pay, nor stumble
  REQUIRE(later);
  const auto broken = later->settlement();
  REQUIRE(!broken);
  CHECK(broken.failure().code == errc::bad_estate);
  CHECK(broken.failure().message.find("registers.csv:2") != std::string::npos);

  bind(*folder, {});
  auto without = store_view::open(temporary.path());
  REQUIRE(without);
  const auto nothing = without->settlement();
  REQUIRE(nothing);
  CHECK((*nothing)->registers.empty());
}

} // namespace
} // namespace gridtwin
