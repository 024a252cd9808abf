#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace gridtwin {

enum class tls_side : std::uint8_t { client, server };

/// TLS 1.3 with certificates on both sides, from PEM files: the own chain and key, and the authorities that are
/// trusted. No tickets and no session cache: who comes again is looked at again. Error: `errc::unreadable_input`,
/// naming the file, or that key and certificate do not belong together.
result<std::shared_ptr<boost::asio::ssl::context>> tls_from_files(tls_side side, const std::string& certificate,
                                                                  const std::string& key, const std::string& trust);

} // namespace gridtwin
