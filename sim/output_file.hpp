#pragma once

#include "sim/byte_sink.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace gridtwin {

/// A file that appears whole or not at all: written as `FILE.part`, renamed by `commit`, removed if that never comes.
/// What is no regular file (`/dev/null`, a pipe) and `-`, standard output, are written directly.
class output_file final : public byte_sink {
public:
  /// Error: `errc::usage` where the file cannot be created.
  static result<std::unique_ptr<output_file>> create(const std::string& path);

  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  ~output_file() override;

  result<void> write(std::string_view bytes) override;
  /// Closes and gives the file its name. Error: `errc::store_failed`.
  result<void> commit();

  std::uint64_t bytes_written() const noexcept { return written_; }

private:
  output_file(std::string path, std::string part, std::FILE* file);
  error write_error(const char* what) const;

  std::string path_; ///< as the user gave it
  std::string part_; ///< where it is written until `commit`; empty where it is written directly
  std::FILE* file_ = nullptr;
  std::uint64_t written_ = 0;
};

} // namespace gridtwin
