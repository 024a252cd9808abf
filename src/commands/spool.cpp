#include "src/commands/spool.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace gridtwin {

namespace {

error failure() {
  return {errc::store_failed, std::string("the temporary file that sorts the export failed: ") + std::strerror(errno)
                                + " (TMPDIR says where it is; --transformer exports one part at a time)"};
}

} // namespace

result<void> spool::spill() {
  if (!file_) {
    const char* const folder = std::getenv("TMPDIR");
    std::string name = std::string(folder != nullptr ? folder : "/tmp") + "/gridtwin-export-XXXXXX";
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0)
      return failure();
    ::unlink(name.c_str());
    file_.reset(::fdopen(descriptor, "w+b"));
  }
  if (std::fseek(file_.get(), 0, SEEK_END) != 0
      || std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size())
    return failure();
  spilled_ += memory_.size();
  memory_.clear();
  return {};
}

result<void> spool::append(std::string_view bytes) {
  memory_ += bytes;
  return memory_.size() < memory_limit ? result<void>() : spill();
}

result<void> spool::read(std::uint64_t offset, std::size_t size, std::string& out) {
  if (offset >= spilled_) {
    out.assign(memory_, static_cast<std::size_t>(offset - spilled_), size);
    return {};
  }
  out.resize(size);
  if (std::fseek(file_.get(), static_cast<long>(offset), SEEK_SET) != 0
      || std::fread(out.data(), 1, size, file_.get()) != size)
    return failure();
  return {};
}

} // namespace gridtwin
