#include "src/commands/node_address.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

namespace gridtwin {

result<void> read_address(const std::string& to, sender_options& out) {
  const std::size_t colon = to.rfind(':');
  const std::string_view port =
    colon == std::string::npos ? std::string_view() : std::string_view(to).substr(colon + 1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  out.host = to.substr(0, colon == std::string::npos ? 0 : colon);
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  if (failed != std::errc() || end != port.data() + port.size() || out.port == 0 || out.host.empty())
    return error{errc::usage, "--to: write HOST:PORT, as node.example.org:7470"};
  return {};
}

} // namespace gridtwin
