#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// What becomes of a request by how it was answered (domain notes, DL-06).
enum class answer_class : std::uint8_t {
  delivered, ///< 2xx
  again,     ///< no answer, 408, 429, 5xx, and what is no final answer: the same again, later
  too_large, ///< 413: half as much
  refused    ///< all other 4xx, and redirects, which are not followed: it would be refused again
};

/// `status`: of the answer; 0: there was none.
answer_class class_of(unsigned status) noexcept;

/// Why, for a dead letter: a sentence of our own without a word of the receiver's.
std::string reason_of(unsigned status);

/// Exponential back-off with full jitter: before the n-th attempt (1: the first that is made again) anything up to
/// `first_us` * 2^(n-1), at most `longest_us`.
struct back_off_limits {
  std::int64_t first_us = 1'000'000;
  std::int64_t longest_us = 300'000'000;
  /// What a receiver may ask for at most (`Retry-After`).
  std::int64_t longest_asked_us = 3'600'000'000;
};

/// Microseconds to wait before attempt `attempt`. `chance`: evenly from all numbers. `asked_us`: what the receiver
/// asked for, which is the least then.
std::int64_t back_off(std::uint64_t attempt, std::uint64_t chance, std::optional<std::int64_t> asked_us,
                      const back_off_limits& limits = {}) noexcept;

/// The field `Retry-After` (RFC 9110, 10.2.3) in microseconds from `now_s` (seconds since the epoch) on: a number of
/// seconds or a date as `Sun, 06 Nov 1994 08:49:37 GMT`; one that has passed is 0. Nothing where it is neither.
std::optional<std::int64_t> parse_retry_after(std::string_view text, std::int64_t now_s);

} // namespace gridtwin
