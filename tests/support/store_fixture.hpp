#pragma once

#include "src/store/bytes.hpp"
#include "src/store/commit.hpp"
#include "src/store/journal_section.hpp"
#include "src/store/store_reader.hpp"
#include "src/store/store_writer.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_readings.hpp"
#include "twins/meter_day.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A row of meters.csv.
struct estate_row {
  std::string transformer;
  std::string feeder;
  std::uint64_t meter = 0; ///< the n-th of the tests' MPANs
  period_range effective = {};
};

/// An estate in its canonical order.
inline estate make_estate(const std::vector<estate_row>& rows) {
  estate out;
  std::map<std::string, std::set<std::string>> feeders;
  for (const estate_row& r : rows)
    feeders[r.transformer].insert(r.feeder);
  std::map<std::pair<std::string, std::string>, std::uint32_t> place;
  for (const auto& [id, of] : feeders) {
    transformer_info t;
    t.id = id;
    out.transformers.push_back(t);
    for (const std::string& feeder : of) {
      place[{id, feeder}] = static_cast<std::uint32_t>(out.feeders.size());
      out.feeders.push_back({{static_cast<std::uint32_t>(out.transformers.size() - 1)}, feeder, {}});
    }
  }
  for (const estate_row& r : rows) {
    connection c = test_connection(r.meter);
    c.feeder = {place.at({r.transformer, r.feeder})};
    c.effective = r.effective;
    out.connections.push_back(c);
  }
  std::sort(out.connections.begin(), out.connections.end(), [](const connection& a, const connection& b) {
    return std::tuple(a.feeder, a.mpan, a.effective.first) < std::tuple(b.feeder, b.mpan, b.effective.first);
  });
  return out;
}

/// Bytes that stand for the estate's files: the same where the rows are the same.
inline estate_bytes bytes_of(const std::vector<estate_row>& rows) {
  estate_bytes out{"transformers", "feeders", "meters"};
  for (const estate_row& r : rows)
    out.meters += '\n' + r.transformer + ',' + r.feeder + ',' + std::to_string(r.meter) + ','
                  + std::to_string(r.effective.first) + ',' + std::to_string(r.effective.end);
  return out;
}

/// Everything that tells two stored readings apart but where they came from.
using set_key = std::tuple<std::uint32_t, std::int32_t, std::uint8_t, quantity, std::uint16_t, content_key>;
inline set_key set_key_of(const stored_reading& r) {
  return {r.twin.value, r.day.number, r.slot, r.quantity, r.version, key_of(r.content)};
}
using lineage_key = std::tuple<set_key, std::uint32_t, std::uint64_t>;
inline lineage_key lineage_key_of(const stored_reading& r) { return {set_key_of(r), r.source, r.line}; }

/// Readings by day.
inline std::map<utc_day, std::vector<stored_reading>> by_day(const std::vector<stored_reading>& readings) {
  std::map<utc_day, std::vector<stored_reading>> out;
  for (const stored_reading& r : readings)
    out[r.day].push_back(r);
  return out;
}

/// Readings of one day in the two parts of a fragment. The first of contradicting readings has the compact place.
struct fragment_parts {
  explicit fragment_parts(const std::vector<stored_reading>& readings) {
    for (const stored_reading& r : readings) {
      auto& [mask, wh] = values[row_number(r.twin, r.quantity)];
      const std::uint64_t here = std::uint64_t{1} << r.slot;
      if (!meter_day::is_plain(r.version, r.content) || (mask & here) != 0) {
        exceptions.push_back(r);
        continue;
      }
      mask |= here;
      wh[r.slot] = static_cast<std::uint16_t>(r.content.wh);
    }
    for (const auto& [number, value] : values) {
      stored_reading r;
      REQUIRE(set_row(number, r));
      if (value.first != 0)
        rows.push_back({r.twin, r.quantity, value.first, value.second.data()});
    }
    sort_exceptions(exceptions);
  }
  std::string encode() const { return encode_fragment(rows, exceptions); }

  std::map<std::uint64_t, std::pair<std::uint64_t, std::array<std::uint16_t, periods_per_day>>> values;
  std::vector<compact_row> rows;
  std::vector<stored_reading> exceptions;
};
inline std::string fragment_of(const std::vector<stored_reading>& readings) {
  return fragment_parts(readings).encode();
}

/// Readings as they would have come in batches: one for each source and line that goes back.
inline std::vector<reading_batch> batches_of(const std::vector<stored_reading>& readings) {
  std::vector<reading_batch> out;
  for (const stored_reading& r : readings) {
    if (out.empty() || out.back().source != r.source || r.line < out.back().first_line
        || r.line - out.back().first_line > 0xFFFF'FFFF) {
      out.emplace_back().source = r.source;
      out.back().first_line = r.line;
    }
    sourced_reading s;
    s.wh = r.content.wh;
    s.connection = {r.twin.value};
    s.period = period_at(r.day, r.slot);
    s.line = static_cast<std::uint32_t>(r.line - out.back().first_line);
    s.version = r.version;
    s.quantity = r.quantity;
    s.quality = r.content.quality;
    s.reasons = r.content.reasons;
    out.back().readings.push_back(s);
  }
  return out;
}

/// The section of readings of an estate whose connections are the transformer's twins 0, 1, 2, ...
inline std::string section_of(const std::vector<stored_reading>& readings) {
  const std::vector<reading_batch> batches = batches_of(readings);
  std::vector<batch_range> ranges;
  std::uint32_t twins = 0;
  for (const reading_batch& b : batches)
    ranges.push_back({&b, 0, static_cast<std::uint32_t>(b.readings.size())});
  for (const stored_reading& r : readings)
    twins = std::max(twins, r.twin.value + 1);
  std::vector<twin_slot> slots;
  for (std::uint32_t i = 0; i < twins; ++i)
    slots.push_back({i});
  return encode_section(ranges, slots);
}

/// What a transformer adds to the store, as its actor encodes it. The loads are made up: one feeder whose first half
/// hour imports as many watt-hours as there are readings.
inline transformer_commit commit_of(transformer_number t, std::uint32_t shard,
                                    const std::vector<stored_reading>& readings) {
  transformer_commit out;
  out.transformer = t;
  out.shard = shard;
  for (const auto& [day, of_day] : by_day(readings)) {
    day_commit d;
    d.day = day;
    d.added = pack(fragment_of(of_day));
    std::vector<feeder_day_load> loads{{"F1", {}}};
    loads[0].load[0].import_wh = static_cast<std::int64_t>(of_day.size());
    d.loads = pack(encode_loads(loads));
    out.days.push_back(std::move(d));
  }
  if (!readings.empty())
    out.journal_section = pack(section_of(readings));
  return out;
}

/// A store in a folder of its own.
class store_fixture {
public:
  store_fixture() : folder_(open()) {}

  const std::filesystem::path& path() const { return temporary_.path(); }
  const store_folder& folder() const { return folder_; }

  sqlite_database reader_connection() const {
    auto database = folder_.connect_reader();
    REQUIRE(database);
    return std::move(*database);
  }
  sqlite_database writer_connection() const {
    auto database = folder_.connect_writer();
    REQUIRE(database);
    return std::move(*database);
  }
  store_reader reader() const {
    auto out = store_reader::open(folder_);
    REQUIRE(out);
    return std::move(*out);
  }

  topology_binding bind(const std::vector<estate_row>& rows) const {
    sqlite_database database = reader_connection();
    auto bound = bind_topology(database, make_estate(rows), bytes_of(rows));
    REQUIRE(bound);
    return std::move(*bound);
  }

  store_writer writer(const std::vector<estate_row>& rows, std::vector<std::string> sources,
                      const std::string& options = "options") const {
    auto out = store_writer::open(
      folder_, {options, std::move(sources), bind(rows).change, std::make_shared<estate_bytes>(bytes_of(rows)), {}});
    REQUIRE(out);
    return std::move(*out);
  }

  std::int64_t number(std::string_view sql) const {
    sqlite_database database = reader_connection();
    auto s = database.prepare(sql_text::of_a_test(sql));
    REQUIRE(s);
    REQUIRE(s->step());
    return s->integer(0);
  }
  std::int64_t rows_in(const std::string& table) const { return number("SELECT count(*) FROM " + table); }

  /// The whole content of the store as text, to see whether anything was written.
  std::string dump() const {
    const std::vector<std::pair<std::string, int>> tables{
      {"journal", 5},       {"estates", 2},      {"estate_files", 3},    {"estate_texts", 2}, {"transformers", 3},
      {"sources", 2},       {"runs", 2},         {"fragments", 6},       {"days", 4},         {"summaries", 3},
      {"shape_parts", 2},   {"load_shapes", 5},  {"settlement_runs", 8}, {"gap_counts", 3},   {"rejects", 11},
      {"dead_letters", 21}, {"parked_twins", 5}, {"twin_faults", 7},     {"suspects", 4},     {"audit", 6},
      {"run_counters", 3}};
    return content_of(tables);
  }
  /// Of some of its tables, each with so many of its columns.
  std::string content_of(const std::vector<std::pair<std::string, int>>& tables) const {
    sqlite_database database = reader_connection();
    std::string out;
    for (const auto& [table, columns] : tables) {
      const std::string sql = "SELECT * FROM " + table + " ORDER BY 1";
      auto s = database.prepare(sql_text::of_a_test(sql));
      REQUIRE(s);
      while (s->step()) {
        out += table;
        for (int c = 0; c < columns; ++c)
          out += '|' + std::string(s->bytes(c));
        out += '\n';
      }
      REQUIRE(!s->failed());
    }
    return out;
  }

private:
  store_folder open() const {
    auto out = store_folder::for_writing(temporary_.path());
    REQUIRE(out);
    return std::move(*out);
  }

  temporary_folder temporary_;
  store_folder folder_;
};

/// Recomputes every chain of the journal; the number of records that do not fit.
inline int broken_links(const store_fixture& store) {
  sqlite_database database = store.reader_connection();
  auto s = database.prepare("SELECT id, kind, hash, chain, body FROM journal ORDER BY id");
  REQUIRE(s);
  std::map<std::uint32_t, std::pair<std::int64_t, std::string>> ends;
  int broken = 0;
  while (s->step()) {
    const record_id id{s->integer(0)};
    auto& [offset, chain] = ends[id.shard()];
    if (chain.empty())
      chain.assign(32, '\0');
    const digest body = sha256(s->bytes(4));
    const std::string_view hash(reinterpret_cast<const char*>(body.data()), body.size());
    // SHA-256 of the predecessor's, place, kind and the hash of the body, written down plainly.
    std::string link = chain;
    for (int shift = 56; shift >= 0; shift -= 8)
      link += static_cast<char>(static_cast<std::uint64_t>(id.value) >> shift & 0xFF);
    link += static_cast<char>(s->integer(1));
    link += hash;
    const digest expected = sha256(link);
    const std::string_view linked(reinterpret_cast<const char*>(expected.data()), expected.size());
    broken += s->bytes(2) == hash && s->bytes(3) == linked && id.offset() == offset + 1 ? 0 : 1;
    offset = id.offset();
    chain = linked;
  }
  REQUIRE(!s->failed());
  return broken;
}

} // namespace gridtwin::testing
