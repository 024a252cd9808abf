#pragma once

#include "twins/hash.hpp"

#include <memory>
#include <string_view>

namespace gridtwin {

/// The SHA-256 of bytes that come in parts.
class sha256_stream {
public:
  sha256_stream();
  ~sha256_stream();
  sha256_stream(sha256_stream&&) noexcept;
  sha256_stream& operator=(sha256_stream&&) noexcept;

  void add(std::string_view bytes) noexcept;
  /// Of all that was added so far.
  digest value() const noexcept;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gridtwin
