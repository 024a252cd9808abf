#pragma once

#include "src/wire/wire_bounds.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// Kinds of frames of the protocol (`gridtwin.proto`).
enum class frame_kind : std::uint8_t { hello = 1, welcome, submit, answer, credit, goodbye };

/// A whole frame; its body is valid until the reader is used again.
struct frame {
  frame_kind kind = frame_kind::hello;
  std::string_view body;
};

/// Cuts a stream of bytes into frames, however they arrive. Never throws for what a peer sent; holds one body at most,
/// and only as much of it as has arrived, whatever its length claims. One thread at a time.
class frame_reader {
public:
  enum class status : std::uint8_t {
    more,      ///< all bytes are taken, no frame is whole
    whole,     ///< there is a frame
    too_large, ///< its length is beyond the limit; nothing more can be read
    unknown    ///< its kind is none; nothing more can be read
  };

  /// `limit`: longest body, until it is raised.
  explicit frame_reader(std::size_t limit = wire_bounds::early_frame_bytes) noexcept : limit_(limit) {}

  /// Takes bytes off the front of `bytes` up to the end of a frame.
  status read(std::string_view& bytes, frame& out);

  /// Holds from the next frame on.
  void limit(std::size_t bytes) noexcept { limit_ = bytes; }
  /// A frame has begun and is not whole.
  bool within_frame() const noexcept { return !done_ && header_size_ > 0; }

private:
  std::size_t limit_;
  std::size_t header_size_ = 0; ///< bytes of the header that have arrived
  std::size_t length_ = 0;
  char header_[wire_bounds::frame_header_bytes] = {};
  bool done_ = false; ///< the body has been handed out
  status broken_ = status::more;
  std::string body_;
};

/// Appends a frame. Its body is at most `wire_bounds::frame_bytes` long: the caller sees to it.
void append_frame(std::string& out, frame_kind kind, std::string_view body);

} // namespace gridtwin
