#pragma once

#include "twins/hash.hpp"

#include <cstddef>
#include <optional>

namespace gridtwin {

// Ways to compute the same hashes. `sha256_blocks` and `sha256_nodes` choose among them by the number of messages;
// tests and benchmarks call each of them.

/// Hashes `count` messages that lie one behind the other.
struct sha256_way {
  const char* name = "";
  /// Of messages of one padded block.
  void (*blocks)(const sha256_block* blocks, std::size_t count, digest* hashes) noexcept = nullptr;
  /// Of inner nodes: `count` pairs of children. `parents` may be `children`.
  void (*nodes)(const digest* children, std::size_t count, digest* parents) noexcept = nullptr;
};

/// OpenSSL's compression function, message by message; on every machine.
sha256_way sha256_by_library() noexcept;

/// The SHA instructions of x86-64, two messages side by side. Nothing where the machine lacks them.
std::optional<sha256_way> sha256_by_sha_ni() noexcept;

/// AVX-512, sixteen messages side by side, a word of each in one register. Fewer than sixteen take as long as sixteen.
/// Nothing where the machine lacks it.
std::optional<sha256_way> sha256_by_avx512() noexcept;

} // namespace gridtwin
