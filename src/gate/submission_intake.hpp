#pragma once

#include "actors/source_names.hpp"
#include "src/gate/submission_feed.hpp"
#include "src/gate/submitted_group.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Submissions on their way through one run: taken from the feed, judged as groups, answered when those are durable. To
/// be used by one thread.
class submission_intake {
public:
  /// `sources`: by name, as the store knows them; `next_source`: above all their numbers. `senders` is told of each
  /// that comes. `limits`: of the run. They and `feed` outlive this.
  submission_intake(submission_feed& feed, std::shared_ptr<const meter_index> meters, const topology& names,
                    std::unordered_map<std::string, std::uint32_t> sources, std::uint32_t next_source,
                    source_names& senders, const rule_limits& limits)
    : feed_(&feed), meters_(std::move(meters)), names_(&names), sources_(std::move(sources)), next_source_(next_source),
      senders_(&senders), limits_(&limits) {}
  /// What was taken and is not durable is answered with nothing: unknown.
  ~submission_intake();
  submission_intake(const submission_intake&) = delete;
  submission_intake& operator=(const submission_intake&) = delete;

  /// Takes what waits, about so many readings, as a group of that number; nothing where nothing waits.
  struct taken {
    std::vector<reading_batch> batches;
    std::size_t readings = 0;
  };
  taken take(std::uint64_t group, std::size_t readings);

  /// Prepares the group that the batches went into, before it is judged; nothing for a group of something else.
  void prepare(const std::shared_ptr<reading_group>& group);
  /// Answers whoever waits for the group.
  void committed(std::uint64_t group);

private:
  struct under_way {
    submitted_group submitted;
    std::shared_ptr<reading_group> group;
  };

  std::uint32_t number_of(const std::string& sender);

  submission_feed* feed_;
  std::shared_ptr<const meter_index> meters_;
  const topology* names_;
  std::unordered_map<std::string, std::uint32_t> sources_;
  std::uint32_t next_source_;
  source_names* senders_;
  const rule_limits* limits_;
  std::vector<named_source> new_sources_; ///< of the group that was taken last
  std::map<std::uint64_t, under_way> under_way_;
};

} // namespace gridtwin
