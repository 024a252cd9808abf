#pragma once

#include "src/store/audit.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// What somebody was refused. Names and reasons are cut and made printable where they are kept, so they may be a
/// peer's; nothing personal goes in, so no MPAN.
enum class refused_act : std::uint8_t {
  connection, ///< no TLS, or no certificate that is believed
  identity,   ///< who it is may not come
  session,    ///< ended: it is not believed any more, or broke the protocol
  meters,     ///< to bring readings of another's meter
  request     ///< of a reader: anything that it may not do
};
inline constexpr std::size_t refused_act_count = 5;
/// `refuse-connection`, `refuse-identity`, `end-session`, `refuse-meters`, `refuse-request`
std::string_view name_of(refused_act act) noexcept;

struct refusal {
  refused_act act = refused_act::connection;
  std::string who;    ///< the identity that was proved, or else the address
  std::string reason; ///< for the node's operator
  std::uint64_t count = 1;
};

/// Bounds of what strangers can have written: of each act, so that none drowns another.
struct audit_bounds {
  static constexpr std::size_t peers = 512;       ///< who is told of by himself in an hour; the others together
  static constexpr std::uint64_t a_day = 1000;    ///< events of refusals in a UTC day, and then one an hour
  static constexpr std::int64_t repeat_s = 3600;  ///< what is refused for the same reason again is told after it, once
  static constexpr std::size_t longest_who = 128; ///< bytes
  static constexpr std::size_t longest_reason = 256; ///< bytes
};

/// What is to be written of who was refused and who did what to a live node. Listeners put it in, from any thread and
/// without waiting; whoever has the store's one writer takes it out. The same refusal of the same peer is told once an
/// hour, with how often it was.
class audit_trail {
public:
  /// `now_s`: seconds since the epoch. `tell`: gets each event of a refusal when it is taken, for the log.
  explicit audit_trail(std::function<std::int64_t()> now_s, std::function<void(const audit_event&)> tell = {})
    : now_s_(std::move(now_s)), tell_(std::move(tell)) {}

  void refused(refusal what);
  /// An act of an operator or of the node: each is told. Its texts are the program's own or made printable.
  void did(std::string who, std::string act, std::string subject, std::string detail);
  /// The same of one that was done before, at `at_s`.
  void did_at(std::int64_t at_s, std::string who, std::string act, std::string subject, std::string detail);
  /// A text is gone by from now on (`audit_event::text`); told where it is another than before.
  void uses(std::string_view act, std::string subject, std::string text);

  /// What was done, in its order, and the refusals that are due, where their time is among it.
  std::vector<audit_event> take();
  /// The same with all that waits, when nothing more will come.
  std::vector<audit_event> take_all();

private:
  struct key {
    refused_act act;
    std::string who;
    std::string reason;
    auto operator<=>(const key&) const = default;
  };
  struct repeats {
    std::uint64_t count = 0; ///< that are not told yet
    std::int64_t first_s = 0;
    std::int64_t last_s = 0;
    std::int64_t told_s = 0;
    bool told = false;
  };

  static key others_of(refused_act act);
  void put(audit_event event);
  void add(key who, std::uint64_t count, std::int64_t first_s, std::int64_t last_s);
  std::vector<audit_event> due_refusals(std::int64_t now, bool all);
  std::vector<audit_event> take(bool all);

  const std::function<std::int64_t()> now_s_;
  const std::function<void(const audit_event&)> tell_;
  std::mutex mutex_;
  std::map<key, repeats> refusals_;
  std::array<std::size_t, refused_act_count> peers_{};
  std::array<std::uint64_t, refused_act_count> told_today_{};
  std::int64_t day_ = 0;
  std::vector<audit_event> acts_;
  std::map<std::string, std::pair<std::string, digest>> used_; ///< subject and text, as told last
};

} // namespace gridtwin
