#pragma once

#include "supervision/monotonic_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gridtwin {

struct bucket_rate {
  std::uint32_t a_second = 5000; ///< tokens that come, 1 to 1,000,000,000
  std::uint32_t burst = 500;     ///< tokens that the bucket holds, at least 1
};

/// The token bucket for all restarts of a node (V13): however many children die at once, what they are rebuilt from is
/// read no faster than `rate`. In any half-open window of w seconds at most burst + w * a_second restarts begin. Ask
/// when a restart's own pause is over, not when it is ordered: a token that is reserved for later is wasted until then.
/// As a value it belongs to one thread; eight bytes hold when it will be full again, and eight the latest instant.
class restart_bucket {
public:
  constexpr explicit restart_bucket(bucket_rate rate = {}) noexcept
    : interval_((std::chrono::nanoseconds{std::chrono::seconds{1}} + std::chrono::nanoseconds{rate.a_second - 1})
                / rate.a_second), // rounded up: a rate that does not divide a second is not exceeded
      tolerance_(interval_ * (rate.burst - 1)) {}

  /// Takes a token, if need be one that is still to come: when the restart may begin, `now` or later. Those who ask
  /// first begin first.
  constexpr monotonic_time take(monotonic_time now) noexcept {
    latest_ = std::max(latest_, now);
    full_at_ = std::max(full_at_, latest_);
    const monotonic_time start = std::max(latest_, full_at_ - tolerance_);
    full_at_ += interval_;
    ++(start > now ? delayed_ : at_once_);
    return start;
  }

  constexpr std::uint64_t at_once() const noexcept { return at_once_; }
  constexpr std::uint64_t delayed() const noexcept { return delayed_; }

private:
  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds tolerance_;
  monotonic_time full_at_ = monotonic_time::min();
  monotonic_time latest_ = monotonic_time::min();
  std::uint64_t at_once_ = 0;
  std::uint64_t delayed_ = 0;
};

} // namespace gridtwin
