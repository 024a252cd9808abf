#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

/// A descriptor that is closed with its holder.
class file_descriptor {
public:
  explicit file_descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  ~file_descriptor();
  file_descriptor(file_descriptor&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  int get() const noexcept { return descriptor_; }

private:
  int descriptor_;
};

/// Held by the one process that has a folder.
struct outbox_lock {
  file_descriptor file;
};
/// Makes the folder where it is missing. Error: `errc::store_unusable`.
result<outbox_lock> lock_outbox(const std::filesystem::path& folder);

/// Where a record's payload stands in its file.
struct record_place {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

/// Longest payload: a Submit's body and what belongs to it.
inline constexpr std::size_t record_bytes_limit = (std::size_t{1} << 20) + (std::size_t{64} << 10);

/// A file that grows by records: length, the beginning of the payload's SHA-256, payload. One thread appends; any may
/// read.
class record_file {
public:
  /// Opens or makes it and tells of each whole record in turn; `told` is false where its payload makes no sense. What
  /// stands behind the last one is cut off. Error: `errc::store_unusable` where there is damage before the end, that
  /// is, a whole record after one that is not.
  static result<record_file> open(const std::filesystem::path& path,
                                  const std::function<bool(std::string_view payload, record_place place)>& told);

  /// Without a sync. Error: `errc::store_failed`, after which the file is not to be used.
  result<record_place> append(std::string_view payload);
  result<void> sync();
  /// Nothing stands in it any more, durably.
  result<void> clear();
  /// Error: `errc::store_failed` where the bytes are not those that were written.
  result<std::string> read(record_place place) const;

private:
  record_file(std::filesystem::path path, file_descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  error failure(std::string_view what) const;

  std::filesystem::path path_;
  file_descriptor file_;
  std::uint64_t size_ = 0;
};

/// Replaces a file by one with that record, durably: the old one stands until the new one does.
result<void> write_record_file(const std::filesystem::path& path, std::string_view payload);

// Integers of records: little endian, of a fixed size, so that a record can be read by anybody.

void put_number(std::string& out, std::uint64_t value);
/// Takes one off the front; 0 and `good` false where there are too few bytes.
std::uint64_t take_number(std::string_view& bytes, bool& good);

} // namespace gridtwin
