#include "src/half_hours/past_settings.hpp"

#include "src/ingest/estate_files.hpp"
#include "src/store/journal.hpp"
#include "src/store/topology.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view changes_sql = "SELECT id, kind, CASE kind WHEN ?3 THEN body END FROM journal "
                                         "WHERE id > ?1 AND id < ?2 AND kind IN (?3, ?4) ORDER BY id";
// Runs and their records stand in one order; a run that binds rules has their text among its options.
constexpr std::string_view bound_rules_sql =
  "SELECT number, CASE WHEN json_valid(options) THEN json_extract(options, '$.rules') END FROM runs "
  "WHERE number > ?1 ORDER BY number";

} // namespace

std::optional<transformer_index> run_settings::find(std::string_view transformer) const noexcept {
  const auto& all = estate->transformers;
  const auto at = std::lower_bound(all.begin(), all.end(), transformer,
                                   [](const transformer_info& t, std::string_view wanted) { return t.id < wanted; });
  if (at == all.end() || at->id != transformer)
    return std::nullopt;
  return transformer_index{static_cast<std::uint32_t>(at - all.begin())};
}

result<std::shared_ptr<const run_settings>> past_settings::of_run(sqlite_database& database, std::uint32_t run) {
  const std::lock_guard lock(mutex_);
  const auto find = [&] {
    const auto at = std::lower_bound(runs_.begin(), runs_.end(), run,
                                     [](const known_run& r, std::uint32_t wanted) { return r.number < wanted; });
    return at != runs_.end() && at->number == run ? &*at : nullptr;
  };
  const known_run* known = find();
  if (known == nullptr) {
    if (auto learnt = learn_runs(database); !learnt)
      return learnt.failure();
    known = find();
  }
  if (known == nullptr)
    return error{errc::store_failed, "the store has readings of a run that it does not know"};
  const auto at =
    std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one->changes == known->changes; });
  if (at != kept_.end()) {
    std::rotate(at, at + 1, kept_.end());
    return kept_.back();
  }
  auto fresh = read(database, *known);
  if (!fresh)
    return fresh;
  if (kept_.size() == kept_most)
    kept_.erase(kept_.begin());
  kept_.push_back(*fresh);
  return fresh;
}

result<void> past_settings::learn_runs(sqlite_database& database) {
  auto records = database.prepare(changes_sql);
  auto runs = database.prepare(bound_rules_sql);
  if (!records || !runs)
    return database.failure("cannot read");
  records->bind(1, std::max(last_record_, record_id::of(estate_shard, 0).value));
  records->bind(2, record_id::of(estate_shard + 1, 0).value);
  records->bind(3, static_cast<std::int64_t>(record_kind::topology));
  records->bind(4, static_cast<std::int64_t>(record_kind::run));
  runs->bind(1, runs_.empty() ? -1 : std::int64_t{runs_.back().number});
  // A run's number is looked up before its record: one that is committed in between has both to come.
  while (runs->step()) {
    bool found = false;
    while (!found && records->step()) {
      found = records->integer(1) == static_cast<std::int64_t>(record_kind::run);
      if (!found) {
        estates_.emplace_back(records->bytes(2));
        ++changes_;
      }
      last_record_ = records->integer(0);
    }
    if (records->failed())
      return database.failure("cannot read");
    if (!found || estates_.empty())
      return error{errc::store_failed, "the store's list of runs and its journal do not fit"};
    if (rules_.empty())
      rules_.emplace_back(built_in_rule_settings());
    if (const std::string_view text = runs->bytes(1); !text.empty()) {
      rules_.emplace_back(text);
      ++changes_;
    }
    runs_.push_back({static_cast<std::uint32_t>(runs->integer(0)), changes_,
                     static_cast<std::uint32_t>(estates_.size() - 1), static_cast<std::uint32_t>(rules_.size() - 1)});
  }
  return runs->failed() ? result<void>(database.failure("cannot read")) : result<void>();
}

result<std::shared_ptr<const run_settings>> past_settings::read(sqlite_database& database, const known_run& run) const {
  auto out = std::make_shared<run_settings>();
  out->changes = run.changes;
  out->estate_hash = estates_[run.estate];
  auto rules = parse_rule_settings(rules_[run.rules], "bound to the store");
  if (!rules)
    return error{errc::store_failed, rules.failure().message + " (a newer gridtwin may have written it)"};
  out->rules = std::move(*rules);
  auto estate = find_estate(database, out->estate_hash);
  if (!estate)
    return estate.failure();
  out->estate = std::move(*estate);
  return std::shared_ptr<const run_settings>(std::move(out));
}

result<std::shared_ptr<const gridtwin::estate>> past_settings::estate_of(sqlite_database& database,
                                                                         const std::string& hash) {
  const std::lock_guard lock(mutex_);
  return find_estate(database, hash);
}

result<std::shared_ptr<const gridtwin::estate>> past_settings::find_estate(sqlite_database& database,
                                                                           const std::string& hash) const {
  for (const auto& one : kept_)
    if (one->estate_hash == hash)
      return one->estate;
  auto texts = read_estate(database, hash, bound_files::required);
  if (!texts)
    return texts.failure();
  auto parsed = parse_estate({texts->transformers, texts->feeders, texts->meters}, "the store's estate");
  if (!parsed)
    return parsed.failure();
  return std::make_shared<const gridtwin::estate>(std::move(*parsed));
}

} // namespace gridtwin
