#pragma once

#include "src/replay/known_estate.hpp"
#include "src/store/day_summary.hpp"
#include "src/store/store_reader.hpp"
#include "src/store/transformer_day_reader.hpp"
#include "twins/day_tree.hpp"
#include "twins/meter_twin.hpp"
#include "twins/settlement_inputs.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// A store with the estate that it is bound to, for commands that only read. Sees one state of the store.
class store_view {
public:
  /// `known`: need not be read again, if it is the store's.
  static result<store_view> open(const std::filesystem::path& folder, const known_estate& known = {});

  const gridtwin::estate& estate() const noexcept { return *estate_; }
  const gridtwin::topology& topology() const noexcept { return *topology_; }
  /// The optional files of the estate: empty where it has none. Read and checked with the first call, kept then.
  result<std::shared_ptr<const settlement_inputs>> settlement();
  store_reader& reader() noexcept { return *reader_; }
  /// The same for what knows no commands; valid while the view is there, and until it looks back to another instant.
  store_cut cut() noexcept { return {reader_.get(), estate_.get(), topology_.get(), as_known_at_}; }

  /// Days with readings of a transformer, ascending.
  const std::vector<utc_day>& days_of(transformer_index t) const noexcept { return days_[t.value]; }
  /// Every day with readings of any, ascending.
  const std::vector<utc_day>& days() const noexcept { return all_days_; }
  /// Shows what was known at an instant (seconds since the epoch): readings that became known later are not there.
  void look_back_to(std::int64_t instant) noexcept { as_known_at_ = instant; }
  const std::optional<std::int64_t>& as_known_at() const noexcept { return as_known_at_; }

  /// What the summary of that day says is not what is shown: a run was cut off before it could end, or the view looks
  /// back.
  bool unsummarised(transformer_index t, utc_day day) const;
  bool any_unsummarised(transformer_index t) const noexcept { return as_known_at_ || !unsummarised_[t.value].empty(); }

  /// See `meters_across_transformers`.
  const std::vector<mpan>& meters_across() const noexcept { return meters_across_; }

private:
  result<void> take_estate(const known_estate& known);
  result<void> list_days();

  explicit store_view(store_folder folder) : folder_(std::make_unique<store_folder>(std::move(folder))) {}

  std::unique_ptr<store_folder> folder_;
  std::unique_ptr<store_reader> reader_;
  std::shared_ptr<const gridtwin::estate> estate_;
  std::shared_ptr<const gridtwin::topology> topology_;
  std::shared_ptr<const settlement_inputs> settlement_; ///< none before it is asked for
  std::vector<std::vector<utc_day>> days_;
  std::vector<utc_day> all_days_;
  std::vector<mpan> meters_across_;
  std::vector<std::vector<utc_day>> unsummarised_;
  std::optional<std::int64_t> as_known_at_;
};

/// The roots of a UTC day by quantity; none where the estate has no current value.
using estate_nodes = std::array<std::optional<day_node>, quantity_count>;
result<estate_nodes> hash_estate_day(store_view& view, utc_day day, const estate_key& key);

/// The hash over all days' roots, in order of day and quantity's name.
struct store_digest {
  struct row {
    utc_day day;
    gridtwin::quantity quantity = quantity::active_import;
    day_node node;
  };
  std::vector<row> rows;
  digest hash{};
};
result<store_digest> digest_store(store_view& view, const estate_key& key, std::optional<utc_day> only = {});

} // namespace gridtwin
