#include "src/store/commit.hpp"

#include "src/store/bytes.hpp"

namespace gridtwin {

std::string encode_section(const std::vector<std::vector<stored_reading>>& days) {
  std::string out;
  byte_writer w(out);
  w.number(days.size());
  for (const auto& readings : days) {
    w.signed_number(readings.front().day.number);
    w.text(encode_fragment(readings));
    w.text(encode_lineage(readings));
  }
  return out;
}

bool decode_section(std::string_view bytes, std::vector<stored_reading>& readings) {
  byte_reader in(bytes);
  for (std::uint64_t days = in.number(); days != 0 && in.ok(); --days) {
    const utc_day day{static_cast<std::int32_t>(in.signed_number())};
    const std::string_view fragment = in.text();
    const std::string_view lineage = in.text();
    const std::size_t first = readings.size();
    if (!in.ok() || !decode_fragment(fragment, day, [&](const stored_reading& r) { readings.push_back(r); })
        || !decode_lineage(lineage, std::span(readings).subspan(first)))
      return false;
  }
  return in.ok() && in.left() == 0;
}

} // namespace gridtwin
