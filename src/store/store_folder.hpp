#pragma once

#include "src/store/sqlite.hpp"

#include <cstdint>
#include <filesystem>

namespace gridtwin {

/// A store is a folder with one SQLite file and a lock file. One process writes; any number read.
class store_folder {
public:
  /// Makes the folder and the file where they are absent, brings one of the format before up to date, and holds the
  /// lock until destroyed. Errors: store_unusable when another process writes, when the file is something else, or
  /// without permission.
  static result<store_folder> for_writing(const std::filesystem::path& folder);

  /// Error: store_unusable when there is no store, or one of another format.
  static result<store_folder> for_reading(const std::filesystem::path& folder);

  ~store_folder();
  store_folder(store_folder&& other) noexcept;
  store_folder& operator=(store_folder&& other) noexcept;
  store_folder(const store_folder&) = delete;
  store_folder& operator=(const store_folder&) = delete;

  const std::filesystem::path& folder() const noexcept { return folder_; }

  /// Of one that was opened for writing, and used for nothing since: takes away what was made for it, if anything was.
  void take_back() &&;

  /// A connection of its own for a thread that reads.
  result<sqlite_database> connect_reader() const;
  /// The one connection that writes.
  result<sqlite_database> connect_writer() const;

private:
  explicit store_folder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path file() const;
  /// Error: store_unusable where it is none of ours, or of a format that nothing can be made of.
  result<std::int64_t> format_of(sqlite_database& database) const;
  result<void> bring_up_to_date(sqlite_database& database) const;

  std::filesystem::path folder_;
  int lock_ = -1;
  bool made_folder_ = false;
  bool made_file_ = false;
};

} // namespace gridtwin
