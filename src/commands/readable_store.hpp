#pragma once

#include "src/store/store_folder.hpp"

#include <string>
#include <utility>

namespace gridtwin {

/// A store as commands read it that ask for rows of its tables and need no estate.
struct readable_store {
  store_folder folder;
  sqlite_database database;

  /// Error: `errc::store_unusable`.
  static result<readable_store> open(const std::string& path) {
    auto folder = store_folder::for_reading(path);
    if (!folder)
      return folder.failure();
    auto database = folder->connect_reader();
    if (!database)
      return database.failure();
    return readable_store{std::move(*folder), std::move(*database)};
  }
};

} // namespace gridtwin
