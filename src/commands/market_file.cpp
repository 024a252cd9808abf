#include "src/commands/market_file.hpp"

#include "config/toml_document.hpp"
#include "src/process/small_file.hpp"

#include <utility>

namespace gridtwin {

result<market_settings> read_market_file(const std::string& path) {
  const auto named = [](const error& why) { return error{why.code, "--market: " + why.message}; };
  const auto text = read_small_file(path, toml_bytes_limit);
  if (!text)
    return named(text.failure());
  auto settings = parse_market_settings(*text, path);
  if (!settings)
    return named(settings.failure());
  return settings;
}

} // namespace gridtwin
