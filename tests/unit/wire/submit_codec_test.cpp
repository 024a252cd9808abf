#include "src/wire/submit_codec.hpp"

#include "tests/unit/wire/wire_support.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

// The wire format of Protocol Buffers by hand, so that what a stranger may send needs no encoder of ours.

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string number(int field, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}
std::string bytes(int field, const std::string& value) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(value.size()) + value;
}
std::string zigzag(std::int64_t value) {
  return varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

struct day_fields {
  std::uint64_t meter = meter_number(1).number;
  std::uint64_t quantity = 0;
  std::uint64_t first_period = 1'000'000;
  std::uint64_t version = 0;
  std::vector<std::int64_t> values{5, 6, 7};
  std::string exceptions;
};

std::string day_run(const day_fields& d) {
  std::string values;
  for (const std::int64_t wh : d.values)
    values += zigzag(wh);
  return bytes(3, bytes(1, number(1, d.meter) + number(2, d.quantity) + number(3, d.first_period) + number(4, d.version)
                             + bytes(5, values) + d.exceptions));
}

std::string exception(std::uint64_t index, std::uint64_t version, std::uint64_t quality, std::uint64_t estimation,
                      std::uint64_t amendment) {
  return bytes(6, number(1, index) + number(2, version) + number(3, quality) + number(4, estimation)
                    + number(5, amendment));
}

const std::string head = number(1, 9) + number(2, 100);

std::vector<std::pair<std::uint32_t, std::string>> refusals_of(const std::string& body) {
  submitted_batch out;
  REQUIRE(decode_submit(body, out) == submit_fault::none);
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const reading_refusal& r : out.refusals)
    found.emplace_back(r.index, name_of(r.code));
  return found;
}

submit_fault fault_of(const std::string& body) {
  submitted_batch out;
  return decode_submit(body, out);
}

using refusals = std::vector<std::pair<std::uint32_t, std::string>>;
const refusals none;
const refusals all_unparseable{{0, "unparseable"}, {1, "unparseable"}, {2, "unparseable"}};

} // namespace

TEST_CASE("readings come back in their order, in whatever forms they went") {
  seeded_random random(3);
  for (int turn = 0; turn < 100; ++turn) {
    const auto sent = mixed_readings(random, static_cast<std::size_t>(random.between(1, 700)));
    const std::uint64_t first = random.between<std::uint64_t>(1, 1'000'000'000'000);
    submitted_batch back;
    REQUIRE(decode_submit(body_of(sent, first, random.bits()), back) == submit_fault::none);
    CHECK(back.first_number == first);
    CHECK(back.refusals.empty());
    CHECK(same(back.readings, sent));
  }
}

TEST_CASE("a batch has the name that was put behind it last") {
  std::string body = body_of({reading_of(1, 1000, 1)}, 1, 5);
  append_batch_name(std::numeric_limits<std::uint64_t>::max(), body);
  submitted_batch out;
  REQUIRE(decode_submit(body, out) == submit_fault::none);
  CHECK(out.batch == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("days and half hours of many meters are small") {
  std::vector<submitted_reading> days;
  std::vector<submitted_reading> half_hours;
  for (std::uint64_t meter = 0; meter < 100; ++meter) {
    const auto day = day_of(meter, 1'000'001, 200);
    days.insert(days.end(), day.begin(), day.end());
    half_hours.push_back(reading_of(meter, 1'000'001, 200));
  }
  CHECK(body_of(days, 1, 1).size() < days.size() * 5 / 2);
  CHECK(body_of(half_hours, 1, 1).size() < half_hours.size() * 5);
}

TEST_CASE("the largest batch that our sender makes fits in a frame in its worst form") {
  std::vector<submitted_reading> worst;
  for (std::size_t i = 0; i < wire_bounds::sent_batch_readings; ++i) {
    auto r = reading_of(i % 2 == 0 ? 899'999'999'999 : i, static_cast<std::int32_t>(4'000'000 - 2 * i), 0);
    r.content = {-1'000'000'000'000'000, {37}, {10, 'X'}};
    r.version = 65'535;
    r.quantity = quantity::reactive_export;
    worst.push_back(r);
  }
  CHECK(body_of(worst, std::uint64_t{1} << 62, ~std::uint64_t{0}).size() <= wire_bounds::frame_bytes);
}

TEST_CASE("T12 what is out of its range refuses its reading, with its reason, and no other") {
  CHECK(refusals_of(head + day_run({})) == none);
  day_fields d;
  d.meter += 1;
  CHECK(refusals_of(head + day_run(d)) == all_unparseable); // a wrong check digit
  d = {};
  d.meter = ~std::uint64_t{0};
  CHECK(refusals_of(head + day_run(d)) == all_unparseable);
  d = {};
  d.quantity = 4;
  CHECK(refusals_of(head + day_run(d))
        == refusals{{0, "unknown-quantity"}, {1, "unknown-quantity"}, {2, "unknown-quantity"}});
  d.quantity = ~std::uint64_t{0}; // -1
  CHECK(refusals_of(head + day_run(d)).size() == 3);
  d = {};
  d.version = 65'536;
  CHECK(refusals_of(head + day_run(d)) == all_unparseable);
  d.version = 65'535;
  CHECK(refusals_of(head + day_run(d)) == none);
  d = {};
  d.first_period = 0;
  CHECK(refusals_of(head + day_run(d)) == refusals{{0, "unparseable"}});
  d.first_period = 84'006 * 48 - 1;
  CHECK(refusals_of(head + day_run(d)) == refusals{{2, "unparseable"}});
  d.first_period = 0x7FFF'FFFF;
  CHECK(refusals_of(head + day_run(d)) == all_unparseable);
  CHECK(refusals_of(head + day_run({}) + day_run(d)).front().first == 3);
}

TEST_CASE("T13 values up to a petawatt-hour pass, those beyond are refused") {
  day_fields d;
  d.values = {1'000'000'000'000'000,
              1'000'000'000'000'001,
              -1'000'000'000'000'000,
              -1'000'000'000'000'001,
              std::numeric_limits<std::int64_t>::max(),
              std::numeric_limits<std::int64_t>::min(),
              0};
  CHECK(refusals_of(head + day_run(d))
        == refusals{{1, "unparseable"}, {3, "unparseable"}, {4, "unparseable"}, {5, "unparseable"}});
}

TEST_CASE("T12 an exception out of its range refuses its reading, once") {
  const std::vector<std::pair<std::string, bool>> cases{
    {exception(1, 65'535, 37, 10, 'X'), true}, {exception(1, 65'536, 0, 0, 0), false},
    {exception(1, 0, 38, 0, 0), false},        {exception(1, 0, 0, 11, 0), false},
    {exception(1, 0, 0, 0, 'B'), false},       {exception(1, 0, 0, 0, 'A' + 256), false}};
  for (const auto& [text, good] : cases) {
    day_fields d;
    d.exceptions = text;
    CHECK(refusals_of(head + day_run(d)) == (good ? none : refusals{{1, "unparseable"}}));
    d.quantity = 7; // and refused already
    CHECK(refusals_of(head + day_run(d)).size() == 3);
  }
  submitted_batch out;
  day_fields d;
  d.exceptions = exception(0, 3, 37, 10, 'X') + exception(2, 0, 1, 0, 0);
  REQUIRE(decode_submit(head + day_run(d), out) == submit_fault::none);
  CHECK(out.readings[0].version == 3);
  CHECK(out.readings[0].content == content{5, {37}, {10, 'X'}});
  CHECK(out.readings[1].content == content{6, actual, {}});
  CHECK(out.readings[2].content == content{7, {1}, {}});
}

TEST_CASE("T12 what contradicts itself refuses the batch") {
  const std::string values = zigzag(1) + zigzag(2);
  const std::string meters = zigzag(static_cast<std::int64_t>(meter_number(1).number)) + zigzag(0);
  const std::string half_hour = number(1, 1000);
  CHECK(fault_of(head + bytes(3, bytes(2, half_hour + bytes(4, meters) + bytes(5, values)))) == submit_fault::none);
  CHECK(fault_of(head + bytes(3, bytes(2, half_hour + bytes(4, meters) + bytes(5, zigzag(1)))))
        == submit_fault::malformed);
  CHECK(fault_of(head + bytes(3, bytes(2, half_hour + bytes(4, meters)))) == submit_fault::malformed);
  CHECK(fault_of(head) == submit_fault::malformed);                              // no reading
  CHECK(fault_of(head + day_run({}) + bytes(3, "")) == submit_fault::malformed); // a run of no form
  CHECK(fault_of(day_run({})) == submit_fault::malformed);                       // no first number
  CHECK(fault_of(number(2, ~std::uint64_t{0}) + day_run({})) == submit_fault::malformed);
  CHECK(fault_of(number(2, (std::uint64_t{1} << 63) - 4) + day_run({})) == submit_fault::none);
  CHECK(fault_of(number(2, (std::uint64_t{1} << 63) - 3) + day_run({})) == submit_fault::malformed);
  for (const std::string& text : {exception(3, 0, 1, 0, 0), exception(1, 0, 1, 0, 0) + exception(1, 0, 1, 0, 0),
                                  exception(1, 0, 1, 0, 0) + exception(0, 0, 1, 0, 0)}) {
    day_fields d;
    d.exceptions = text;
    CHECK(fault_of(head + day_run(d)) == submit_fault::malformed);
  }
  const std::string whole = head + day_run({});
  for (std::size_t cut = head.size() + 1; cut < whole.size(); ++cut)
    CHECK(fault_of(whole.substr(0, cut)) == submit_fault::malformed);
}

TEST_CASE("T10 more readings than a batch may have are refused before one is made") {
  day_fields d;
  d.values.assign(wire_bounds::batch_readings, 1);
  CHECK(fault_of(head + day_run(d)) == submit_fault::none);
  CHECK(fault_of(head + day_run(d) + day_run({})) == submit_fault::too_large);
  CHECK(fault_of(std::string(wire_bounds::frame_bytes + 1, '\0')) == submit_fault::too_large);
}

} // namespace gridtwin::testing
