#pragma once

#include "src/settlement/shape_book.hpp"
#include "src/store/shape_parts.hpp"
#include "src/store/transformer_day_reader.hpp"
#include "tests/support/naive_readings.hpp"
#include "tests/support/store_fixture.hpp"

#include <array>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A store whose readings, and when each became known, are remembered, with load shapes worked out from them a second
/// time.
class shape_store {
public:
  /// T1 and T3 in GSP group A, T2 in B; meters 1 to 8, of several categories.
  shape_store() {
    of_ = make_estate(rows());
    of_.transformers[0].gsp_group = of_.transformers[2].gsp_group = 'A';
    of_.transformers[1].gsp_group = 'B';
    for (std::size_t i = 0; i < of_.connections.size(); ++i) {
      connection& c = of_.connections[i];
      c.type = i % 3 == 0 ? connection_type::whole_current : connection_type::low_voltage;
      c.segment = i % 4 == 3 ? market_segment::advanced : market_segment::smart;
      c.domestic = i % 5 != 4;
    }
    bind();
  }

  /// By transformer, twin, day, half hour and quantity: what was offered, and when it became known.
  using reading_key = std::tuple<std::uint32_t, twin_slot, utc_day, int, quantity>;
  using offered_readings = std::map<reading_key, std::vector<std::pair<std::int64_t, offered_reading>>>;

  estate& estate_now() { return of_; }
  const topology& topology_now() const { return bound_.topology; }
  const offered_readings& all() const { return all_; }
  const store_fixture& store() const { return store_; }
  transformer_number number_of(std::uint32_t t) const { return bound_.topology.number_of[t]; }

  /// Makes the estate as it is now the store's: after a change of its categories.
  void bind() {
    sqlite_database database = store_.reader_connection();
    bytes_ = bytes_of(rows());
    bytes_.meters += std::to_string(++estates_);
    auto bound = bind_topology(database, of_, bytes_);
    REQUIRE(bound);
    bound_ = std::move(*bound);
  }

  /// A run: adds readings by transformer; then summarises the days that it touched, or is cut off before.
  void run(const std::map<std::uint32_t, std::vector<stored_reading>>& added, const known_time& known,
           bool summarise = true) {
    auto writer = store_writer::open(store_.folder(),
                                     {"", {"a.csv"}, bound_.change, std::make_shared<estate_bytes>(bytes_), known});
    REQUIRE(writer);
    group_commit group;
    for (const auto& [t, readings] : added) {
      group.transformers.push_back(commit_of(number_of(t), t, readings));
      for (const stored_reading& r : readings) {
        const std::int64_t at = known.of(period_at(r.day, r.slot));
        all_[{t, r.twin, r.day, r.slot, r.quantity}].emplace_back(at, offered_reading{r.version, r.content});
        std::int64_t& last = known_by_.try_emplace({t, r.day}, at).first->second;
        last = std::max(last, at);
        touched_.emplace(t, r.day);
      }
    }
    REQUIRE(writer->commit(group));
    if (summarise)
      summarise_days(*writer);
    REQUIRE(writer->close());
    bind();
  }

  /// Replaces what is kept of a transformer's day.
  void keep(std::uint32_t t, utc_day day, const kept_shapes& shapes) {
    sqlite_database database = store_.writer_connection();
    auto put = database.prepare("UPDATE shape_parts SET body = ?1 WHERE key = ?2");
    REQUIRE(put);
    const std::string body = pack(encode_shapes(shapes, day));
    REQUIRE(put->bind_blob(1, body).bind(2, day_key(day, number_of(t))).run());
    REQUIRE(database.changes() == 1);
  }
  kept_shapes kept(std::uint32_t t, utc_day day) const {
    kept_shapes out;
    bool found = false;
    REQUIRE(store_.reader().for_each_shape_part(
      day, day, [&](transformer_number number, utc_day of_day, std::string_view packed) {
        if (number != number_of(t))
          return true;
        const auto bytes = unpack(packed);
        REQUIRE(bytes);
        REQUIRE(decode_shapes(*bytes, of_day, out));
        found = true;
        return false;
      }));
    REQUIRE(found);
    return out;
  }

  /// Asks a book that is prepared for days `first` to `last`.
  shape_book book(std::optional<std::int64_t> as_known_at, utc_day first, utc_day last,
                  const published_shapes& outside = none(), const shape_rules& rules = {}) const {
    store_reader reader = store_.reader();
    shape_book out(rules, outside);
    REQUIRE(out.prepare({&reader, &of_, &bound_.topology, as_known_at}, first, last));
    return out;
  }
  result<void> try_book(utc_day day) const {
    store_reader reader = store_.reader();
    shape_book out({}, none());
    return out.prepare({&reader, &of_, &bound_.topology, {}}, day, day);
  }

  /// The shapes of all readings that were known, in the plainest words.
  published_shapes naive(std::optional<std::int64_t> as_known_at, utc_day first, utc_day last) const {
    std::map<shape_category, std::map<utc_day, std::map<int, std::vector<std::int64_t>>>> actuals;
    for (const auto& [key, offered] : all_) {
      const auto& [t, twin, day, slot, q] = key;
      naive_half_hour half_hour;
      for (const auto& [at, reading] : offered)
        if (!as_known_at || at <= *as_known_at)
          half_hour.add(reading);
      const auto now = half_hour.current();
      if (!now || name_of(now->content.quality)[0] != 'A' || day < first || day > last)
        continue;
      const connection& c = connection_at(t, twin);
      actuals[{of_.transformers[t].gsp_group, c.type, c.segment, c.domestic, q}][day][slot].push_back(now->content.wh);
    }
    published_shapes out;
    for (const auto& [category, days] : actuals)
      for (const auto& [day, slots] : days)
        for (const auto& [slot, values] : slots)
          out[category][day][static_cast<std::size_t>(slot)] = {mean(values), shape_flag::actual_mean};
    return out;
  }

  static const published_shapes& none() {
    static const published_shapes empty;
    return empty;
  }

private:
  static const std::vector<estate_row>& rows() {
    static const std::vector<estate_row> out{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T1", "F2", 3}, {"T1", "F2", 4},
                                             {"T2", "F1", 5}, {"T2", "F1", 6}, {"T3", "F1", 7}, {"T3", "F1", 8}};
    return out;
  }

  /// Half to even, of values that are not negative.
  static std::int64_t mean(const std::vector<std::int64_t>& values) {
    std::int64_t sum = 0;
    for (const std::int64_t v : values)
      sum += v;
    const auto count = static_cast<std::int64_t>(values.size());
    std::int64_t out = 0;
    while ((out + 1) * count <= sum)
      ++out;
    const std::int64_t twice = 2 * (sum - out * count);
    return twice > count || (twice == count && out % 2 != 0) ? out + 1 : out;
  }

  const connection& connection_at(std::uint32_t t, twin_slot slot) const {
    for (std::size_t i = 0; i < of_.connections.size(); ++i)
      if (of_.transformer_of(of_.connections[i]).value == t && bound_.topology.slot_of[i] == slot)
        return of_.connections[i];
    FAIL("no connection has the slot");
    return of_.connections[0];
  }

  void summarise_days(store_writer& writer) {
    store_reader reader = store_.reader();
    std::vector<transformer_summary> summaries;
    for (const auto& [t, day] : touched_) {
      transformer_day_reader twins({&reader, &of_, &bound_.topology, {}}, {t});
      REQUIRE(twins.load(day));
      const shape_sorter sorter(of_, {t}, twins.twins().slots);
      const kept_shapes shapes{sorter.basis_of(bound_.topology.slots_in[t]), known_by_.at({t, day}),
                               sorter.parts_of(twins.twins(), day)};
      transformer_summary& summary = summaries.emplace_back();
      summary.transformer = number_of(t);
      summary.days.push_back(
        {day, pack(""), pack(encode_masks(twins.twins(), day)), "", pack(encode_shapes(shapes, day))});
    }
    REQUIRE(writer.commit_summaries(summaries));
    touched_.clear();
  }

  store_fixture store_;
  estate of_;
  estate_bytes bytes_;
  topology_binding bound_;
  int estates_ = 0;
  offered_readings all_;
  std::map<std::pair<std::uint32_t, utc_day>, std::int64_t> known_by_;
  std::set<std::pair<std::uint32_t, utc_day>> touched_;
};

} // namespace gridtwin::testing
