#pragma once

#include "src/client/parcel.hpp"
#include "src/load/latency_histogram.hpp"
#include "src/load/load_plan.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace gridtwin {

/// What came of readings that follow one another.
struct answered_stretch {
  std::uint64_t first = 0; ///< number in the plan
  std::uint64_t count = 0;
  wire_answer answer;
};

/// Gives a sender what is due of a load, open loop: a node that is slow does not make the next readings later. What is
/// busy or came back without an answer is sent again. The sender's thread alone, until it has ended.
class load_source final : public parcel_source {
public:
  /// `now_us` counts from the load's beginning.
  load_source(const load_plan& plan, std::size_t batch_readings, std::function<std::int64_t()> now_us)
    : plan_(plan), batch_readings_(batch_readings), now_us_(std::move(now_us)) {}

  result<std::optional<parcel>> next() override;
  result<void> answered(const parcel& p, const answer_message& answer) override;
  void give_back(const parcel& p) override;
  bool done() override { return answered_ == plan_.readings(); }

  std::uint64_t first_sent() const noexcept { return sent_; } ///< readings, each once
  std::uint64_t answered_readings() const noexcept { return answered_; }
  std::uint64_t of(wire_outcome o) const noexcept { return by_outcome_[static_cast<std::size_t>(o)]; }
  /// From when a reading was due to its final answer.
  const latency_histogram& latency() const noexcept { return latency_; }
  std::int64_t last_answer_us() const noexcept { return last_answer_us_; }
  /// Final answers, in order of their numbers.
  std::vector<answered_stretch> stretches() const;

private:
  struct stretch {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };

  parcel parcel_of(const stretch& s) const;
  void add_latency(const stretch& s, std::int64_t now_us);

  const load_plan& plan_;
  std::size_t batch_readings_;
  std::function<std::int64_t()> now_us_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::deque<stretch> again_; ///< to be sent again, none longer than a batch
  std::vector<answered_stretch> stretches_;
  std::array<std::uint64_t, wire_outcome_count> by_outcome_{};
  latency_histogram latency_;
  std::int64_t last_answer_us_ = 0;
};

} // namespace gridtwin
