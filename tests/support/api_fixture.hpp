#pragma once

#include "src/api/reader_api.hpp"
#include "src/api/topic_scan.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// An estate of transformers T0, T1, ... with four meters each: the n-th has the test's MPANs 4n + 1 to 4n + 4.
class api_fixture {
public:
  explicit api_fixture(std::uint32_t transformers = 3) {
    for (std::uint32_t t = 0; t < transformers; ++t)
      for (std::uint64_t n = 1; n <= 4; ++n)
        rows_.push_back({"T" + std::to_string(t), "F1", 4 * t + n});
  }

  /// An estate of these rows; transformers are known by their places in order of their names.
  explicit api_fixture(std::vector<estate_row> rows) : rows_(std::move(rows)) {}

  /// A reading of a meter: the n-th of its transformer, from 0.
  static stored_reading reading(std::uint32_t n, std::int32_t day, std::uint8_t slot, std::int64_t wh,
                                std::uint16_t version = 1) {
    stored_reading out;
    out.twin = {n};
    out.day = {day};
    out.slot = slot;
    out.version = version;
    out.content = actual_of(wh);
    return out;
  }
  static mpan meter(std::uint32_t transformer, std::uint32_t n) { return test_mpan(4 * transformer + n + 1); }

  /// One run, with a commit for each of the groups; a group: readings by transformer.
  using group = std::vector<std::pair<std::uint32_t, std::vector<stored_reading>>>;
  void run(const std::vector<group>& groups, std::optional<std::int64_t> known_s = std::nullopt) {
    const estate e = make_estate(rows_);
    const auto bytes = std::make_shared<estate_bytes>(files_of(rows_));
    sqlite_database database = store.reader_connection();
    const auto bound = bind_topology(database, e, *bytes);
    REQUIRE(bound);
    auto writer = store_writer::open(store.folder(), {"options", {"reads.csv"}, bound->change, bytes, {known_s}});
    REQUIRE(writer);
    for (group g : groups) {
      group_commit commit;
      for (auto& [transformer, readings] : g) {
        for (stored_reading& r : readings) {
          r.source = writer->source_number(0);
          r.line = ++line_;
        }
        commit.transformers.push_back(
          commit_of(bound->topology.number_of[transformer], shard_of(e.transformers[transformer].id), readings));
      }
      REQUIRE(writer->commit(commit));
    }
  }
  void commit(std::uint32_t transformer, std::vector<stored_reading> readings,
              std::optional<std::int64_t> known_s = std::nullopt) {
    run({{{transformer, std::move(readings)}}}, known_s);
  }

  /// The API over the store, as a policy sees it that may be exchanged.
  reader_api& api() {
    if (!api_) {
      auto opened = reader_api::open({store.path(), [this] { return policy; }, [] { return std::string("metrics\n"); },
                                      [this] { return not_ready; }, [this] { return now_us; }, alarms});
      REQUIRE_MESSAGE(opened, (opened ? "" : opened.failure().message));
      api_ = std::move(*opened);
    }
    return *api_;
  }
  void set_policy(std::string_view toml) {
    auto parsed = parse_access_policy(toml, "access.toml", [](const std::string& name) -> result<std::string> {
      // `1-2-3.csv`: meters with consent, by the numbers of the tests' MPANs
      std::string out = "mpan,consent\n";
      for (std::size_t at = 0; at < name.size() && name[at] != '.';) {
        const std::size_t end = name.find_first_of("-.", at);
        out += to_string(test_mpan(std::stoull(name.substr(at, end - at)))) + ",H\n";
        at = end + (name[end] == '-' ? 1 : 0);
      }
      return out;
    });
    REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.failure().message));
    policy = std::make_shared<const access_policy>(std::move(*parsed));
  }

  http_response ask(const std::string& who, std::string target, std::string method = "GET", std::string body = {}) {
    http_request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    const auto peer = parse_identity("urn:gridtwin:" + who);
    REQUIRE(peer);
    request.peer = *peer;
    request.accept = accept;
    request.last_event_id = last_event_id;
    return api().handle(request);
  }
  /// The whole body, of a stream as long as it goes on at once.
  static std::string body_of(http_response& response) {
    std::string out = response.body;
    http_body::state state = http_body::state::more;
    while (response.stream && state == http_body::state::more)
      state = response.stream->next(out);
    return out;
  }
  std::string get(const std::string& who, const std::string& target) {
    http_response response = ask(who, target);
    REQUIRE_MESSAGE(response.status == 200, target, ": ", response.body);
    return body_of(response);
  }
  static std::string field(const http_response& response, std::string_view name) {
    for (const auto& [key, value] : response.fields)
      if (key == name)
        return value;
    return {};
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      out.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }

  store_fixture store;
  std::shared_ptr<const access_policy> policy = std::make_shared<const access_policy>();
  std::shared_ptr<alarm_log> alarms; ///< of the API, from its first use on
  std::string not_ready;
  std::string accept;
  std::string last_event_id;
  std::int64_t now_us = 0;

private:
  /// The estate's files as they are read back.
  static estate_bytes files_of(const std::vector<estate_row>& rows) {
    const estate e = make_estate(rows);
    estate_bytes out{"transformer_id,rating_kva,gsp_group\n", "transformer_id,feeder_id\n",
                     "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation,"
                     "quantities,effective_from,effective_to\n"};
    const auto start = [](std::int32_t number, std::int32_t for_ever) {
      return number == for_ever ? std::string() : format_instant(period{number}.start_s());
    };
    for (const transformer_info& t : e.transformers)
      out.transformers += t.id + ",100,_C\n";
    for (const feeder_info& f : e.feeders)
      out.feeders += e.transformers[f.transformer.value].id + ',' + f.id + '\n';
    for (const connection& c : e.connections)
      out.meters += to_string(c.mpan) + ',' + e.transformers[e.transformer_of(c).value].id + ',' + e.feeder_of(c).id
                    + ",SUPP,S,L,T,E,AI|AE|RI|RE," + start(c.effective.first, period_range{}.first) + ','
                    + start(c.effective.end, period_range{}.end) + '\n';
    return out;
  }

  std::vector<estate_row> rows_;
  std::uint64_t line_ = 0;
  std::unique_ptr<reader_api> api_;
};

inline constexpr std::string_view one_of_each = R"(
version = 1
[identities."urn:gridtwin:device:d"]
meters = "all"
[identities."urn:gridtwin:service:settlement:s"]
[identities."urn:gridtwin:service:network-operator:n"]
transformers = "all"
[identities."urn:gridtwin:service:flexibility:f"]
consent_file = "1-6.csv"
[identities."urn:gridtwin:service:auditor:a"]
[identities."urn:gridtwin:operator:o"]
)";

} // namespace gridtwin::testing
