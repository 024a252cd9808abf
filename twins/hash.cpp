// The low-level calls are deprecated in favour of EVP, which costs six times as much for the short inputs of the tree.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "twins/hash.hpp"

#include <openssl/sha.h>

#include <cstring>

namespace gridtwin {

namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t longest_in_one_block = 55;

digest state_of(const SHA256_CTX& context) noexcept {
  digest out;
  for (std::size_t i = 0; i < 8; ++i)
    for (std::size_t b = 0; b < 4; ++b)
      out[i * 4 + b] = static_cast<std::uint8_t>(context.h[i] >> (24 - 8 * b));
  return out;
}

} // namespace

digest sha256(std::span<const std::uint8_t> bytes) noexcept {
  SHA256_CTX context;
  SHA256_Init(&context);
  if (bytes.size() > longest_in_one_block) {
    SHA256_Update(&context, bytes.data(), bytes.size());
    digest out;
    SHA256_Final(out.data(), &context);
    return out;
  }
  std::array<std::uint8_t, block_size> block{};
  if (!bytes.empty())
    std::memcpy(block.data(), bytes.data(), bytes.size());
  block[bytes.size()] = 0x80;
  const std::size_t bits = bytes.size() * 8; // at most 440: two bytes of the length field
  block[62] = static_cast<std::uint8_t>(bits >> 8);
  block[63] = static_cast<std::uint8_t>(bits);
  SHA256_Transform(&context, block.data());
  return state_of(context);
}

digest sha256(std::string_view bytes) noexcept {
  return sha256(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

digest sha256_node(const digest& left, const digest& right) noexcept {
  // 65 bytes: a full block, then one byte of the right child, the end mark and the length, 520 bits.
  std::array<std::uint8_t, block_size> block{};
  block[0] = 0x01;
  std::memcpy(block.data() + 1, left.data(), left.size());
  std::memcpy(block.data() + 33, right.data(), right.size() - 1);
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Transform(&context, block.data());
  block.fill(0);
  block[0] = right.back();
  block[1] = 0x80;
  block[62] = 0x02;
  block[63] = 0x08;
  SHA256_Transform(&context, block.data());
  return state_of(context);
}

std::string to_hex(const digest& value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(value.size() * 2);
  for (const std::uint8_t byte : value) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

} // namespace gridtwin
