#pragma once

#include "src/messages/if021_message.hpp"
#include "src/messages/json_places.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What is wrong with a message, and where: `$[3].payload.CommonBlock.S1.senderTimestamp`.
struct message_fault {
  std::string path;
  std::string what;
  bool operator==(const message_fault&) const = default;
};

/// What an MPAN comes to whose check digit is wrong: such are among the published examples (domain notes, 9.4).
enum class check_digit_mode : std::uint8_t {
  strict,     ///< a fault
  quarantine, ///< the message is read and set apart
  log,        ///< the message is read; the reader counts it
};

/// What a reader takes, and how much.
struct message_reader_options {
  check_digit_mode check_digits = check_digit_mode::quarantine;
  /// Where this runs: a message of production is not for any other installation, and none of those for production.
  std::optional<environment_tag> environment;
  std::size_t bytes = std::size_t{1} << 20; ///< of a request
  std::size_t messages = 2000;              ///< of a request
  std::size_t faults = 100;                 ///< told of a message; how many more there are is not counted
};

/// Braces and brackets that a request may nest; the schema needs 9.
inline constexpr std::size_t message_depth_limit = 16;
/// Recipients that a message may name. Ours: the schema names no bound.
inline constexpr std::size_t message_recipients_limit = 1000;

/// A message as it was read: itself, or its faults.
struct read_message {
  std::optional<if021_message> message;
  std::vector<message_fault> faults;
  bool quarantined = false; ///< its MPAN has a wrong check digit, see `check_digit_mode::quarantine`
  text_place place;         ///< in the request
};

/// A request as it was read: its messages, or what is wrong with all of it.
struct read_request {
  std::vector<read_message> messages;
  std::vector<message_fault> faults; ///< some: it is no JSON, too long, or no message and no list of them
};

/// Reads messages IF-021, strictly to the schema of the domain notes: keys that it does not have are faults, and so are
/// keys that are missing, there twice, or of another type. All faults are told, up to a bound. What rules say about
/// what was read, is asked of `check_message`. Nothing of a text is trusted. One thread at a time.
class message_reader {
public:
  explicit message_reader(const message_reader_options& options = {});
  ~message_reader();
  message_reader(message_reader&&) noexcept;
  message_reader& operator=(message_reader&&) noexcept;
  message_reader(const message_reader&) = delete;
  message_reader& operator=(const message_reader&) = delete;

  /// A request, `[message,message]`, or one message by itself.
  read_request read(std::string_view json);

  /// Messages so far whose MPAN had a wrong check digit and that were read all the same.
  std::uint64_t wrong_check_digits() const noexcept;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gridtwin
