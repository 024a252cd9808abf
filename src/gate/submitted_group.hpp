#pragma once

#include "actors/reading_group.hpp"
#include "src/gate/submission_feed.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/store/topology.hpp"
#include "twins/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gridtwin {

/// Submissions that are judged and committed together: on to batches, and back from what became of those to answers.
/// A sender's submissions whose numbers ascend are one batch, however small each is.
class submitted_group {
public:
  /// `number_of`: the store's number of a sender, as a source. `limits`: those that the twins will go by.
  submitted_group(std::vector<taken_submission> submissions, const meter_index& meters,
                  const std::function<std::uint32_t(const std::string&)>& number_of, const rule_limits& limits = {});

  std::size_t readings() const noexcept { return readings_; }
  std::vector<reading_batch> take_batches() noexcept { return std::move(batches_); }

  /// Answers everybody: the group that the batches went into is durable.
  void answer(reading_group& durable, const topology& names) const;
  /// Answers everybody with nothing: the node ends and does not know.
  void give_up() const;

private:
  /// A submission within its batch.
  struct part {
    std::size_t submission = 0;
    std::uint32_t line = 0;  ///< of its first reading in the batch
    std::uint32_t place = 0; ///< likewise, among all readings of the batch
  };
  struct batch_parts {
    std::vector<part> parts; ///< by line
    std::uint32_t readings = 0;
  };

  std::vector<taken_submission> submissions_;
  std::vector<reading_batch> batches_;
  std::vector<batch_parts> parts_; ///< by batch
  std::size_t readings_ = 0;
};

} // namespace gridtwin
