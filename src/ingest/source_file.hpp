#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace gridtwin {

/// Bytes that are read into from a disk: not cleared before, kept from one use to the next.
class read_buffer {
public:
  /// Room for so many bytes; what stood there before stays.
  char* reserve(std::size_t bytes);
  char* data() noexcept { return bytes_.get(); }

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// A regular file, open for reading at any place. Any number of threads may read it at once.
class source_file {
public:
  /// Error: `errc::unreadable_input`, naming the file. Never waits for one that is no regular file.
  static result<std::shared_ptr<const source_file>> open(const std::filesystem::path& path, bool may_be_link = true);

  ~source_file();
  source_file(const source_file&) = delete;
  source_file& operator=(const source_file&) = delete;

  /// Bytes that it held when it was opened.
  std::uint64_t size() const noexcept { return size_; }
  /// Fills `into` from a place on; less only where the file ends. Error: the disk fails.
  result<std::size_t> read(std::uint64_t at, char* into, std::size_t bytes) const;
  /// Says that these bytes will be read soon; the disk may begin with it.
  void expect(std::uint64_t at, std::uint64_t bytes) const noexcept;

  /// What is wrong with the file, and what to do.
  error unreadable(std::string_view what) const;

private:
  source_file(std::filesystem::path path, int descriptor) noexcept : path_(std::move(path)), descriptor_(descriptor) {}

  error system_failure(std::string_view what) const;

  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

} // namespace gridtwin
