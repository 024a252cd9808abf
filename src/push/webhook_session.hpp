#pragma once

#include "src/push/address_rules.hpp"
#include "src/push/webhook_sender.hpp"
#include "src/push/webhook_url.hpp"
#include "twins/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gridtwin {

/// Where a receiver is and how it is believed.
struct webhook_session_options {
  webhook_url url;
  address_rules rules;
  std::string certificate; ///< ours, in PEM; read at each connection, so a new one needs no restart
  std::string key;
  std::string roots; ///< authorities of the receiver
  std::chrono::milliseconds request{30'000};
};

/// One receiver over HTTPS (HTTP/1.1, TLS 1.3, certificates on both ends), on a connection that is used again. A name
/// is looked up once a connection; those of its addresses that the rules allow are connected to, by address, and the
/// certificate must name the host. No redirect is followed, no proxy asked. `now_us`: of a clock that never goes back.
/// One thread, but for `stop`.
std::unique_ptr<webhook_sender> open_webhook_session(webhook_session_options options,
                                                     std::function<std::int64_t()> now_us);

/// Whether the files of a session can be used. Error: which is wrong and how.
result<void> check_session_files(const webhook_session_options& options);

} // namespace gridtwin
