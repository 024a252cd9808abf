#pragma once

#include "src/api/alarm_log.hpp"
#include "src/api/api_bounds.hpp"
#include "src/api/kept_batches.hpp"
#include "src/gaps/gap_topic.hpp"
#include "src/half_hours/half_hour_topic.hpp"
#include "src/half_hours/past_settings.hpp"
#include "src/settled_days/settled_day_topic.hpp"
#include "src/settled_days/settled_run.hpp"
#include "src/store/reading_topic.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/store_reader.hpp"
#include "src/store/topology.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// A store as answers are made from it: connections, and what is worth keeping between two answers. It knows nothing of
/// who reads, so a thousand readers need no more of them than one. One thread at a time.
class opened_store {
public:
  /// What was bound to the store and settled of it before, shared by all that are opened.
  struct store_past {
    std::shared_ptr<past_settings> settings = std::make_shared<past_settings>();
    std::shared_ptr<settled_runs> runs = std::make_shared<settled_runs>(settings);
  };
  static result<std::unique_ptr<opened_store>> open(const store_folder& folder) { return open(folder, {}, nullptr); }
  /// `alarms`: none where nobody watches it.
  static result<std::unique_ptr<opened_store>> open(const store_folder& folder, store_past past,
                                                    std::shared_ptr<alarm_log> alarms = nullptr);

  sqlite_database& database() noexcept { return reader_.database(); }
  store_reader& reader() noexcept { return reader_; }
  /// None where nobody watches the store.
  alarm_log* alarms() noexcept { return alarms_.get(); }

  /// See `reading_topic::read`. Keeps the last batch: who goes through a record in pieces, or follows another reader,
  /// finds it decoded.
  result<const reading_topic::batch*> read(std::uint32_t shard, std::int64_t after, std::size_t readings);

  /// See `half_hour_topic::read`. Keeps the last batch of each shard (`kept_batches`): to derive it again would take
  /// all that was added to its days before.
  result<const half_hour_topic::batch*> half_hours(std::uint32_t shard, std::int64_t after, std::size_t readings,
                                                   std::uint32_t privacy_floor);

  /// See `gap_topic::read`. Keeps the last batch of each shard, as of half hours.
  result<const gap_topic::batch*> gaps(std::uint32_t shard, std::int64_t after, std::size_t readings);

  /// See `settled_day_topic::read`. Keeps the last batch.
  result<const settled_day_topic::batch*> settled_days(std::int64_t after, std::uint32_t of_it);

  /// Whose each slot of a transformer is. Error: store_failed where there is no such transformer or slot.
  result<const named_slots*> names(transformer_number t, twin_slot slot);
  /// The numbers of the transformers, in order of their names.
  result<std::vector<transformer_number>> by_name(std::vector<transformer_number> numbers);

private:
  opened_store(const store_folder& folder, store_reader reader, sqlite_database for_topic, store_past past,
               std::shared_ptr<alarm_log> alarms)
    : folder_(folder.folder()), reader_(std::move(reader)),
      for_topic_(std::make_unique<sqlite_database>(std::move(for_topic))), past_(std::move(past)),
      alarms_(std::move(alarms)), settled_days_(reader_, past_.runs) {}

  std::filesystem::path folder_;
  store_reader reader_;
  std::unique_ptr<sqlite_database> for_topic_;
  store_past past_;
  std::shared_ptr<alarm_log> alarms_;
  std::optional<reading_topic> topic_;
  std::optional<half_hour_topic> half_hours_; ///< none before it is asked for
  std::unordered_map<std::uint32_t, named_slots> names_;
  struct kept_batch {
    std::uint32_t shard = 0;
    std::int64_t after = 0;
    reading_topic::batch batch;
  };
  std::optional<kept_batch> kept_;
  kept_batches<half_hour_topic::batch> kept_half_hours_{api_bounds::kept_events};
  half_hour_topic::batch nothing_; ///< behind the end of some shard
  std::optional<gap_topic> gaps_;  ///< none before it is asked for
  kept_batches<gap_topic::batch> kept_gaps_{api_bounds::kept_events};
  gap_topic::batch no_gaps_; ///< behind the end of some shard
  settled_day_topic settled_days_;
  struct kept_settled_days {
    std::int64_t after = 0; ///< where they were asked for
    settled_day_topic::batch batch;

    bool holds(std::int64_t behind, std::uint32_t of_it) const noexcept;
  };
  kept_settled_days kept_settled_days_;
};

/// Opened stores, made when all are taken: as many as threads that make answers. From any thread.
class store_pool {
public:
  /// Error: store_unusable where there is no store.
  static result<std::unique_ptr<store_pool>> open(const std::filesystem::path& folder,
                                                  std::shared_ptr<alarm_log> alarms = nullptr);

  /// Gives `work` an opened store; what it returns, or why none could be opened.
  template <class Work>
  auto with(const Work& work) -> decltype(work(std::declval<opened_store&>())) {
    auto one = take();
    if (!one)
      return one.failure();
    auto out = work(**one);
    give_back(std::move(*one));
    return out;
  }

  /// Another number each time that something has been committed since it was last asked for.
  result<std::int64_t> generation();

private:
  store_pool(store_folder folder, std::shared_ptr<alarm_log> alarms, sqlite_database watching, sqlite_statement version)
    : folder_(std::move(folder)), alarms_(std::move(alarms)), watching_(std::move(watching)),
      version_(std::move(version)) {}

  result<std::unique_ptr<opened_store>> take();
  void give_back(std::unique_ptr<opened_store> one);

  store_folder folder_;
  std::shared_ptr<alarm_log> alarms_;
  opened_store::store_past past_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<opened_store>> idle_;
  std::mutex watch_mutex_; ///< of what follows
  sqlite_database watching_;
  sqlite_statement version_;
};

} // namespace gridtwin
