#include "actors/reading_group.hpp"

#include <algorithm>

namespace gridtwin {

reading_group::reading_group(std::uint64_t number, std::vector<reading_batch> batches, std::vector<kept_reject> rejects)
  : number_(number), batches_(std::move(batches)), rejects_(std::move(rejects)) {
  for (const reading_batch& batch : batches_)
    for (const reading_batch::slice& s : batch.slices)
      transformers_.push_back(s.transformer);
  if (batches_.size() > 1) { // those of one batch are in order, each once
    std::sort(transformers_.begin(), transformers_.end());
    transformers_.erase(std::unique(transformers_.begin(), transformers_.end()), transformers_.end());
  }
  parts_.resize(transformers_.size());
  finished_.resize(transformers_.size());
  unfinished_.store(parts_.size(), std::memory_order_relaxed);
}

void reading_group::keep_verdicts() {
  verdicts_.reserve(batches_.size());
  for (const reading_batch& batch : batches_)
    verdicts_.emplace_back(batch.readings.size(), verdict::accepted);
}

std::span<verdict> reading_group::verdicts_of(const reading_batch& batch) noexcept {
  if (verdicts_.empty())
    return {};
  return verdicts_[static_cast<std::size_t>(&batch - batches_.data())];
}

std::size_t reading_group::position_of(transformer_index t) const noexcept {
  const auto at = std::lower_bound(transformers_.begin(), transformers_.end(), t);
  return static_cast<std::size_t>(at - transformers_.begin());
}

assessed_part& reading_group::part_of(transformer_index t) noexcept { return parts_[position_of(t)]; }

} // namespace gridtwin
