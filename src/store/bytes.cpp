#include "src/store/bytes.hpp"

#include <zstd.h>

#include <memory>

namespace gridtwin {

namespace {

constexpr std::uint8_t stored_plain = 0;
constexpr std::uint8_t stored_zstd = 1;
constexpr std::size_t worth_packing = 48; // below it a frame costs more than it saves
constexpr std::size_t longest_head = 11;  // of a frame: its kind, and the size of what is packed
constexpr std::size_t largest_kept = std::size_t{1} << 20;
/// Of zstd: on columns of bytes as fast as a copy where they are random, and as small as level 1 where they are not
/// (docs/performance.md).
constexpr int level = -3;
constexpr std::uint64_t largest_unpacked = std::uint64_t{8} << 30;
constexpr std::size_t least_block = 4; // of a frame; it holds ZSTD_BLOCKSIZE_MAX at most (RFC 8878, 3.1.1.2)

struct free_compressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct free_decompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

} // namespace

std::string pack(std::string_view raw) {
  thread_local const std::unique_ptr<ZSTD_CCtx, free_compressor> context(ZSTD_createCCtx());
  thread_local std::string frame; // grows to the largest that this thread has packed, up to a limit
  std::string out;
  if (raw.size() >= worth_packing) {
    if (const std::size_t bound = ZSTD_compressBound(raw.size()); frame.size() < bound)
      frame.resize(bound);
    const std::size_t size =
      ZSTD_compressCCtx(context.get(), frame.data(), frame.size(), raw.data(), raw.size(), level);
    if (ZSTD_isError(size) == 0 && size + longest_head <= raw.size()) {
      out.reserve(size + longest_head);
      byte_writer w(out);
      w.byte(stored_zstd);
      w.number(raw.size());
      w.raw({frame.data(), size});
    }
    if (frame.size() > largest_kept)
      std::string().swap(frame);
    if (!out.empty())
      return out;
  }
  out.reserve(raw.size() + 1);
  out.push_back(static_cast<char>(stored_plain));
  out.append(raw);
  return out;
}

std::optional<std::string> unpack(std::string_view packed) {
  thread_local const std::unique_ptr<ZSTD_DCtx, free_decompressor> context(ZSTD_createDCtx());
  byte_reader r(packed);
  const std::uint8_t kind = r.byte();
  if (!r.ok() || kind > stored_zstd)
    return std::nullopt;
  if (kind == stored_plain)
    return std::string(r.raw(r.left()));
  const std::uint64_t size = r.number();
  if (!r.ok() || size > largest_unpacked)
    return std::nullopt;
  const std::string_view frame = r.raw(r.left());
  if (frame.empty() || size / ZSTD_BLOCKSIZE_MAX > frame.size() / least_block
      || ZSTD_getFrameContentSize(frame.data(), frame.size()) != size)
    return std::nullopt; // before anything of that size is allocated
  std::string out(static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != out.size())
    return std::nullopt;
  return out;
}

} // namespace gridtwin
