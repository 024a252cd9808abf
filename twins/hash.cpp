// The low-level calls are deprecated in favour of EVP, which costs six times as much for the short inputs of the tree.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "twins/hash.hpp"

#include "twins/hash_stream.hpp"
#include "twins/sha256_lanes.hpp"

#include <openssl/sha.h>

#include <cstring>

namespace gridtwin {

namespace {

digest state_of(const SHA256_CTX& context) noexcept {
  digest out;
  for (std::size_t i = 0; i < 8; ++i)
    for (std::size_t b = 0; b < 4; ++b)
      out[i * 4 + b] = static_cast<std::uint8_t>(context.h[i] >> (24 - 8 * b));
  return out;
}

digest hash_of_block(const sha256_block& block) noexcept {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Transform(&context, block.data());
  return state_of(context);
}

void library_blocks(const sha256_block* blocks, std::size_t count, digest* hashes) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    hashes[i] = hash_of_block(blocks[i]);
}

void library_nodes(const digest* children, std::size_t count, digest* parents) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    parents[i] = sha256_node(children[2 * i], children[2 * i + 1]);
}

/// A way that takes sixteen messages in one go, and one for what is left over.
struct sha256_choice {
  sha256_way few;
  std::optional<sha256_way> sixteen;
};

/// From this number of messages on, a go of sixteen is quicker than the few one by one.
constexpr std::size_t least_for_sixteen = 9;

const sha256_choice& choice_here() noexcept {
  static const sha256_choice choice{sha256_by_sha_ni().value_or(sha256_by_library()), sha256_by_avx512()};
  return choice;
}

/// How many of `count` messages to hash by sixteens: all, but for a last few.
std::size_t share_of_sixteens(const sha256_choice& choice, std::size_t count) noexcept {
  if (!choice.sixteen)
    return 0;
  return count % 16 >= least_for_sixteen ? count : count - count % 16;
}

} // namespace

sha256_way sha256_by_library() noexcept { return {"library", library_blocks, library_nodes}; }

digest sha256(std::span<const std::uint8_t> bytes) noexcept {
  if (bytes.size() > longest_in_one_block) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    digest out;
    SHA256_Final(out.data(), &context);
    return out;
  }
  sha256_block block;
  if (!bytes.empty())
    std::memcpy(block.data(), bytes.data(), bytes.size());
  pad_block(block, bytes.size());
  return hash_of_block(block);
}

digest sha256(std::string_view bytes) noexcept {
  return sha256(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

struct sha256_stream::state {
  SHA256_CTX context;
};

sha256_stream::sha256_stream() : state_(std::make_unique<state>()) { SHA256_Init(&state_->context); }
sha256_stream::~sha256_stream() = default;
sha256_stream::sha256_stream(sha256_stream&&) noexcept = default;
sha256_stream& sha256_stream::operator=(sha256_stream&&) noexcept = default;

void sha256_stream::add(std::string_view bytes) noexcept {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
}

digest sha256_stream::value() const noexcept {
  SHA256_CTX context = state_->context; // the end mark is put into a copy
  digest out;
  SHA256_Final(out.data(), &context);
  return out;
}

digest sha256_node(const digest& left, const digest& right) noexcept {
  // 65 bytes: a full block, then one byte of the right child, the end mark and the length, 520 bits.
  sha256_block block;
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

void pad_block(sha256_block& block, std::size_t size) noexcept {
  std::memset(block.data() + size, 0, block.size() - size);
  block[size] = 0x80;
  const std::size_t bits = size * 8; // at most 440: two bytes of the length field
  block[62] = static_cast<std::uint8_t>(bits >> 8);
  block[63] = static_cast<std::uint8_t>(bits);
}

void sha256_blocks(std::span<const sha256_block> blocks, std::span<digest> hashes) noexcept {
  const sha256_choice& choice = choice_here();
  const std::size_t wide = share_of_sixteens(choice, blocks.size());
  if (wide != 0)
    choice.sixteen->blocks(blocks.data(), wide, hashes.data());
  choice.few.blocks(blocks.data() + wide, blocks.size() - wide, hashes.data() + wide);
}

void sha256_nodes(std::span<const digest> children, std::span<digest> parents) noexcept {
  const sha256_choice& choice = choice_here();
  const std::size_t count = children.size() / 2;
  const std::size_t wide = share_of_sixteens(choice, count);
  if (wide != 0)
    choice.sixteen->nodes(children.data(), wide, parents.data());
  choice.few.nodes(children.data() + 2 * wide, count - wide, parents.data() + wide);
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
