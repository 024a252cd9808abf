#include "src/node/inbox.hpp"

#include "src/process/small_file.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace gridtwin {

namespace {

namespace fs = std::filesystem;

/// Its plain files, in order of name.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (auto at = fs::directory_iterator(folder, failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    std::error_code unknown;
    if (at->is_regular_file(unknown) && !at->path().filename().string().starts_with('.'))
      out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

result<void> move_file(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::rename(from, to, failed);
  if (failed)
    return error{errc::unreadable_input,
                 "cannot move " + from.string() + " to " + to.string() + ": " + failed.message()};
  return {};
}

} // namespace

result<inbox> inbox::open(fs::path folder) {
  for (const char* const part : {"", "reading", "done", "failed"}) {
    std::error_code failed;
    fs::create_directories(folder / part, failed);
    if (failed)
      return error{errc::unreadable_input,
                   "cannot make the folder " + (folder / part).string() + ": " + failed.message()};
  }
  return inbox(std::move(folder));
}

bool inbox::is_known(const std::string& name) const {
  std::error_code unknown;
  return fs::exists(folder_ / "reading" / name, unknown) || fs::exists(folder_ / "done" / name, unknown)
         || fs::exists(folder_ / "failed" / name, unknown);
}

bool inbox::waiting() const { return !files_of(folder_).empty(); }

result<std::vector<fs::path>> inbox::take(std::int64_t at_s) {
  for (const fs::path& file : files_of(folder_)) {
    // One of that name may have come and been read within the second.
    std::string taken;
    for (int n = 0; taken.empty() || is_known(taken); ++n)
      taken = std::to_string(at_s) + (n == 0 ? "" : "." + std::to_string(n)) + "-" + file.filename().string();
    if (auto moved = move_file(file, folder_ / "reading" / taken); !moved)
      return moved.failure();
  }
  return files_of(folder_ / "reading");
}

result<void> inbox::put_away(const fs::path& file, const std::string& why) {
  const fs::path to = folder_ / (why.empty() ? "done" : "failed") / file.filename();
  if (auto moved = move_file(file, to); !moved)
    return moved;
  return why.empty() ? result<void>() : write_small_file(to.string() + ".why", why + "\n");
}

} // namespace gridtwin
