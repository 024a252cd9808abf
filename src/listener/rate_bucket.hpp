#pragma once

#include <algorithm>
#include <cstdint>

namespace gridtwin {

/// How fast one identity may send: of what, its listener says.
struct rate_limit {
  std::uint64_t per_s = 0; ///< in the long run
  std::uint64_t burst = 0; ///< and at once
};

/// A bucket of tokens that fills by time: the time comes in. Not for several threads.
class rate_bucket {
public:
  explicit rate_bucket(rate_limit limit) noexcept : limit_(limit), tokens_(limit.burst) {}

  /// Takes that many, or none and false.
  bool take(std::uint64_t count, std::int64_t now_us) noexcept {
    fill(now_us);
    if (count > tokens_)
      return false;
    tokens_ -= count;
    return true;
  }

  /// Until that many are there.
  std::int64_t wait_us(std::uint64_t count) const noexcept {
    const std::uint64_t missing = count > tokens_ ? count - tokens_ : 0;
    return static_cast<std::int64_t>(missing * us_per_s / std::max<std::uint64_t>(limit_.per_s, 1)) + 1;
  }

  /// As if it had never been used: it need not be kept.
  bool is_full(std::int64_t now_us) const noexcept {
    rate_bucket later = *this;
    later.fill(now_us);
    return later.tokens_ == limit_.burst;
  }

private:
  static constexpr std::uint64_t us_per_s = 1'000'000;

  void fill(std::int64_t now_us) noexcept {
    if (!started_) {
      started_ = true;
      last_us_ = now_us;
    }
    if (now_us <= last_us_)
      return;
    const std::uint64_t per_s = std::max<std::uint64_t>(limit_.per_s, 1);
    const auto passed_us = static_cast<std::uint64_t>(now_us - last_us_);
    if (passed_us > (limit_.burst - tokens_ + 1) * us_per_s / per_s + 1) { // by far: and nothing overflows
      tokens_ = limit_.burst;
      last_us_ = now_us;
      return;
    }
    const std::uint64_t gained = passed_us * per_s / us_per_s;
    // The time that is not a whole token yet is kept.
    last_us_ += static_cast<std::int64_t>((gained * us_per_s + per_s - 1) / per_s);
    tokens_ = std::min(limit_.burst, tokens_ + gained);
  }

  rate_limit limit_;
  std::uint64_t tokens_;
  std::int64_t last_us_ = 0;
  bool started_ = false;
};

} // namespace gridtwin
