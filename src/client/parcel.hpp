#pragma once

#include "src/wire/wire_messages.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gridtwin {

/// What goes over the wire as one batch: a stretch of a batch that is kept, as much of it as has no answer.
struct parcel {
  std::uint64_t batch = 0; ///< of which it is a part
  std::uint32_t first = 0; ///< place in that batch
  std::uint32_t count = 0;
  std::string body; ///< of a Submit, but for its name
};

/// Where a sender takes what it sends, and what it tells how it went. Called by the sender's thread alone.
class parcel_source {
public:
  virtual ~parcel_source() = default;

  /// The next one, or nothing for now. Error: it cannot be read.
  virtual result<std::optional<parcel>> next() = 0;
  /// Answers for all of its readings. What is busy or unknown among them is to be sent again.
  virtual result<void> answered(const parcel& p, const answer_message& answer) = 0;
  /// No answer came: to be sent again.
  virtual void give_back(const parcel& p) = 0;
  /// There is nothing to send, and there will not be.
  virtual bool done() = 0;
};

} // namespace gridtwin
