#include "src/store/bytes.hpp"

#include <zstd.h>

#include <memory>

namespace gridtwin {

namespace {

constexpr std::uint8_t stored_plain = 0;
constexpr std::uint8_t stored_zstd = 1;
constexpr std::size_t worth_packing = 48; // below it a frame costs more than it saves
/// Of zstd: on columns of bytes as fast as a copy where they are random, and as small as level 1 where they are not
/// (docs/performance.md).
constexpr int level = -1;
constexpr std::uint64_t largest_unpacked = std::uint64_t{8} << 30;

struct free_compressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct free_decompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

} // namespace

std::string pack(std::string_view raw) {
  thread_local const std::unique_ptr<ZSTD_CCtx, free_compressor> context(ZSTD_createCCtx());
  std::string out;
  if (raw.size() >= worth_packing) {
    byte_writer w(out);
    w.byte(stored_zstd);
    w.number(raw.size());
    const std::size_t head = out.size();
    out.resize(head + ZSTD_compressBound(raw.size()));
    const std::size_t size =
      ZSTD_compressCCtx(context.get(), out.data() + head, out.size() - head, raw.data(), raw.size(), level);
    if (ZSTD_isError(size) == 0 && head + size <= raw.size()) {
      out.resize(head + size);
      out.shrink_to_fit();
      return out;
    }
    out.clear();
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
  if (frame.empty() || ZSTD_getFrameContentSize(frame.data(), frame.size()) != size)
    return std::nullopt; // before anything of that size is allocated
  std::string out(static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != out.size())
    return std::nullopt;
  return out;
}

} // namespace gridtwin
