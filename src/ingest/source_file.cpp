#include "src/ingest/source_file.hpp"

#include "config/printable_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace gridtwin {

char* read_buffer::reserve(std::size_t bytes) {
  if (bytes > size_) {
    const std::size_t wider = std::bit_ceil(bytes);
    auto fresh = std::make_unique_for_overwrite<char[]>(wider);
    if (size_ != 0)
      std::memcpy(fresh.get(), bytes_.get(), size_);
    bytes_ = std::move(fresh);
    size_ = wider;
  }
  return bytes_.get();
}

result<std::shared_ptr<const source_file>> source_file::open(const std::filesystem::path& path, bool may_be_link) {
  // A pipe would be waited for, if it were opened to wait.
  const int how = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (may_be_link ? 0 : O_NOFOLLOW);
  const std::shared_ptr<source_file> out(new source_file(path, ::open(path.c_str(), how)));
  if (out->descriptor_ < 0)
    return out->system_failure("cannot be opened");
  struct stat status {};
  if (::fstat(out->descriptor_, &status) != 0)
    return out->system_failure("cannot be read");
  if (!S_ISREG(status.st_mode))
    return out->unreadable("is no regular file; give a file of readings or a folder of them");
  out->size_ = static_cast<std::uint64_t>(status.st_size);
  ::posix_fadvise(out->descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL); // advice: failing does no harm
  return std::shared_ptr<const source_file>(out);
}

source_file::~source_file() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

result<std::size_t> source_file::read(std::uint64_t at, char* into, std::size_t bytes) const {
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t more = ::pread(descriptor_, into + got, bytes - got, static_cast<off_t>(at + got));
    if (more < 0 && errno == EINTR)
      continue;
    if (more < 0)
      return system_failure("cannot be read");
    if (more == 0)
      break;
    got += static_cast<std::size_t>(more);
  }
  return got;
}

void source_file::expect(std::uint64_t at, std::uint64_t bytes) const noexcept {
  ::posix_fadvise(descriptor_, static_cast<off_t>(at), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

error source_file::unreadable(std::string_view what) const {
  return {errc::unreadable_input, in_quotes(path_.string(), 300) + " " + std::string(what)};
}

error source_file::system_failure(std::string_view what) const {
  return unreadable(std::string(what) + " (" + std::system_category().message(errno)
                    + "); check its permissions and the disk");
}

} // namespace gridtwin
