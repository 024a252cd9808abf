#pragma once

#include "src/api/http_message.hpp"
#include "src/api/http_target.hpp"
#include "src/channel/message_channel.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace gridtwin {

/// `POST /v1/if-021`: messages of a head-end, answered when they are durable. `channel` may be nothing: the node takes
/// none. Whoever is no head-end finds nothing there. `now_s`: seconds since the epoch, kept while the answer waits.
http_response take_messages(const std::shared_ptr<const message_channel>& channel, const http_request& request,
                            const http_target& target, const std::function<std::int64_t()>& now_s);

/// Bytes that the body of a request to this target may have.
std::size_t body_limit_of(std::string_view target) noexcept;

} // namespace gridtwin
