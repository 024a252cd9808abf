#include "src/security/file_stamps.hpp"

#include <sys/stat.h>

#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t nanoseconds_of(const struct timespec& at) noexcept {
  return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

} // namespace

file_stamp stamp_of_file(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0)
    return {};
  return {
    true, found.st_dev, found.st_ino, found.st_size, nanoseconds_of(found.st_mtim), nanoseconds_of(found.st_ctim)};
}

file_stamps stamps_of(const std::vector<std::string>& paths, const stamp_function& stamp) {
  file_stamps out;
  for (const std::string& path : paths)
    out.emplace(path, stamp(path));
  return out;
}

void stamp_watch::was_read(file_stamps stamps) {
  read_ = std::move(stamps);
  unsettled_ = 0;
}

void stamp_watch::was_read_too(file_stamps stamps) { read_.merge(stamps); }

bool stamp_watch::is_due(const file_stamps& now) {
  if (now == read_) {
    unsettled_ = 0;
    return false;
  }
  const bool settled = unsettled_ > 0 && now == seen_;
  seen_ = now;
  return ++unsettled_ >= most_unsettled_looks || settled;
}

} // namespace gridtwin
