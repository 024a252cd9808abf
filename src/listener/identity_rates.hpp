#pragma once

#include "src/listener/rate_bucket.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace gridtwin {

/// What each identity may send, by a bucket of its own. From any thread.
class identity_rates {
public:
  explicit identity_rates(rate_limit of_each) noexcept : of_each_(of_each) {}

  /// 0: taken from the identity's rate. Else nothing was, and it is to wait so many microseconds. `now_us`: of a clock
  /// that never goes back.
  std::int64_t take(const std::string& identity, std::uint64_t count, std::int64_t now_us);

private:
  /// Buckets that are looked through for full ones when there are so many more.
  static constexpr std::size_t buckets_between_sweeps = 1024;

  void sweep(std::int64_t now_us);

  const rate_limit of_each_;
  std::mutex mutex_;
  std::map<std::string, rate_bucket> buckets_;
  std::size_t next_sweep_ = buckets_between_sweeps;
};

} // namespace gridtwin
