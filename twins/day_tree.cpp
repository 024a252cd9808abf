#include "twins/day_tree.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace gridtwin {

namespace {

constexpr std::uint8_t leaf_mark = 0x00;
constexpr std::uint8_t meter_day_mark = 0x02;
constexpr std::size_t salt_size = 16;

/// Appends to a buffer of fixed size.
class encoder {
public:
  void byte(std::uint8_t value) noexcept { bytes_[size_++] = value; }
  template <class Integer>
  void integer(Integer value) noexcept {
    for (int shift = (static_cast<int>(sizeof value) - 1) * 8; shift >= 0; shift -= 8)
      byte(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
  }
  void text(std::string_view value, std::size_t width) noexcept {
    for (std::size_t i = 0; i < width; ++i)
      byte(i < value.size() ? static_cast<std::uint8_t>(value[i]) : std::uint8_t{0});
  }
  void bytes(const std::uint8_t* from, std::size_t count) noexcept {
    std::memcpy(bytes_.data() + size_, from, count);
    size_ += count;
  }
  std::span<const std::uint8_t> view() const noexcept { return {bytes_.data(), size_}; }

private:
  std::array<std::uint8_t, 96> bytes_{};
  std::size_t size_ = 0;
};

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xFF);
}

/// Salts come in pairs from one hash of a secret of the meter's day: a path that shows one half hour shows no other.
class salt_source {
public:
  salt_source(const estate_key& key, mpan meter, utc_day day, quantity q) noexcept {
    encoder e;
    e.bytes(key.data(), key.size());
    e.integer(meter.number);
    e.integer(day.number);
    e.text(name_of(q), 2);
    secret_ = sha256(e.view());
  }

  const std::uint8_t* of(int slot) noexcept {
    if (slot / 2 != pair_) {
      pair_ = slot / 2;
      encoder e;
      e.bytes(secret_.data(), secret_.size());
      e.byte(static_cast<std::uint8_t>(pair_));
      salts_ = sha256(e.view());
    }
    return salts_.data() + (slot % 2 == 0 ? 0 : salt_size);
  }

private:
  digest secret_{};
  digest salts_{};
  int pair_ = -1;
};

/// The canonical bytes of a half hour: 30, so that with mark and salt they fit one block. Version 0 marks an absent
/// one.
digest leaf_hash(const std::uint8_t* salt, mpan meter, quantity q, period p, const meter_day::current_value& value) {
  encoder e;
  e.byte(leaf_mark);
  e.bytes(salt, salt_size);
  e.integer(meter.number);
  e.text(name_of(q), 2);
  e.integer(p.number);
  e.integer(value.version);
  e.integer(value.content.wh);
  e.text(value.version == 0 ? std::string_view() : name_of(value.content.quality), 4);
  e.byte(value.content.reasons.estimation);
  e.byte(static_cast<std::uint8_t>(value.content.reasons.amendment));
  return sha256(e.view());
}

} // namespace

digest merkle_root(std::span<const digest> leaves) {
  if (leaves.empty())
    return sha256(std::string_view());
  // Joining neighbours level by level, a last odd one carried up, gives RFC 6962's tree: its left subtrees are full.
  std::vector<digest> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i)
      level[i] = sha256_node(level[2 * i], level[2 * i + 1]);
    if (level.size() % 2 != 0)
      level[pairs] = level.back();
    level.resize((level.size() + 1) / 2);
  }
  return level.front();
}

digest meter_day_hash(const estate_key& key, mpan meter, utc_day day, quantity q, const meter_day& readings) {
  salt_source salts(key, meter, day, q);
  std::array<digest, periods_per_day> leaves;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const auto now = readings.current(slot).value_or(meter_day::current_value{0, {}});
    leaves[static_cast<std::size_t>(slot)] = leaf_hash(salts.of(slot), meter, q, period_at(day, slot), now);
  }
  encoder e;
  e.byte(meter_day_mark);
  e.integer(meter.number);
  e.text(name_of(q), 2);
  e.integer(day.number);
  const digest root = merkle_root(leaves);
  e.bytes(root.data(), root.size());
  return sha256(e.view());
}

void day_node_builder::add_meter(const digest& hash, const meter_day& readings) {
  children_.push_back(hash);
  ++sum_.meters;
  for (std::uint64_t rest = readings.current_mask(); rest != 0; rest &= rest - 1) {
    const int slot = std::countr_zero(rest);
    sum_.wh[static_cast<std::size_t>(slot)] += readings.current(slot)->content.wh;
    ++sum_.periods;
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
