#include "twins/day_tree.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace gridtwin {

namespace {

constexpr std::uint8_t leaf_mark = 0x00;
constexpr std::uint8_t meter_day_mark = 0x02;
constexpr std::size_t salt_size = 16;

constexpr std::size_t slots = periods_per_day;
constexpr std::size_t salts_in_hash = sizeof(digest) / salt_size;
constexpr std::size_t salt_hashes = slots / salts_in_hash;

/// Meters' days that are hashed in step: as many as the widest way of hashing takes messages.
constexpr std::size_t meters_in_step = 16;

template <class Integer>
void put_big_endian(std::uint8_t* to, Integer value) noexcept {
  for (std::size_t i = 0; i < sizeof value; ++i)
    to[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * (sizeof value - 1 - i)));
}

/// Writes a message of at most 55 bytes into the block in which it is hashed.
class block_writer {
public:
  void byte(std::uint8_t value) noexcept { block_[size_++] = value; }
  template <class Integer>
  void integer(Integer value) noexcept {
    put_big_endian(block_.data() + size_, value);
    size_ += sizeof value;
  }
  void text(std::string_view value) noexcept {
    for (const char c : value)
      byte(static_cast<std::uint8_t>(c));
  }
  void bytes(std::span<const std::uint8_t> from) noexcept {
    std::memcpy(block_.data() + size_, from.data(), from.size());
    size_ += from.size();
  }
  /// Bytes that are filled in later.
  void room(std::size_t count) noexcept { size_ += count; }

  std::size_t size() const noexcept { return size_; }
  sha256_block padded() noexcept {
    pad_block(block_, size_);
    return block_;
  }

private:
  sha256_block block_{};
  std::size_t size_ = 0;
};

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xFF);
}

/// Salts come in pairs from one hash of a secret of the meter's day: a path that shows one half hour shows no other.
sha256_block secret_block(const estate_key& key, mpan meter, utc_day day, quantity q) noexcept {
  block_writer w;
  w.bytes(key);
  w.integer(meter.number);
  w.integer(day.number);
  w.text(name_of(q));
  return w.padded();
}

void fill_salt_blocks(const digest& secret, std::span<sha256_block, salt_hashes> blocks) noexcept {
  block_writer w;
  w.bytes(secret);
  const std::size_t pair_at = w.size();
  w.room(1);
  const sha256_block common = w.padded();
  for (std::size_t pair = 0; pair < blocks.size(); ++pair) {
    blocks[pair] = common;
    blocks[pair][pair_at] = static_cast<std::uint8_t>(pair);
  }
}

// Where the canonical bytes of a half hour stand in its block: 30, so that with mark and salt they fit one. Version 0
// marks an absent one, whose fields from there on are zeros.
constexpr std::size_t salt_at = 1;
constexpr std::size_t mpan_at = salt_at + salt_size;
constexpr std::size_t quantity_at = mpan_at + sizeof(mpan::number);
constexpr std::size_t period_at_byte = quantity_at + 2;
constexpr std::size_t version_at = period_at_byte + sizeof(period::number);
constexpr std::size_t wh_at = version_at + sizeof(meter_day::current_value::version);
constexpr std::size_t quality_at = wh_at + sizeof(content::wh);
constexpr std::size_t reasons_at = quality_at + 4;
constexpr std::size_t leaf_size = reasons_at + 2;
static_assert(leaf_size - mpan_at == 30 && leaf_size <= longest_in_one_block);

/// What all leaves of a meter's day share: an absent half hour without salt and period.
sha256_block absent_leaf(mpan meter, quantity q) noexcept {
  block_writer w;
  w.byte(leaf_mark);
  w.room(salt_size);
  w.integer(meter.number);
  w.text(name_of(q));
  w.room(leaf_size - w.size());
  return w.padded();
}

void put_plain(sha256_block& leaf, std::uint16_t wh) noexcept {
  put_big_endian(&leaf[version_at], std::uint16_t{1});
  put_big_endian(&leaf[wh_at], std::int64_t{wh});
  leaf[quality_at] = 'A';
}

void put_value(sha256_block& leaf, const meter_day::current_value& value) noexcept {
  put_big_endian(&leaf[version_at], value.version);
  put_big_endian(&leaf[wh_at], value.content.wh);
  const std::string_view quality_name = name_of(value.content.quality);
  std::copy(quality_name.begin(), quality_name.end(), &leaf[quality_at]);
  leaf[reasons_at] = value.content.reasons.estimation;
  leaf[reasons_at + 1] = static_cast<std::uint8_t>(value.content.reasons.amendment);
}

void fill_leaf_blocks(const meter_readings& of, utc_day day, quantity q, std::span<const digest, salt_hashes> salts,
                      std::span<sha256_block, slots> leaves) noexcept {
  const meter_day& readings = *of.readings;
  const std::uint64_t special = readings.special_mask();
  const std::uint64_t plain = readings.plain_mask() & ~special;
  const sha256_block common = absent_leaf(of.meter, q);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    sha256_block& leaf = leaves[slot];
    leaf = common;
    std::memcpy(&leaf[salt_at], &salts[slot / salts_in_hash][slot % salts_in_hash * salt_size], salt_size);
    put_big_endian(&leaf[period_at_byte], period_at(day, static_cast<int>(slot)).number);
    if ((plain >> slot & 1) != 0)
      put_plain(leaf, readings.plain_wh()[slot]);
    else if ((special >> slot & 1) != 0)
      if (const auto value = readings.current(static_cast<int>(slot)))
        put_value(leaf, *value);
  }
}

sha256_block meter_day_block(mpan meter, utc_day day, quantity q, const digest& root) noexcept {
  block_writer w;
  w.byte(meter_day_mark);
  w.integer(meter.number);
  w.text(name_of(q));
  w.integer(day.number);
  w.bytes(root);
  return w.padded();
}

/// The roots of as many trees of 48 leaves as there are `roots`. The leaves, which lie tree behind tree, are
/// overwritten by the nodes above them.
void roots_of_days(std::span<digest> leaves, std::span<digest> roots) noexcept {
  // While a tree's level is even, no pair of neighbours crosses from one tree into the next: 48, 24, 12, 6, 3.
  std::size_t width = slots;
  for (; width % 2 == 0; width /= 2)
    sha256_nodes(leaves.first(width * roots.size()), leaves);
  static_assert(slots == 3 * 16);
  // Of the last three, the first two have a node, which has the root with the third.
  digest pairs[2 * meters_in_step];
  const auto neighbours = std::span(pairs).first(2 * roots.size());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    pairs[2 * i] = leaves[3 * i];
    pairs[2 * i + 1] = leaves[3 * i + 1];
  }
  sha256_nodes(neighbours, roots);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    pairs[2 * i] = roots[i];
    pairs[2 * i + 1] = leaves[3 * i + 2];
  }
  sha256_nodes(neighbours, roots);
}

/// Of at most `meters_in_step` meters: every step for all of them, so that it has many messages to hash at once. The
/// arrays are not cleared first: that would cost more than filling the few entries that a single meter needs.
void hash_in_step(const estate_key& key, utc_day day, quantity q, std::span<const meter_readings> meters,
                  std::span<digest> hashes) noexcept {
  sha256_block ends[meters_in_step];
  const auto one_each = std::span(ends).first(meters.size());
  for (std::size_t i = 0; i < meters.size(); ++i)
    ends[i] = secret_block(key, meters[i].meter, day, q);
  sha256_blocks(one_each, hashes);

  sha256_block salt_blocks[meters_in_step * salt_hashes];
  digest salts[meters_in_step * salt_hashes];
  for (std::size_t i = 0; i < meters.size(); ++i)
    fill_salt_blocks(hashes[i], std::span(salt_blocks).subspan(i * salt_hashes).first<salt_hashes>());
  sha256_blocks(std::span(salt_blocks).first(meters.size() * salt_hashes), salts);

  sha256_block leaf_blocks[slots];
  digest leaves[meters_in_step * slots];
  for (std::size_t i = 0; i < meters.size(); ++i) {
    fill_leaf_blocks(meters[i], day, q, std::span(salts).subspan(i * salt_hashes).first<salt_hashes>(), leaf_blocks);
    sha256_blocks(leaf_blocks, std::span(leaves).subspan(i * slots));
  }

  digest roots[meters_in_step];
  roots_of_days(leaves, std::span(roots).first(meters.size()));
  for (std::size_t i = 0; i < meters.size(); ++i)
    ends[i] = meter_day_block(meters[i].meter, day, q, roots[i]);
  sha256_blocks(one_each, hashes);
}

} // namespace

digest merkle_root(std::span<const digest> leaves) {
  if (leaves.empty())
    return sha256(std::string_view());
  // Joining neighbours level by level, a last odd one carried up, gives RFC 6962's tree: its left subtrees are full.
  std::vector<digest> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    const digest last = level.back();
    sha256_nodes(level, level);
    if (level.size() % 2 != 0)
      level[pairs] = last;
    level.resize((level.size() + 1) / 2);
  }
  return level.front();
}

void meter_day_hashes(const estate_key& key, utc_day day, quantity q, std::span<const meter_readings> meters,
                      std::span<digest> hashes) {
  for (std::size_t first = 0; first < meters.size(); first += meters_in_step) {
    const std::size_t count = std::min(meters_in_step, meters.size() - first);
    hash_in_step(key, day, q, meters.subspan(first, count), hashes.subspan(first, count));
  }
}

digest meter_day_hash(const estate_key& key, mpan meter, utc_day day, quantity q, const meter_day& readings) {
  const meter_readings one{meter, &readings};
  digest hash;
  meter_day_hashes(key, day, q, std::span(&one, 1), std::span(&hash, 1));
  return hash;
}

void day_node_builder::add_meter(const digest& hash, const meter_day& readings) {
  children_.push_back(hash);
  ++sum_.meters;
  const std::uint64_t special = readings.special_mask();
  const std::uint64_t plain = readings.plain_mask() & ~special;
  for (std::size_t slot = 0; slot < slots; ++slot)
    sum_.wh[slot] += (plain >> slot & 1) != 0 ? readings.plain_wh()[slot] : 0;
  sum_.periods += static_cast<std::uint64_t>(std::popcount(plain));
  for (std::uint64_t rest = special; rest != 0; rest &= rest - 1) {
    const int slot = std::countr_zero(rest);
    if (const auto value = readings.current(slot)) {
      sum_.wh[static_cast<std::size_t>(slot)] += value->content.wh;
      ++sum_.periods;
    }
  }
}

void day_node_builder::add(const day_node& child) {
  children_.push_back(child.hash);
  sum_.meters += child.meters;
  sum_.periods += child.periods;
  for (std::size_t i = 0; i < child.wh.size(); ++i)
    sum_.wh[i] += child.wh[i];
}

day_node day_node_builder::build(node_kind kind, std::string_view id, utc_day day, quantity q) const {
  std::string bytes(1, static_cast<char>(kind));
  put(bytes, id.size(), 4);
  bytes += id;
  put(bytes, static_cast<std::uint32_t>(day.number), 4);
  bytes += name_of(q);
  const digest root = merkle_root(children_);
  bytes.append(reinterpret_cast<const char*>(root.data()), root.size());
  for (const std::int64_t wh : sum_.wh)
    put(bytes, static_cast<std::uint64_t>(wh), 8);
  put(bytes, sum_.meters, 4);
  put(bytes, sum_.periods, 8);
  day_node node = sum_;
  node.hash = sha256(bytes);
  return node;
}

} // namespace gridtwin
