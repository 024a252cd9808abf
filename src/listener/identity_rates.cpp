#include "src/listener/identity_rates.hpp"

namespace gridtwin {

std::int64_t identity_rates::take(const std::string& identity, std::uint64_t count, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= next_sweep_)
    sweep(now_us);
  rate_bucket& bucket = buckets_.try_emplace(identity, of_each_).first->second;
  return bucket.take(count, now_us) ? 0 : bucket.wait_us(count);
}

/// A full bucket is as one that was never used.
void identity_rates::sweep(std::int64_t now_us) {
  std::erase_if(buckets_, [&](const auto& one) { return one.second.is_full(now_us); });
  next_sweep_ = buckets_.size() + buckets_between_sweeps;
}

} // namespace gridtwin
