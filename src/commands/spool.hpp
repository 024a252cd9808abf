#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace gridtwin {

/// Bytes that are written once and read back in another order: in memory, and beyond a limit in a file without a name
/// that goes with the process.
class spool {
public:
  static constexpr std::size_t memory_limit = std::size_t{64} << 20;

  /// Where the bytes can be read again.
  std::uint64_t size() const noexcept { return spilled_ + memory_.size(); }
  result<void> append(std::string_view bytes);
  result<void> read(std::uint64_t offset, std::size_t size, std::string& out);

private:
  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };

  result<void> spill();

  std::string memory_;
  std::uint64_t spilled_ = 0; ///< bytes in the file
  std::unique_ptr<std::FILE, closer> file_;
};

} // namespace gridtwin
