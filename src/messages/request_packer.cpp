#include "src/messages/request_packer.hpp"

#include <utility>

namespace gridtwin {

std::optional<std::string> request_packer::finish() {
  if (messages_ == 0)
    return std::nullopt;
  messages_ = 0;
  body_ += ']';
  return std::exchange(body_, {});
}

std::optional<std::string> request_packer::add(std::string_view message) {
  std::optional<std::string> done;
  if (messages_ == bounds_.messages || body_.size() + message.size() + 2 > bounds_.bytes) // a comma and the bracket
    done = finish();
  body_ += messages_ == 0 ? '[' : ',';
  body_ += message;
  ++messages_;
  return done;
}

} // namespace gridtwin
