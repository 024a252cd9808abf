#include "src/replay/readings_sequencer.hpp"

#include <utility>

namespace gridtwin {

void readings_sequencer::add(decoded_text&& block) {
  const std::uint64_t number = block.number;
  waiting_.emplace(number, std::move(block));
  for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_; at = waiting_.begin()) {
    sequence(std::move(at->second));
    waiting_.erase(at);
    ++next_;
  }
}

void readings_sequencer::sequence(decoded_text&& block) {
  std::vector<reading_batch> batches;
  if (!resolver_ || block.source != source_) {
    finish();
    source_ = block.source;
    resolver_.emplace(meters_, block.decoder->first_line());
  }
  resolver_->resolve(std::move(*block.block), batches);
  gather(std::move(batches));
}

void readings_sequencer::finish() {
  if (!resolver_)
    return;
  std::vector<reading_batch> batches;
  resolver_->finish(batches);
  gather(std::move(batches));
  resolver_.reset();
}

void readings_sequencer::gather(std::vector<reading_batch>&& batches) {
  for (reading_batch& batch : batches) {
    batch.source = source_numbers_[source_];
    size_ += batch.readings.size() + batch.rejects.size();
    group_.push_back(std::move(batch));
  }
}

std::vector<reading_batch> readings_sequencer::take_group() {
  size_ = 0;
  ++groups_;
  return std::exchange(group_, {});
}

std::vector<kept_reject> keep_early_rejects(const std::vector<reading_batch>& batches, const meter_index& meters,
                                            run_counts& counts, std::vector<std::uint64_t>& faults) {
  std::vector<kept_reject> kept;
  for (const reading_batch& batch : batches) {
    counts.ambiguous_local_times += static_cast<std::int64_t>(batch.ambiguous_local_times);
    counts.drifted += static_cast<std::int64_t>(batch.drifted);
    for (const early_reject& r : batch.rejects) {
      ++counts.by_verdict[index_of(r.verdict)];
      std::string meter = r.meter;
      if (const auto known = meters.find(r.meter)) {
        const connection_index c = meters.connection_at(*known, first_storable_period);
        ++faults[c.value];
        meter = to_string(meters.at(c).mpan);
      }
      kept.push_back({batch.source, batch.first_line + r.line, r.item, r.verdict, std::move(meter), r.quantity,
                      r.period_end, r.detail, r.raw});
    }
  }
  return kept;
}

} // namespace gridtwin
