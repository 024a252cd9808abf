#include "src/process/small_file.hpp"

#include <fstream>

namespace gridtwin {

result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return error{errc::unreadable_input, "cannot read " + path + ": is the name right?"};
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    return error{errc::unreadable_input, "cannot read " + path + ": is it a file?"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

result<void> write_small_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out)
    return error{errc::store_failed, "cannot write " + path};
  return {};
}

} // namespace gridtwin
