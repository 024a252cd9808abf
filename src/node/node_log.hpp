#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

enum class log_format : std::uint8_t {
  text, ///< `gridtwin run: ready, listening at 127.0.0.1 port 7470`
  json  ///< an object a line: `at`, `event`, its members, and `text` as above
};

/// What a node tells of its work, on standard error: an event a line, with a name that does not change. Any thread may
/// tell. No MPAN, no name of a customer, no reading goes in; who was refused is an identity or an address.
class node_log {
public:
  using member = std::pair<std::string_view, std::string_view>;

  /// `now_s`: seconds since the epoch.
  node_log(log_format format, std::function<std::int64_t()> now_s) : format_(format), now_s_(std::move(now_s)) {}

  /// `text`: for people, without a line end; whatever of it is not printable is shown by its number. `members`: for
  /// programs; the text says them too.
  void tell(std::string_view event, std::string_view text, std::initializer_list<member> members = {});

private:
  const log_format format_;
  const std::function<std::int64_t()> now_s_;
  std::mutex mutex_;
};

} // namespace gridtwin
