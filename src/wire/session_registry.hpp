#pragma once

#include "src/listener/identity_rates.hpp"
#include "src/wire/wire_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace gridtwin {

/// Who is connected: one live session an identity, and each identity's rate. From any thread.
class session_registry {
public:
  /// Tells a session to end; from any thread, without waiting.
  using end_function = std::function<void(goodbye_reason)>;

  explicit session_registry(rate_limit rate) noexcept : rates_(rate) {}

  /// A session begins. Where the identity has one already, the newest wins: the other is told, and `superseded` is set.
  /// Its number.
  std::uint64_t enter(const std::string& identity, end_function end, bool& superseded);
  /// The identity's session is still this one.
  bool is_current(const std::string& identity, std::uint64_t number) const;
  void leave(const std::string& identity, std::uint64_t number);

  /// 0: taken from the identity's rate. Else nothing was, and it is to wait so many microseconds.
  std::int64_t take_rate(const std::string& identity, std::uint64_t readings, std::int64_t now_us) {
    return rates_.take(identity, readings, now_us);
  }

  /// Ends the sessions whose identity is such a one. How many.
  std::size_t end(const std::function<bool(std::string_view identity)>& such, goodbye_reason reason);

private:
  struct live_session {
    std::uint64_t number = 0;
    end_function end;
  };

  identity_rates rates_;
  mutable std::mutex mutex_; ///< of what follows
  std::map<std::string, live_session> live_;
  std::uint64_t next_number_ = 1;
};

} // namespace gridtwin
