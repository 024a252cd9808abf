#include "src/settlement/worklist.hpp"

#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// A row of which half hour n from `first` has 10 Wh and n.
settled_series series_of(std::uint32_t row, std::uint8_t first = 0, quantity q = quantity::active_import) {
  settled_series out;
  out.connection = {row};
  out.quantity = q;
  for (std::uint8_t place = first; place < 48; ++place)
    out.half_hours.push_back({place, actual_of(10 + place), 1});
  return out;
}

void add(settled_series& series, std::uint8_t first, std::uint8_t last, missing_cause cause,
         std::optional<estimation_method> method, std::optional<verdict> refusal = {},
         const std::vector<estimation_exception>& exceptions = {}) {
  for (std::uint8_t place = first; place <= last; ++place) {
    settled_estimate e{place, cause, refusal, {}};
    if (method) {
      e.made.emplace();
      e.made->method = *method;
      e.made->exceptions = exceptions;
    }
    series.estimates.push_back(e);
  }
}

std::vector<work_item> work_of(const std::vector<settled_series>& series) {
  std::vector<work_item> out;
  list_work({{0}, series}, out);
  return out;
}

/// Places and energy of each, as text.
std::string places_of(const std::vector<work_item>& items) {
  std::string out;
  for (const work_item& item : items)
    out +=
      std::to_string(item.first_place) + "+" + std::to_string(item.half_hours) + ":" + std::to_string(item.wh) + " ";
  return out;
}

constexpr auto history = estimation_method::own_history;

} // namespace

TEST_CASE("worklist: half hours that follow one another for one reason are one item, with their energy") {
  settled_series series = series_of(0);
  add(series, 2, 4, missing_cause::not_received, history);
  add(series, 5, 5, missing_cause::not_received, estimation_method::default_value);
  add(series, 6, 7, missing_cause::contradicted, history);
  add(series, 8, 8, missing_cause::refused, history, verdict::negative);
  add(series, 9, 10, missing_cause::refused, history, verdict::over_maximum);
  add(series, 12, 12, missing_cause::refused, history, verdict::over_maximum); // behind an actual
  add(series, 13, 13, missing_cause::refused, history, verdict::over_maximum,
      {estimation_exception::register_backwards});
  add(series, 14, 15, missing_cause::received_estimate, {});
  const std::vector<work_item> items = work_of({series});
  CHECK(places_of(items) == "2+3:39 5+1:15 6+2:33 8+1:18 9+2:39 12+1:22 13+1:23 14+2:49 ");
  REQUIRE(items.size() == 8);
  CHECK(items[0].method == history);
  CHECK(items[1].method == estimation_method::default_value);
  CHECK(items[2].cause == missing_cause::contradicted);
  CHECK(items[3].refusal == verdict::negative);
  CHECK(items[4].refusal == verdict::over_maximum);
  CHECK(items[6].exceptions == std::vector{estimation_exception::register_backwards});
  CHECK(items[7].cause == missing_cause::received_estimate);
  CHECK(!items[7].method);
}

TEST_CASE("worklist: de-energised half hours are nothing to mend and part what is on either side") {
  settled_series series = series_of(0);
  add(series, 2, 3, missing_cause::not_received, history);
  add(series, 4, 4, missing_cause::de_energised, estimation_method::de_energised);
  add(series, 5, 6, missing_cause::not_received, history);
  CHECK(places_of(work_of({series})) == "2+2:25 5+2:31 ");
}

TEST_CASE("worklist: meters, quantities and the rows of a moved meter have items of their own") {
  settled_series one = series_of(0);
  add(one, 46, 47, missing_cause::not_received, history);
  settled_series exported = series_of(1, 0, quantity::active_export);
  add(exported, 0, 1, missing_cause::not_received, history);
  settled_series imported = series_of(1);
  add(imported, 2, 2, missing_cause::not_received, history);
  settled_series moved = series_of(2, 22); // has no half hour before
  add(moved, 22, 23, missing_cause::not_received, history);
  const std::vector<work_item> items = work_of({one, exported, imported, moved});
  CHECK(places_of(items) == "46+2:113 0+2:21 2+1:12 22+2:65 ");
  REQUIRE(items.size() == 4);
  CHECK(items[1].quantity == quantity::active_export);
  CHECK(items[2].quantity == quantity::active_import);
  CHECK(items[3].connection == connection_index{2});
  std::vector<work_item> all = items; // another transformer's come behind
  list_work({{1}, {one}}, all);
  CHECK(all.size() == 5);
}

TEST_CASE("worklist: the largest energy comes first, then meter, quantity's name and time") {
  const estate e = make_estate({{"T1", "F1", 2}, {"T2", "F1", 1}});
  const auto item = [](std::uint32_t row, std::int64_t wh, std::uint8_t place, quantity q = quantity::active_import) {
    work_item out;
    out.connection = {row};
    out.quantity = q;
    out.first_place = place;
    out.half_hours = 1;
    out.wh = wh;
    return out;
  };
  std::vector<work_item> items{item(0, 5, 3),  item(0, 5, 1), item(0, 5, 7, quantity::active_export),
                               item(0, 90, 2), item(1, 5, 9), item(1, 0, 0)};
  sort_work(e, items);
  CHECK(places_of(items) == "2+1:90 9+1:5 7+1:5 1+1:5 3+1:5 0+1:0 ");
}

TEST_CASE("worklist: each cause has its remedy, and register reads that could not be used are named") {
  work_item item;
  std::set<std::string> remedies;
  for (const missing_cause cause :
       {missing_cause::not_received, missing_cause::contradicted, missing_cause::received_estimate}) {
    item.cause = cause;
    remedies.insert(remedy_of(item));
  }
  item.cause = missing_cause::refused;
  for (const verdict v : {verdict::not_appointed, verdict::over_maximum, verdict::unknown_quantity,
                          verdict::twin_failed, verdict::unparseable}) {
    item.refusal = v;
    remedies.insert(remedy_of(item));
  }
  CHECK(remedies.size() == 8);
  CHECK(!remedies.contains(""));
  item.refusal = verdict::negative; // a limit, as the maximum is
  CHECK(remedies.contains(remedy_of(item)));

  item.cause = missing_cause::contradicted;
  const std::string plain = remedy_of(item);
  for (std::size_t i = 0; i < estimation_exception_count; ++i) {
    const auto e = static_cast<estimation_exception>(i);
    CAPTURE(std::string(name_of(e)));
    item.exceptions = {estimation_exception::annual_without_shape, e};
    const bool of_reads = std::string(name_of(e)).rfind("register-", 0) == 0
                          && e != estimation_exception::register_without_shape; // which no read can mend
    CHECK(remedy_of(item) == plain + (of_reads ? "; check the register reads around it" : ""));
  }
}
