#pragma once

#include "sim/byte_sink.hpp"
#include "sim/estate_generator.hpp"
#include "sim/reads_generator.hpp"
#include "twins/estate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin::sim_test {

using table = std::vector<std::vector<std::string>>;

inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> fields(1);
  for (const char c : text) {
    if (c == separator)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

/// Rows without the header; no quoting.
inline table rows_of(const std::string& csv) {
  table rows;
  REQUIRE(!csv.empty());
  REQUIRE(csv.back() == '\n');
  for (const std::string& line : split(std::string_view(csv).substr(0, csv.size() - 1), '\n'))
    rows.push_back(split(line, ','));
  rows.erase(rows.begin());
  return rows;
}

struct estate_csv {
  std::string transformers, feeders, meters;
  estate_counts counts;
};

inline estate_csv make_estate_csv(std::uint64_t meters, std::uint64_t seed) {
  string_sink transformers, feeders, rows;
  const auto counts = generate_estate({meters, seed}, {transformers, feeders, rows});
  REQUIRE(counts);
  return {transformers.text(), feeders.text(), rows.text(), *counts};
}

/// A simulated estate as the program would read it from its files.
inline estate make_estate(std::uint64_t meters, std::uint64_t seed) {
  const estate_csv csv = make_estate_csv(meters, seed);
  estate out;
  std::vector<std::string> feeder_keys;
  for (const auto& row : rows_of(csv.transformers)) {
    transformer_info t;
    t.id = row.at(0);
    t.rating_va = std::stoll(row.at(2)) * 1000;
    t.gsp_group = row.at(3).at(1);
    out.transformers.push_back(t);
  }
  for (const auto& row : rows_of(csv.feeders)) {
    const auto at = std::find_if(out.transformers.begin(), out.transformers.end(),
                                 [&](const transformer_info& t) { return t.id == row.at(0); });
    out.feeders.push_back({{static_cast<std::uint32_t>(at - out.transformers.begin())}, row.at(1), row.at(2)});
    feeder_keys.push_back(row.at(0) + "/" + row.at(1));
  }
  for (const auto& row : rows_of(csv.meters)) {
    connection c;
    c.mpan = {std::stoull(row.at(0))};
    const auto feeder = std::find(feeder_keys.begin(), feeder_keys.end(), row.at(1) + "/" + row.at(2));
    c.feeder = {static_cast<std::uint32_t>(feeder - feeder_keys.begin())};
    c.segment = static_cast<market_segment>(row.at(4).at(0));
    c.type = static_cast<connection_type>(row.at(5).at(0));
    c.domestic = row.at(6) == "T";
    if (row.at(8) == "AI|AE")
      c.quantities = mask_of(quantity::active_import) | mask_of(quantity::active_export);
    out.connections.push_back(c);
  }
  std::sort(out.connections.begin(), out.connections.end(), [](const connection& a, const connection& b) {
    return a.feeder != b.feeder ? a.feeder < b.feeder : a.mpan < b.mpan;
  });
  return out;
}

} // namespace gridtwin::sim_test
