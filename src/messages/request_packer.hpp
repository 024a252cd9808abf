#pragma once

#include "src/messages/if021_message.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// Puts messages into requests, `[message,message]`, in their order.
class request_packer {
public:
  struct bounds {
    std::size_t bytes = request_bytes_limit;
    std::size_t messages = 1000;
  };

  request_packer() = default;
  explicit request_packer(const bounds& b) : bounds_(b) {}

  /// Adds a message. Gives the request before it, where the message does not fit into that one any more. A message that
  /// fits into none is a request by itself.
  std::optional<std::string> add(std::string_view message);
  /// The last request; nothing where nothing was added.
  std::optional<std::string> finish();

private:
  bounds bounds_;
  std::string body_; ///< without its last bracket
  std::size_t messages_ = 0;
};

} // namespace gridtwin
