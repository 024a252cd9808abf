#pragma once

#include "src/security/identity.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// What a client asks, and who it is.
struct http_request {
  std::string method;
  std::string target; ///< as it came
  std::string body;
  std::string accept;        ///< the field `Accept`
  std::string content_type;  ///< the field `Content-Type`
  std::string last_event_id; ///< the field `Last-Event-ID`
  /// Fields that begin with `x-dip-`, in their order, names in lower case.
  std::vector<std::pair<std::string, std::string>> dip_fields;
  peer_identity peer;
};

/// A body that is made while it is sent: a piece when the one before has been taken off the wire.
class http_body {
public:
  enum class state {
    more,  ///< a piece was appended; go on
    later, ///< nothing to tell yet: ask again in a moment
    end,   ///< that was all
    broken ///< it cannot go on, and the client must see that: the connection ends without the body's end
  };

  virtual ~http_body() = default;
  /// Appends the next piece. By one thread at a time, that may read a store.
  virtual state next(std::string& out) = 0;
};

/// What it is answered.
struct http_response {
  /// Asked until it gives something: what was asked for is not there yet.
  using later_function = std::function<std::optional<http_response>()>;
  /// Has itself told, once and from any thread, that it is worth asking.
  using woken_function = std::function<void(std::function<void()> wake)>;

  unsigned status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::unique_ptr<http_body> stream; ///< in the place of `body`
  later_function later;              ///< in the place of all else
  woken_function woken;              ///< beside `later`; nothing: it is asked again and again, in moments
  bool close = false;                ///< the connection ends with it
};

/// By a thread that may read a store; several at a time.
using http_handler = std::function<http_response(const http_request&)>;

} // namespace gridtwin
