#pragma once

#include "src/commands/spool.hpp"
#include "twins/mpan.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Bytes that come by transformer and are wanted by meter: in a spool until then.
class sorted_blocks {
public:
  /// Whose a block is; `rank` is that of its quantity, in an order of the owner's.
  struct key {
    gridtwin::mpan mpan;
    std::uint8_t rank = 0;
    std::uint8_t place = 0;
    auto operator<=>(const key&) const = default;
  };

  void add(const key& k, std::string_view bytes);
  /// Hands what was added since the last call to the spool. Error: its file failed.
  result<void> keep();

  /// Calls `f` for each block in order of the keys; an error from it ends that. All was handed to the spool.
  result<void> for_each(const std::function<result<void>(const key&, std::string_view)>& f);

private:
  struct block {
    key of;
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };

  spool spool_;
  std::string pending_;
  std::vector<block> blocks_;
};

} // namespace gridtwin
