#include "twins/day_tree.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};
constexpr auto import = quantity::active_import;

std::string text_of(const digest& d) { return {reinterpret_cast<const char*>(d.data()), d.size()}; }

// -- the tree as the header and RFC 6962 define it, written down plainly ----------------------------------------------

/// RFC 6962, section 2.1: split at the largest power of two below the number of leaves.
digest recursive_root(std::span<const digest> leaves) {
  if (leaves.empty())
    return sha256(std::string_view());
  if (leaves.size() == 1)
    return leaves.front();
  std::size_t left = 1;
  while (left * 2 < leaves.size())
    left *= 2;
  return sha256("\x01" + text_of(recursive_root(leaves.first(left))) + text_of(recursive_root(leaves.subspan(left))));
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i)
    out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(width - text.size(), '\0');
}

digest plain_meter_day(const estate_key& key, mpan meter, quantity q, const meter_day& readings) {
  const std::string key_bytes(reinterpret_cast<const char*>(key.data()), key.size());
  const std::string secret =
    text_of(sha256(key_bytes + big_endian(meter.number, 8) + big_endian(20'000, 4) + std::string(name_of(q))));
  std::vector<digest> leaves;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const std::string salts = text_of(sha256(secret + static_cast<char>(slot / 2)));
    const auto now = readings.current(slot);
    std::string leaf = std::string(1, '\0') + salts.substr(slot % 2 == 0 ? 0 : 16, 16) + big_endian(meter.number, 8)
                       + std::string(name_of(q)) + big_endian(static_cast<std::uint64_t>(20'000 * 48 + slot + 1), 4);
    if (now)
      leaf += big_endian(now->version, 2) + big_endian(static_cast<std::uint64_t>(now->content.wh), 8)
              + padded(name_of(now->content.quality), 4) + static_cast<char>(now->content.reasons.estimation)
              + padded(std::string_view(&now->content.reasons.amendment, 1), 1);
    else
      leaf += std::string(16, '\0');
    leaves.push_back(sha256(leaf));
  }
  return sha256("\x02" + big_endian(meter.number, 8) + std::string(name_of(q)) + big_endian(20'000, 4)
                + text_of(recursive_root(leaves)));
}

digest plain_node(node_kind kind, std::string_view id, const std::vector<digest>& children, const day_node& sums) {
  std::string bytes(1, static_cast<char>(kind));
  bytes +=
    big_endian(id.size(), 4) + std::string(id) + big_endian(20'000, 4) + "AI" + text_of(recursive_root(children));
  for (const std::int64_t wh : sums.wh)
    bytes += big_endian(static_cast<std::uint64_t>(wh), 8);
  return sha256(bytes + big_endian(sums.meters, 4) + big_endian(sums.periods, 8));
}

struct offer {
  int slot;
  std::uint16_t version;
  gridtwin::content content;
};

meter_day day_of(const std::vector<offer>& offers) {
  meter_day day;
  for (const offer& o : offers)
    (void)day.offer(o.slot, o.version, o.content, false);
  return day;
}

digest feeder_root(const std::vector<std::pair<mpan, std::vector<offer>>>& meters) {
  day_node_builder builder;
  for (const auto& [meter, offers] : meters) {
    const meter_day day = day_of(offers);
    builder.add_meter(meter_day_hash({}, meter, some_day, import, day), day);
  }
  return builder.build(node_kind::feeder, "F1", some_day, import).hash;
}

} // namespace

TEST_CASE("day_tree: roots of RFC 6962's trees by recursion for 0 to 70 leaves") {
  std::vector<digest> leaves;
  for (std::size_t n = 0; n <= 70; ++n) {
    CAPTURE(n);
    CHECK(merkle_root(leaves) == recursive_root(leaves));
    leaves.push_back(sha256("leaf " + std::to_string(n)));
  }
}

TEST_CASE("day_tree: roots of the test vectors of Certificate Transparency") {
  const std::vector<std::string> inputs{"",
                                        std::string(1, '\0'),
                                        "\x10",
                                        "\x20\x21",
                                        "\x30\x31",
                                        "\x40\x41\x42\x43",
                                        "\x50\x51\x52\x53\x54\x55\x56\x57",
                                        "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
  const std::vector<std::string_view> roots{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  CHECK(to_hex(merkle_root({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  std::vector<digest> leaves;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    leaves.push_back(sha256(std::string(1, '\0') + inputs[i]));
    CHECK(to_hex(merkle_root(leaves)) == roots[i]);
  }
}

TEST_CASE("day_tree: a meter's day is hashed as it is written down") {
  seeded_random random(501);
  const std::vector<content> contents = few_contents();
  estate_key secret{};
  for (std::size_t i = 0; i < secret.size(); ++i)
    secret[i] = static_cast<std::uint8_t>(200 + i);
  for (int round = 0; round < 60; ++round) {
    meter_day day;
    for (std::uint64_t n = random.below(100); n != 0; --n)
      (void)day.offer(random.between(0, 47), random.between<std::uint16_t>(1, 3), random.pick(contents), false);
    const quantity q = quantities_by_name[random.below(quantity_count)];
    const mpan meter = test_mpan(random.below(1'000'000));
    const estate_key& key = round % 2 == 0 ? estate_key{} : secret;
    CHECK(meter_day_hash(key, meter, some_day, q, day) == plain_meter_day(key, meter, q, day));
  }
}

TEST_CASE("day_tree: meters' days together as each alone, for 0 to 40 of them") {
  seeded_random random(503);
  const std::vector<content> contents = few_contents();
  for (std::size_t count = 0; count <= 40; ++count) {
    std::vector<meter_day> days(count);
    std::vector<meter_readings> meters;
    std::vector<digest> expected;
    for (meter_day& day : days) {
      for (std::uint64_t n = random.below(100); n != 0; --n)
        (void)day.offer(random.between(0, 47), random.between<std::uint16_t>(1, 3), random.pick(contents), false);
      meters.push_back({test_mpan(random.below(1'000'000)), &day});
      expected.push_back(plain_meter_day({}, meters.back().meter, import, day));
    }
    std::vector<digest> hashes(count);
    meter_day_hashes({}, some_day, import, meters, hashes);
    CAPTURE(count);
    CHECK(hashes == expected);
  }
}

TEST_CASE("day_tree: the sums of a meter are those of its current values") {
  seeded_random random(504);
  const std::vector<content> contents = few_contents();
  for (int round = 0; round < 60; ++round) {
    meter_day day;
    for (std::uint64_t n = random.below(100); n != 0; --n)
      (void)day.offer(random.between(0, 47), random.between<std::uint16_t>(1, round % 2 == 0 ? 1 : 3),
                      round % 3 == 0 ? actual_of(random.between(0, 9)) : random.pick(contents), false);
    day_node_builder builder;
    builder.add_meter({}, day);
    const day_node node = builder.build(node_kind::feeder, "F1", some_day, import);
    std::uint64_t periods = 0;
    for (int slot = 0; slot < periods_per_day; ++slot) {
      const auto now = day.current(slot);
      CHECK(node.wh[static_cast<std::size_t>(slot)] == (now ? now->content.wh : 0));
      periods += now ? 1 : 0;
    }
    CHECK(node.periods == periods);
  }
}

TEST_CASE("day_tree: nodes commit to their id and day and children and sums") {
  const meter_day a = day_of({{0, 1, actual_of(100)}, {47, 1, estimate_of(70'000)}, {3, 1, actual_of(1)}});
  const meter_day b = day_of({{0, 1, actual_of(5)}, {1, 1, actual_of(1)}, {1, 1, actual_of(2)}});
  const digest hash_a = meter_day_hash({}, test_mpan(1), some_day, import, a);
  const digest hash_b = meter_day_hash({}, test_mpan(2), some_day, import, b);
  day_node_builder builder;
  CHECK(builder.empty());
  builder.add_meter(hash_a, a);
  builder.add_meter(hash_b, b);
  CHECK(!builder.empty());
  const day_node feeder = builder.build(node_kind::feeder, "F1", some_day, import);
  CHECK(feeder.meters == 2);
  CHECK(feeder.periods == 4); // the contradicted half hour is open
  CHECK(feeder.wh[0] == 105);
  CHECK(feeder.wh[1] == 0);
  CHECK(feeder.wh[47] == 70'000);
  CHECK(feeder.hash == plain_node(node_kind::feeder, "F1", {hash_a, hash_b}, feeder));
  day_node_builder above;
  above.add(feeder);
  above.add(feeder);
  above.add(feeder);
  const day_node transformer = above.build(node_kind::transformer, "", some_day, import);
  CHECK(transformer.meters == 6);
  CHECK(transformer.periods == 12);
  CHECK(transformer.wh[0] == 315);
  CHECK(transformer.hash
        == plain_node(node_kind::transformer, "", {feeder.hash, feeder.hash, feeder.hash}, transformer));
  // Everything in the header of a node matters.
  CHECK(builder.build(node_kind::transformer, "F1", some_day, import).hash != feeder.hash);
  CHECK(builder.build(node_kind::feeder, "F2", some_day, import).hash != feeder.hash);
  CHECK(builder.build(node_kind::feeder, "F1", {20'001}, import).hash != feeder.hash);
  CHECK(builder.build(node_kind::feeder, "F1", some_day, quantity::active_export).hash != feeder.hash);
}

TEST_CASE("day_tree: the root changes with everything that may not change unseen") {
  const mpan first = test_mpan(1);
  const mpan second = test_mpan(2);
  const std::vector<offer> day{{0, 1, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}};
  const std::vector<offer> other{{0, 1, actual_of(7)}};
  const digest root = feeder_root({{first, day}, {second, other}});
  const auto with = [&](const std::vector<offer>& changed) { return feeder_root({{first, changed}, {second, other}}); };
  CHECK(with(day) == root);
  CHECK(with({{0, 1, actual_of(101)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}}) != root); // by 1 Wh
  CHECK(with({{0, 1, actual_of(200)}, {1, 1, actual_of(100)}, {5, 1, estimate_of(3)}}) != root); // two values exchanged
  CHECK(with({{0, 2, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}}) != root); // version
  CHECK(with({{0, 1, {100, quality_named("A1"), {}}}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}}) != root);
  CHECK(with({{0, 1, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3, "E2")}}) != root);
  CHECK(with({{0, 1, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3, "E1", 3)}}) != root);
  CHECK(with({{0, 1, {100, actual, {0, 'T'}}}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}}) != root);
  CHECK(with({{0, 1, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}, {6, 1, actual_of(0)}}) != root);
  CHECK(with({{0, 1, actual_of(100)}, {2, 1, actual_of(200)}, {5, 1, estimate_of(3)}}) != root); // moved by a half hour
  CHECK(with({{0, 1, actual_of(100)}, {1, 1, actual_of(200)}}) != root);
  CHECK(feeder_root({{first, other}, {second, day}}) != root); // two meters' days exchanged
  CHECK(feeder_root({{second, other}, {first, day}}) != root);
  CHECK(feeder_root({{first, day}}) != root);
  CHECK(feeder_root({{first, day}, {second, other}, {second, other}}) != root);
  // A lower version below what is current is not in the tree.
  CHECK(with({{0, 1, actual_of(1)}, {0, 2, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}})
        == with({{0, 2, actual_of(100)}, {1, 1, actual_of(200)}, {5, 1, estimate_of(3)}}));
}

TEST_CASE("day_tree: the order in which readings came does not matter") {
  seeded_random random(502);
  const std::vector<content> contents = few_contents();
  for (int round = 0; round < 30; ++round) {
    std::vector<offer> offers;
    for (std::uint64_t n = 1 + random.below(80); n != 0; --n)
      offers.push_back({random.between(0, 20), random.between<std::uint16_t>(1, 3), random.pick(contents)});
    const digest root = feeder_root({{test_mpan(1), offers}});
    random.shuffle(offers);
    CHECK(feeder_root({{test_mpan(1), offers}}) == root);
  }
}

TEST_CASE("day_tree: a key of the estate hides what a public salt would show") {
  estate_key secret{};
  secret[31] = 1;
  const meter_day day = day_of({{0, 1, actual_of(100)}});
  CHECK(meter_day_hash(secret, test_mpan(1), some_day, import, day)
        != meter_day_hash({}, test_mpan(1), some_day, import, day));
}
