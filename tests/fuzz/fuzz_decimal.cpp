// Energies against a model on strings of digits, and the decoder's quick way against the plain one.

#include "src/ingest/estate_files.hpp"
#include "src/ingest/row_decoder.hpp"
#include "tests/fuzz/fuzz_support.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace {

using namespace gridtwin;
using fuzz::require;

/// A decimal as digits and the place of the point among them (which may lie outside).
struct decimal {
  std::string digits;
  long point = 0;
  bool negative = false;
};

std::optional<decimal> read(std::string text, char thousands) {
  decimal out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out.negative = text[0] == '-';
    text.erase(0, 1);
  }
  long exponent = 0;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string::npos) {
    std::string power = text.substr(e + 1);
    const bool down = !power.empty() && power[0] == '-';
    if (!power.empty() && (power[0] == '-' || power[0] == '+'))
      power.erase(0, 1);
    if (power.empty() || power.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    power.erase(0, power.find_first_not_of('0'));
    if (power.size() > 2)
      return std::nullopt;
    exponent = power.empty() ? 0 : std::stol(power);
    if (exponent > 40)
      return std::nullopt;
    exponent = down ? -exponent : exponent;
    text.erase(e);
  }
  std::string whole = text.substr(0, text.find('.'));
  const std::string part = whole.size() == text.size() ? "" : text.substr(whole.size() + 1);
  for (std::size_t i = 0; thousands != 0 && i < whole.size();) {
    const bool apart = whole[i] == thousands && i > 0 && i + 1 < whole.size();
    const bool between =
      apart && whole[i - 1] >= '0' && whole[i - 1] <= '9' && whole[i + 1] >= '0' && whole[i + 1] <= '9';
    if (between)
      whole.erase(i, 1);
    else
      ++i;
  }
  out.digits = whole + part;
  if (out.digits.empty() || out.digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  out.point = static_cast<long>(whole.size()) + exponent;
  return out;
}

/// Times five, which with a place moved is half.
void halve(decimal& d) {
  int carry = 0;
  for (std::size_t i = d.digits.size(); i-- > 0;) {
    carry += (d.digits[i] - '0') * 5;
    d.digits[i] = static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  d.digits.insert(0, 1, static_cast<char>('0' + carry));
  // One digit more before the point, and a tenth of ten halves.
}

/// Nothing where the value is too large to compare.
std::optional<parsed_energy> model(decimal d, energy_unit unit) {
  d.point += unit == energy_unit::watt_hour ? 0 : 3;
  if (unit == energy_unit::kilowatt)
    halve(d);
  while (d.point < 1) {
    d.digits.insert(0, 1, '0');
    ++d.point;
  }
  while (d.point > static_cast<long>(d.digits.size()))
    d.digits += '0';
  std::string whole = d.digits.substr(0, static_cast<std::size_t>(d.point));
  const std::string rest = d.digits.substr(static_cast<std::size_t>(d.point));
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  if (whole.size() > 14)
    return std::nullopt;
  parsed_energy out{std::stoll(whole), rest.find_first_not_of('0') != std::string::npos};
  const std::string half = "5" + std::string(rest.empty() ? 0 : rest.size() - 1, '0');
  if (!rest.empty() && (rest > half || (rest == half && out.wh % 2 != 0)))
    ++out.wh;
  if (d.negative)
    out.wh = -out.wh;
  return out;
}

/// A decoder of `m,period_end,v` in that unit.
row_decoder make_decoder(energy_unit unit) {
  auto parsed =
    parse_estate({"transformer_id,rating_kva,gsp_group\nT,500,_A\n", "transformer_id,feeder_id\nT,F\n",
                  "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation,"
                  "source_id\n1000000000012,T,F,AAAA,S,W,T,E,m\n"},
                 "fuzz");
  require(static_cast<bool>(parsed), "the estate is good");
  format_profile p = *built_in_profile("generic");
  p.unit = unit;
  p.null_words.clear();
  auto made =
    row_decoder::make(p, "mpan,period_end,kwh",
                      std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(*parsed))), {});
  require(static_cast<bool>(made), "the profile is good");
  return std::move(*made);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const auto unit = static_cast<energy_unit>(data[0] % 4);
  const char thousands = (data[0] & 0x10) != 0 ? ',' : '\0';
  const std::string text(fuzz::text_of(data + 1, size - 1));
  const auto found = parse_energy(text, unit, thousands);
  const auto number = read(text, thousands);
  require(found.has_value() == number.has_value(), "the same texts are decimals");
  if (found) {
    require(found->wh >= -largest_energy_wh && found->wh <= largest_energy_wh, "no value is beyond the largest");
    const auto expected = model(*number, unit);
    require(!expected || *found == *expected, "the value is exact");
  }
  if (const auto fixed = parse_fixed(text, 3))
    require(*fixed >= 0, "ratings are not negative");
  static const row_decoder decoders[] = {make_decoder(energy_unit::kilowatt_hour), make_decoder(energy_unit::watt_hour),
                                         make_decoder(energy_unit::kilowatt), make_decoder(energy_unit::kilovar_hour)};
  if (text.find_first_of(" \t\r\n,\"") != std::string::npos)
    return 0;
  const auto block = decoders[data[0] % 4].decode("m,2026-03-01T00:30:00Z," + text + "\n");
  const auto plain = parse_energy(text, unit);
  require(block.batch.readings.size() == (plain ? 1U : 0U), "the decoder takes the same texts");
  require(!plain || (block.batch.readings[0].wh == plain->wh && block.batch.readings[0].rounded == plain->rounded),
          "the decoder's quick way gives the same value");
  return 0;
}
