#include "src/store/input_identity.hpp"

#include "src/store/bytes.hpp"
#include "twins/hash.hpp"

#include <string>

namespace gridtwin {

std::int64_t identity_of(const kept_reject& input) {
  std::string all;
  byte_writer w(all);
  for (const std::string_view text :
       {std::string_view(input.raw), std::string_view(input.meter), std::string_view(input.quantity),
        std::string_view(input.period_end), name_of(input.verdict)})
    w.text(text);
  const digest d = sha256(all);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value = value << 8 | d[i];
  return static_cast<std::int64_t>(value);
}

} // namespace gridtwin
