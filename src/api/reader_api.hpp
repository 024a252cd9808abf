#pragma once

#include "src/api/alarm_log.hpp"
#include "src/api/http_message.hpp"
#include "src/api/reader_rights.hpp"
#include "src/channel/message_channel.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace gridtwin {

struct api_parts;

/// What a node answers its readers and operators (docs/readers.md), and head-ends that bring messages
/// (docs/if-021.md): a function of the store, the policy and the request, without network. From any thread, several at
/// a time.
class reader_api {
public:
  struct surroundings {
    std::filesystem::path store; ///< a store that exists
    policy_function policy;
    std::function<std::string()> metrics;              ///< the body of `/metrics`
    std::function<std::string()> not_ready;            ///< why the node takes nothing at the moment; empty: it does
    std::function<std::int64_t()> now_us;              ///< of a clock that never goes back
    std::shared_ptr<alarm_log> alarms = nullptr;       ///< none: nobody watches the store
    std::shared_ptr<const message_channel> messages{}; ///< nothing: none are taken
    std::function<std::int64_t()> now_s{};             ///< seconds since the epoch; for messages
  };

  static result<std::unique_ptr<reader_api>> open(surroundings s);

  http_response handle(const http_request& request) const;

private:
  reader_api(surroundings s, std::shared_ptr<api_parts> parts) : around_(std::move(s)), parts_(std::move(parts)) {}

  surroundings around_;
  std::shared_ptr<api_parts> parts_;
};

} // namespace gridtwin
