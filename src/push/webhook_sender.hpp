#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// What is POSTed.
struct push_request {
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

/// What came of it.
struct push_answer {
  unsigned status = 0;      ///< 0: there was no whole answer
  std::string_view stage;   ///< how far it came: resolve, connect, tls, send, answer
  std::string retry_after;  ///< as it came; empty: none
  std::string trouble;      ///< why there was none, without a word of the receiver's
  bool was_stopped = false; ///< it is not known what came of it: the node ends
};

/// What brings requests to one receiver.
class webhook_sender {
public:
  virtual ~webhook_sender() = default;
  /// Waits for the answer, or until a deadline of its own.
  virtual push_answer post(const push_request& request) = 0;
  /// From any thread: what is under way ends at once, and so does whatever comes after.
  virtual void stop() = 0;
};

} // namespace gridtwin
