#include "src/node/node_log.hpp"

#include "config/printable_text.hpp"
#include "twins/period.hpp"

#include <cstdio>

namespace gridtwin {

void node_log::tell(std::string_view event, std::string_view text, std::initializer_list<member> members) {
  std::string line;
  if (format_ == log_format::text) {
    line = "gridtwin run: " + printable(text, text.size());
  } else {
    line = "{\"at\":" + json_string(format_instant(now_s_())) + ",\"event\":" + json_string(event);
    for (const auto& [name, value] : members)
      line += "," + json_string(name) + ":" + json_string(value);
    line += ",\"text\":" + json_string(text) + "}";
  }
  line += '\n';
  const std::lock_guard lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

} // namespace gridtwin
