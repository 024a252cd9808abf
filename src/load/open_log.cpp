#include "src/load/open_log.hpp"

#include "src/store/store_folder.hpp"

namespace gridtwin {

result<open_log> open_log::of(const std::filesystem::path& store) {
  const auto folder = store_folder::for_reading(store);
  if (!folder)
    return folder.failure();
  auto connection = folder->connect_reader();
  if (!connection)
    return connection.failure();
  auto database = std::make_unique<sqlite_database>(std::move(*connection));
  auto topic = reading_topic::over(*database);
  if (!topic)
    return topic.failure();
  return open_log(std::move(database), std::move(*topic));
}

} // namespace gridtwin
