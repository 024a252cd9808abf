#include "src/wire/frame_codec.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

/// What a reader keeps of a body's memory for the next one.
constexpr std::size_t kept_bytes = std::size_t{64} << 10;

constexpr std::size_t byte_at(const char* bytes, std::size_t n) noexcept {
  return static_cast<unsigned char>(bytes[n]);
}

} // namespace

frame_reader::status frame_reader::read(std::string_view& bytes, frame& out) {
  using namespace wire_bounds;
  if (broken_ != status::more)
    return broken_;
  if (done_) {
    done_ = false;
    header_size_ = 0;
    if (body_.capacity() > kept_bytes)
      body_ = {};
    body_.clear();
  }
  while (header_size_ < frame_header_bytes) {
    if (bytes.empty())
      return status::more;
    header_[header_size_++] = bytes.front();
    bytes.remove_prefix(1);
    if (header_size_ == frame_header_bytes - 1) { // as soon as the length is known
      length_ = byte_at(header_, 0) << 24 | byte_at(header_, 1) << 16 | byte_at(header_, 2) << 8 | byte_at(header_, 3);
      if (length_ > limit_)
        return broken_ = status::too_large;
    }
    if (header_size_ == frame_header_bytes) {
      const auto kind = static_cast<std::uint8_t>(header_[frame_header_bytes - 1]);
      if (kind < static_cast<std::uint8_t>(frame_kind::hello) || kind > static_cast<std::uint8_t>(frame_kind::goodbye))
        return broken_ = status::unknown;
    }
  }
  const auto kind = static_cast<frame_kind>(header_[frame_header_bytes - 1]);
  if (body_.empty() && bytes.size() >= length_) { // whole where it stands: no copy
    out = {kind, bytes.substr(0, length_)};
    bytes.remove_prefix(length_);
    done_ = true;
    return status::whole;
  }
  const std::size_t part = std::min(bytes.size(), length_ - body_.size());
  body_.append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  if (body_.size() < length_)
    return status::more;
  out = {kind, body_};
  done_ = true;
  return status::whole;
}

void append_frame(std::string& out, frame_kind kind, std::string_view body) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(body.size() >> shift & 0xFF));
  out.push_back(static_cast<char>(kind));
  out.append(body);
}

} // namespace gridtwin
