#include "src/store/change_history.hpp"

#include "config/printable_text.hpp"
#include "src/store/audit.hpp"
#include "src/store/kept_texts.hpp"
#include "src/store/topology.hpp"
#include "twins/hash.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view records_sql = "SELECT id, kind, body FROM journal WHERE id > ?1 AND id < ?2 "
                                         "AND kind IN (?3, ?4, ?5) ORDER BY id";
// The run's number, the rules that it brought, and since when it holds, if it says so.
constexpr std::string_view runs_sql =
  "SELECT number, rules, since IS NOT NULL, since FROM (SELECT number, json_extract(told, '$.rules') AS rules, "
  "coalesce(CAST(strftime('%s', json_extract(told, '$.live')) AS INTEGER), known) AS since FROM "
  "(SELECT number, known, CASE WHEN json_valid(options) THEN options ELSE '{}' END AS told FROM runs)) ORDER BY number";
constexpr std::string_view rules_of_run_sql =
  "SELECT CASE WHEN json_valid(options) THEN json_extract(options, '$.rules') END FROM runs WHERE number = ?1";
constexpr std::string_view rules_name = "rules.toml";

error damaged(std::string_view what) {
  return {errc::store_failed, "what the store keeps of " + std::string(what) + " is not what its journal says"};
}

/// What the run has brought, and that it brought the estates whose records come right before its own.
result<void> add_run(sqlite_statement& runs, record_id record, std::size_t unassigned,
                     std::vector<recorded_change>& out) {
  if (!runs.step())
    return damaged("its runs");
  const auto number = static_cast<std::uint32_t>(runs.integer(0));
  const std::optional<std::int64_t> since = runs.integer(2) != 0 ? std::optional(runs.integer(3)) : std::nullopt;
  for (std::size_t i = unassigned; i < out.size(); ++i)
    if (out[i].thing == changed_thing::estate) {
      out[i].run = number;
      out[i].since_s = since;
    }
  if (const std::string_view rules = runs.bytes(1); !rules.empty())
    out.push_back({record, changed_thing::rules, since, number, {}, to_hex(sha256(rules))});
  return {};
}

std::optional<changed_thing> brought_by(std::string_view act) noexcept {
  if (act == use_settings_act)
    return changed_thing::settings;
  if (act == use_policy_act || act == use_policy_file_act)
    return changed_thing::policy;
  return std::nullopt;
}

} // namespace

std::string_view name_of(changed_thing thing) noexcept {
  constexpr std::array<std::string_view, 4> names{"estate", "rules", "settings", "policy"};
  return names[static_cast<std::size_t>(thing)];
}

result<std::vector<recorded_change>> recorded_changes(sqlite_database& database) {
  auto records = database.prepare(records_sql);
  auto runs = database.prepare(runs_sql);
  if (!records || !runs)
    return database.failure("cannot read");
  records->bind(1, record_id::of(estate_shard, 0).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  records->bind(3, static_cast<std::int64_t>(record_kind::topology));
  records->bind(4, static_cast<std::int64_t>(record_kind::run));
  records->bind(5, static_cast<std::int64_t>(record_kind::audit));
  std::vector<recorded_change> out;
  std::size_t unassigned = 0; ///< changes from here on belong to the next run
  while (records->step()) {
    const record_id record{records->integer(0)};
    const std::string_view body = records->bytes(2);
    switch (static_cast<record_kind>(records->integer(1))) {
    case record_kind::topology:
      out.push_back({record, changed_thing::estate, {}, 0, {}, std::string(body)});
      break;
    case record_kind::run:
      if (auto added = add_run(*runs, record, unassigned, out); !added)
        return added.failure();
      unassigned = out.size();
      break;
    default:
      audit_event event;
      if (!decode_audit(body, event))
        return damaged("an act");
      if (const auto thing = brought_by(event.act)) {
        recorded_text text = read_recorded_text(event.detail);
        out.push_back({record, *thing, event.at_s, 0, std::move(event.subject), std::move(text.hash), text.kept});
      }
    }
  }
  if (records->failed() || runs->failed())
    return database.failure("cannot read");
  return out;
}

result<std::vector<changed_text>> texts_of(sqlite_database& database, const recorded_change& change) {
  std::vector<changed_text> out;
  if (!change.kept)
    return out;
  if (change.thing == changed_thing::estate) {
    auto bytes = read_estate(database, change.hash);
    if (!bytes)
      return bytes.failure();
    if (estate_hash(*bytes) != change.hash)
      return damaged("an estate");
    out.push_back({"transformers.csv", std::move(bytes->transformers)});
    out.push_back({"feeders.csv", std::move(bytes->feeders)});
    out.push_back({"meters.csv", std::move(bytes->meters)});
    for (estate_file& file : bytes->optional)
      out.push_back({std::move(file.name), std::move(file.bytes)});
    return out;
  }
  if (change.thing == changed_thing::rules) {
    auto row = database.prepare(rules_of_run_sql);
    if (!row)
      return row.failure();
    if (!row->bind(1, change.run).step())
      return damaged("its rules");
    out.push_back({std::string(rules_name), std::string(row->bytes(0))});
  } else {
    auto text = kept_text(database, change.hash);
    if (!text)
      return text.failure();
    if (!*text)
      return error{errc::store_failed, "the store lacks a text that its journal says it keeps: "
                                         + printable(change.name, change.name.size())};
    out.push_back({change.name, std::move(**text)});
  }
  if (to_hex(sha256(out.front().text)) != change.hash)
    return damaged(printable(out.front().name, out.front().name.size()));
  return out;
}

} // namespace gridtwin
