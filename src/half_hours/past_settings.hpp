#pragma once

#include "config/rule_settings.hpp"
#include "src/store/sqlite.hpp"
#include "twins/estate.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What a run went by.
struct run_settings {
  /// Changes of the estate and of the rules up to it: the same where it is the same.
  std::uint32_t changes = 0;
  std::string estate_hash; ///< `topology_change::hash`
  std::shared_ptr<const gridtwin::estate> estate;
  rule_settings rules;

  /// Nothing: the estate has none of that name.
  std::optional<transformer_index> find(std::string_view transformer) const noexcept;
};

/// The estate and the rules that each run of a store went by. From any thread; each brings its own connection.
class past_settings {
public:
  /// Error: store_failed where the store has no such run, or an estate or rules that cannot be read any more.
  result<std::shared_ptr<const run_settings>> of_run(sqlite_database& database, std::uint32_t run);

  /// An estate that was bound at some time, by its `topology_change::hash`. Error: as above.
  result<std::shared_ptr<const gridtwin::estate>> estate_of(sqlite_database& database, const std::string& hash);

private:
  /// Estates that are kept as they are in memory: readers are mostly at the last one.
  static constexpr std::size_t kept_most = 3;

  struct known_run {
    std::uint32_t number = 0;
    std::uint32_t changes = 0;
    std::uint32_t estate = 0; ///< place in `estates_`
    std::uint32_t rules = 0;  ///< place in `rules_`
  };

  result<void> learn_runs(sqlite_database& database);
  result<std::shared_ptr<const run_settings>> read(sqlite_database& database, const known_run& run) const;
  result<std::shared_ptr<const gridtwin::estate>> find_estate(sqlite_database& database, const std::string& hash) const;

  std::mutex mutex_;
  std::int64_t last_record_ = 0; ///< of the journal, that was looked at
  std::uint32_t changes_ = 0;
  std::vector<std::string> estates_;                      ///< hashes, as they took effect
  std::vector<std::string> rules_;                        ///< texts, as they were bound
  std::vector<known_run> runs_;                           ///< ascending
  std::vector<std::shared_ptr<const run_settings>> kept_; ///< the last one that was asked for at the end
};

} // namespace gridtwin
