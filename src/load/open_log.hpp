#pragma once

#include "src/store/reading_topic.hpp"
#include "src/store/sqlite.hpp"

#include <filesystem>
#include <memory>
#include <utility>

namespace gridtwin {

/// A store's log with the connection that it is read by.
class open_log {
public:
  static result<open_log> of(const std::filesystem::path& store);

  reading_topic& topic() noexcept { return topic_; }

private:
  open_log(std::unique_ptr<sqlite_database> database, reading_topic topic)
    : database_(std::move(database)), topic_(std::move(topic)) {}

  std::unique_ptr<sqlite_database> database_; ///< the topic points at it
  reading_topic topic_;
};

} // namespace gridtwin
