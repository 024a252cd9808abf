#include "src/commands/sorted_blocks.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

void sorted_blocks::add(const key& k, std::string_view bytes) {
  blocks_.push_back({k, spool_.size() + pending_.size(), static_cast<std::uint32_t>(bytes.size())});
  pending_ += bytes;
}

result<void> sorted_blocks::keep() {
  auto kept = spool_.append(pending_);
  pending_.clear();
  return kept;
}

result<void> sorted_blocks::for_each(const std::function<result<void>(const key&, std::string_view)>& f) {
  std::sort(blocks_.begin(), blocks_.end(),
            [](const block& a, const block& b) { return std::pair(a.of, a.offset) < std::pair(b.of, b.offset); });
  std::string bytes;
  for (const block& b : blocks_) {
    if (auto read = spool_.read(b.offset, b.size, bytes); !read)
      return read;
    if (auto taken = f(b.of, bytes); !taken)
      return taken;
  }
  return {};
}

} // namespace gridtwin
