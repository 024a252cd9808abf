#pragma once

#include "src/wire/rate_bucket.hpp"
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
    : half_open_of_address_(half_open_of_address), rate_(rate) {}

  /// A connection comes from an address. False: it has too many that are not welcomed yet.
  bool admit(const std::string& address);
  /// One that was admitted is welcomed, or gone.
  void settled(const std::string& address);

  /// A session begins. Where the identity has one already, the newest wins: the other is told, and `superseded` is set.
  /// Its number.
  std::uint64_t enter(const std::string& identity, end_function end, bool& superseded);
  /// The identity's session is still this one.
  bool is_current(const std::string& identity, std::uint64_t number) const;
  void leave(const std::string& identity, std::uint64_t number);

  /// 0: taken from the identity's rate. Else nothing was, and it is to wait so many microseconds.
  std::int64_t take_rate(const std::string& identity, std::uint64_t readings, std::int64_t now_us);

  /// Ends the sessions whose identity is such a one. How many.
  std::size_t end(const std::function<bool(std::string_view identity)>& such, goodbye_reason reason);

private:
  struct live_session {
    std::uint64_t number = 0;
    end_function end;
  };

  /// Buckets that are looked through for full ones when there are so many more.
  static constexpr std::size_t buckets_between_sweeps = 1024;

  void sweep(std::int64_t now_us);

  const std::size_t half_open_of_address_;
  const rate_limit rate_;
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> half_open_;
  std::map<std::string, live_session> live_;
  std::map<std::string, rate_bucket> buckets_;
  std::size_t next_sweep_ = buckets_between_sweeps;
  std::uint64_t next_number_ = 1;
};

} // namespace gridtwin
