#pragma once

#include "src/listener/bounded_counts.hpp"
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

/// Who is connected: half-open connections by address, one live session an identity, and each identity's rate. From
/// any thread.
class session_registry {
public:
  /// Tells a session to end; from any thread, without waiting.
  using end_function = std::function<void(goodbye_reason)>;

  session_registry(std::size_t half_open_of_address, rate_limit rate) noexcept
    : half_open_(half_open_of_address), rates_(rate) {}

  /// A connection comes from an address. False: it has too many that are not welcomed yet.
  bool admit(const std::string& address) { return half_open_.enter(address); }
  /// One that was admitted is welcomed, or gone.
  void settled(const std::string& address) { half_open_.leave(address); }

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

  bounded_counts<std::string> half_open_;
  identity_rates rates_;
  mutable std::mutex mutex_; ///< of what follows
  std::map<std::string, live_session> live_;
  std::uint64_t next_number_ = 1;
};

} // namespace gridtwin
