#include "twins/energy.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;
using gridtwin::testing::seeded_random;

namespace {

constexpr auto kwh = energy_unit::kilowatt_hour;
constexpr auto wh = energy_unit::watt_hour;
constexpr auto kw = energy_unit::kilowatt;
constexpr auto kvarh = energy_unit::kilovar_hour;

// -- a slow model of decimals as strings of digits, without any arithmetic of the code under test ---------------------

std::string times(const std::string& digits, int factor) {
  std::string out;
  int carry = 0;
  for (std::size_t i = digits.size(); i-- > 0;) {
    carry += (digits[i] - '0') * factor;
    out += static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  for (; carry != 0; carry /= 10)
    out += static_cast<char>('0' + carry % 10);
  return {out.rbegin(), out.rend()};
}

std::string plus_one(std::string digits) {
  for (std::size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '9') {
      ++digits[i];
      return digits;
    }
    digits[i] = '0';
  }
  return "1" + digits;
}

std::string without_leading_zeros(const std::string& digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? "0" : digits.substr(first);
}

struct decimal {
  bool negative = false;
  std::string whole;
  std::string fraction;
  int exponent = 0;
};

struct model_value {
  std::string whole; ///< rounded half to even
  bool rounded = false;
};

model_value model_of(const decimal& d, energy_unit unit) {
  std::string digits = times("0" + d.whole + d.fraction, unit == kw ? 500 : unit == wh ? 1 : 1000);
  const int scale = static_cast<int>(d.fraction.size()) - d.exponent;
  if (scale <= 0)
    return {without_leading_zeros(digits + std::string(static_cast<std::size_t>(-scale), '0')), false};
  const auto cut = static_cast<std::size_t>(scale);
  if (digits.size() <= cut)
    digits.insert(0, cut + 1 - digits.size(), '0');
  std::string whole = digits.substr(0, digits.size() - cut);
  const std::string rest = digits.substr(digits.size() - cut);
  const std::string half = "5" + std::string(cut - 1, '0');
  if (rest > half || (rest == half && (whole.back() - '0') % 2 == 1))
    whole = plus_one(whole);
  return {without_leading_zeros(whole), rest.find_first_not_of('0') != std::string::npos};
}

std::string text_of(const decimal& d, bool with_point, bool with_exponent) {
  std::string text = (d.negative ? "-" : "") + d.whole;
  if (with_point || !d.fraction.empty())
    text += "." + d.fraction;
  if (with_exponent || d.exponent != 0)
    text += "e" + std::to_string(d.exponent);
  return text;
}

std::string random_digits(seeded_random& random, std::size_t count) {
  // Zeros and nines more often than others: they are where carries and ties are.
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += random.chance(1, 2) ? "0059"[random.below(4)] : static_cast<char>('0' + random.below(10));
  return out;
}

bool above(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() > b.size() : a > b; }

struct case_of_energy {
  std::string_view text;
  energy_unit unit;
  std::int64_t wh;
  bool rounded;
};

} // namespace

TEST_CASE("energy: exact values") {
  const std::vector<case_of_energy> exact{
    {"0.25", kwh, 250, false},   {"-1", kwh, -1000, false},      {".5", kwh, 500, false},
    {"5.", kwh, 5000, false},    {"0", kwh, 0, false},           {"-0", kwh, 0, false},
    {"+1", kwh, 1000, false},    {"000.001", kwh, 1, false},     {"1.25E-2", kwh, 12, true},
    {"1.2E-2", kwh, 12, false},  {"1e3", kwh, 1'000'000, false}, {"1e+3", kwh, 1'000'000, false},
    {"1E0", kwh, 1000, false},   {"0e40", kwh, 0, false},        {"0.000e-40", kwh, 0, false},
    {"9.901", kwh, 9901, false}, {"0.0010000", kwh, 1, false},   {"123", wh, 123, false},
    {"0.1e1", wh, 1, false},     {"2.345", kvarh, 2345, false},  {"3", kw, 1500, false},
    {"0.002", kw, 1, false},     {"-0.004", kw, -2, false},      {"12345678901", kwh, 12'345'678'901'000, false},
    {"1e-3", kwh, 1, false},     {"1000e-6", kwh, 1, false},     {"999999999.999", kwh, 999'999'999'999, false}};
  for (const case_of_energy& c : exact) {
    CAPTURE(c.text);
    CHECK(parse_energy(c.text, c.unit) == parsed_energy{c.wh, c.rounded});
  }
}

TEST_CASE("energy: what is finer than a watt-hour is rounded half to even") {
  const std::vector<case_of_energy> ties{{"0.0005", kwh, 0, true},
                                         {"0.0015", kwh, 2, true},
                                         {"0.0025", kwh, 2, true},
                                         {"0.00050000", kwh, 0, true},
                                         {"0.00050001", kwh, 1, true},
                                         {"0.0004999", kwh, 0, true},
                                         {"-0.0005", kwh, 0, true},
                                         {"-0.0015", kwh, -2, true},
                                         {"2.5", wh, 2, true},
                                         {"3.5", wh, 4, true},
                                         {"2.50000000000000000001", wh, 3, true},
                                         {"0.5", wh, 0, true},
                                         {"1.5", wh, 2, true},
                                         {"3.4030001", kwh, 3403, true},
                                         {"0.9995", kwh, 1000, true},
                                         {"0.9994", kwh, 999, true},
                                         {"5e-4", kwh, 0, true},
                                         {"15e-4", kwh, 2, true},
                                         {"1e-40", kwh, 0, true},
                                         {"9999.9999", kwh, 10'000'000, true}};
  for (const case_of_energy& c : ties) {
    CAPTURE(c.text);
    CHECK(parse_energy(c.text, c.unit) == parsed_energy{c.wh, c.rounded});
  }
  // More digits than are kept: one far behind still breaks the tie.
  const std::string far = "0.0005" + std::string(100, '0');
  CHECK(parse_energy(far, kwh) == parsed_energy{0, true});
  CHECK(parse_energy(far + "1", kwh) == parsed_energy{1, true});
  CHECK(parse_energy("0." + std::string(200, '0') + "1", kwh) == parsed_energy{0, true});
}

TEST_CASE("energy: mean power of a half hour is half as many watt-hours") {
  const std::vector<case_of_energy> halves{
    {"0.001", kw, 0, true},   {"0.003", kw, 2, true},   {"0.005", kw, 2, true},     {"0.007", kw, 4, true},
    {"0.0011", kw, 1, true},  {"0.0009", kw, 0, true},  {"0.0020001", kw, 1, true}, {"0.0039999", kw, 2, true},
    {"1.001", kw, 500, true}, {"1.003", kw, 502, true}, {"-0.003", kw, -2, true},   {"0.0029999", kw, 1, true}};
  for (const case_of_energy& c : halves) {
    CAPTURE(c.text);
    CHECK(parse_energy(c.text, c.unit) == parsed_energy{c.wh, c.rounded});
  }
}

TEST_CASE("energy: separators of thousands") {
  CHECK(parse_energy("1,234.5", kwh, ',') == parsed_energy{1'234'500, false});
  CHECK(parse_energy("1,234,567", wh, ',') == parsed_energy{1'234'567, false});
  CHECK(parse_energy("1'000", wh, '\'') == parsed_energy{1000, false});
  CHECK(parse_energy("-1,000", wh, ',') == parsed_energy{-1000, false});
  for (const std::string_view text : {",1", "1,", "1,,2", "1.2,3", "1,.5", "-,1", "1 000"}) {
    CAPTURE(text);
    CHECK(!parse_energy(text, wh, ','));
  }
  CHECK(!parse_energy("1,234", wh));
}

TEST_CASE("energy: what is no decimal") {
  for (const std::string_view text : {"",     " ",     ".",    "-",     "+",
                                      "-.",   "e5",    ".e5",  "1e",    "1e+",
                                      "1e-",  "1e1.5", "1e41", "1e-41", "1e99999999999",
                                      "--1",  "+-1",   "1-",   "1..2",  "1.2.3",
                                      "Null", "nan",   "NaN",  "inf",   "0x10",
                                      "1 ",   " 1",    "1f",   "1,5",   "1e5x",
                                      "١"}) {
    CAPTURE(text);
    CHECK(!parse_energy(text, kwh));
  }
  CHECK(!parse_energy(std::string_view("1\0", 2), kwh));
}

TEST_CASE("energy: huge values are cut to the largest") {
  for (const std::string_view text : {"1e40", "99999999999999999999999999999999999999999", "1e12", "1000000000000.001",
                                      "123456789012345678901234567890123456789012345678901234567890123456789012345"}) {
    CAPTURE(text);
    CHECK(parse_energy(text, kwh)->wh == largest_energy_wh);
    CHECK(parse_energy("-" + std::string(text), kwh)->wh == -largest_energy_wh);
  }
  CHECK(parse_energy("999999999999999", wh) == parsed_energy{999'999'999'999'999, false});
  CHECK(parse_energy("999999999999999.7", wh)->wh == largest_energy_wh);
  CHECK(parse_energy("999999999999.999", kwh) == parsed_energy{999'999'999'999'999, false});
}

TEST_CASE("energy: mean power is cut at the same energy as any other unit") {
  CHECK(parse_energy("999999999999", kw) == parsed_energy{499'999'999'999'500, false});
  CHECK(parse_energy("1200000000000", kw) == parsed_energy{600'000'000'000'000, false}); // 1.2 PW
}

TEST_CASE("energy: agrees with a slow model of decimals on random texts") {
  seeded_random random(20260301);
  const std::vector<energy_unit> units{kwh, wh, kw, kvarh};
  const std::string largest = std::to_string(largest_energy_wh);
  int wrong = 0;
  std::string first_wrong;
  for (int i = 0; i < 200'000; ++i) {
    decimal d;
    d.negative = random.chance(1, 4);
    d.whole = random_digits(random, random.below(random.chance(1, 20) ? 30 : 8));
    d.fraction = random_digits(random, random.below(random.chance(1, 20) ? 90 : 9));
    if (d.whole.empty() && d.fraction.empty())
      d.whole = "0";
    if (random.chance(1, 4))
      d.exponent = random.between(-12, 12);
    const energy_unit unit = random.pick(units);
    const model_value expected = model_of(d, unit);
    // Mean power is cut earlier, see the case above.
    if (unit == kw && above(expected.whole, "499999999999999"))
      continue;
    const std::string text = text_of(d, random.chance(1, 2), random.chance(1, 8));
    const auto found = parse_energy(text, unit);
    const bool cut = above(expected.whole, largest) || expected.whole == largest;
    std::string shown = found ? std::to_string(found->wh) : "nothing";
    const std::string sign = d.negative && expected.whole != "0" ? "-" : "";
    const bool good =
      found && shown == sign + (cut ? largest : expected.whole) && (cut || found->rounded == expected.rounded);
    if (!good && wrong++ == 0)
      first_wrong = text + " -> " + shown + ", expected " + expected.whole;
  }
  CAPTURE(first_wrong);
  CHECK(wrong == 0);
}

TEST_CASE("energy: garbage is refused or read and never worse") {
  seeded_random random(7);
  const std::string alphabet = "0123456789..--++eE,  xN";
  int read = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(12); n != 0; --n)
      text += alphabet[random.below(alphabet.size())];
    const auto value = parse_energy(text, kwh, ',');
    read += value ? 1 : 0;
    if (value && (value->wh > largest_energy_wh || value->wh < -largest_energy_wh))
      FAIL(text);
  }
  CHECK(read > 0);
}

TEST_CASE("energy: fixed-point decimals") {
  CHECK(parse_fixed("0.95", 6) == 950'000);
  CHECK(parse_fixed("1", 6) == 1'000'000);
  CHECK(parse_fixed("500", 3) == 500'000);
  CHECK(parse_fixed("500.25", 3) == 500'250);
  CHECK(parse_fixed(".5", 3) == 500);
  CHECK(parse_fixed("5.", 3) == 5000);
  CHECK(parse_fixed("0.1230000", 3) == 123);
  CHECK(parse_fixed("007", 0) == 7);
  CHECK(parse_fixed("7.000", 0) == 7);
  for (const std::string_view text : {"", ".", "-1", "+1", "0.1234", "1e3", "1,000", " 1", "1 ", "1.2.3", "x"}) {
    CAPTURE(text);
    CHECK(!parse_fixed(text, 3));
  }
  CHECK(!parse_fixed("7.1", 0));
  CHECK(!parse_fixed("99999999999999999999", 3));
}

TEST_CASE("energy: a fixed-point decimal that is too large is refused and never wraps") {
  for (const std::string_view text : {"9999999999999999", "1000000000000000", "1234567890123456", "9223372036854775"})
    for (const int decimals : {3, 6, 9}) {
      CAPTURE(text);
      CAPTURE(decimals);
      const auto value = parse_fixed(text, decimals);
      if (!value)
        continue;
      CHECK(std::to_string(*value) == std::string(text) + std::string(static_cast<std::size_t>(decimals), '0'));
    }
}

namespace {

/// Long division by hand.
std::string slow_ratio(std::uint64_t numerator, std::uint64_t denominator, int decimals) {
  std::string digits = std::to_string(numerator / denominator);
  uint128 rest = numerator % denominator;
  for (int i = 0; i < decimals; ++i) {
    rest *= 10;
    digits += static_cast<char>('0' + static_cast<int>(rest / denominator));
    rest %= denominator;
  }
  if (rest * 2 > denominator || (rest * 2 == denominator && (digits.back() - '0') % 2 == 1))
    digits = plus_one(digits);
  if (decimals > 0)
    digits.insert(digits.size() - static_cast<std::size_t>(decimals), ".");
  return digits;
}

} // namespace

TEST_CASE("energy: ratios with decimals are rounded half to even") {
  CHECK(format_ratio(0, 1, 0) == "0");
  CHECK(format_ratio(0, 7, 3) == "0.000");
  CHECK(format_ratio(1, 2, 0) == "0");
  CHECK(format_ratio(3, 2, 0) == "2");
  CHECK(format_ratio(1, 8, 2) == "0.12");
  CHECK(format_ratio(3, 8, 2) == "0.38");
  CHECK(format_ratio(9995, 10'000, 3) == "1.000");
  CHECK(format_ratio(5, 1000, 3) == "0.005");
  CHECK(format_ratio(100, 1, 0) == "100");
  CHECK(format_ratio(2, 3, 6) == "0.666667");
  seeded_random random(11);
  int wrong = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t numerator = random.bits() >> random.below(64);
    const std::uint64_t denominator = std::max<std::uint64_t>(random.bits() >> random.below(64), 1);
    const int decimals = random.between(0, 6);
    wrong += format_ratio(numerator, denominator, decimals) == slow_ratio(numerator, denominator, decimals) ? 0 : 1;
  }
  for (std::uint64_t denominator = 1; denominator <= 40; ++denominator) // where ties are
    for (std::uint64_t numerator = 0; numerator <= 200; ++numerator)
      for (int decimals = 0; decimals <= 3; ++decimals)
        wrong += format_ratio(numerator, denominator, decimals) == slow_ratio(numerator, denominator, decimals) ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("energy: AG-09 kWh with three decimals and MWh with six are the same watt-hours, there and back") {
  seeded_random random(909);
  const auto in_kwh = [](std::int64_t wh) { return format_ratio(static_cast<uint128>(wh), 1'000, 3); };
  const auto in_mwh = [](std::int64_t wh) { return format_ratio(static_cast<uint128>(wh), 1'000'000, 6); };
  std::size_t wrong = 0;
  const auto try_one = [&](std::int64_t wh) {
    const std::string kwh = in_kwh(wh);
    const std::string mwh = in_mwh(wh);
    const auto from_kwh = parse_energy(kwh, energy_unit::kilowatt_hour);
    const auto from_mwh = parse_fixed(mwh, 6);
    wrong += from_kwh && *from_kwh == parsed_energy{wh, false} && from_mwh == wh ? 0 : 1;
    // The same digits, the point three places on.
    wrong += kwh[kwh.size() - 4] == '.' && mwh[mwh.size() - 7] == '.' ? 0 : 1;
    wrong += kwh.substr(kwh.size() - 3) == mwh.substr(mwh.size() - 3) ? 0 : 1;
  };
  for (std::int64_t wh = 0; wh < 300'000; ++wh)
    try_one(wh);
  for (int n = 0; n < 700'000; ++n)
    try_one(random.between<std::int64_t>(0, n % 2 == 0 ? 999'999'999 : largest_energy_wh / 10));
  CHECK(wrong == 0);
  CHECK(in_kwh(476'376) == "476.376"); // the published ramp's day
  CHECK(in_mwh(476'376) == "0.476376");
  CHECK(in_mwh(1) == "0.000001");
  CHECK(in_mwh(999'999'999'999) == "999999.999999");
  CHECK(!parse_fixed("0.0000001", 6)); // finer than a watt-hour is refused, not rounded
  CHECK(parse_energy("0.0004", energy_unit::kilowatt_hour) == parsed_energy{0, true});
}
