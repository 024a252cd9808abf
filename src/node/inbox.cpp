#include "src/node/inbox.hpp"

#include "src/process/small_file.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace gridtwin {

namespace {

namespace fs = std::filesystem;

/// Of the file beside one that could not be read.
constexpr std::string_view reason_ending = ".why";

/// Its plain files, in order of name. A link is none: it could lead anywhere.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (auto at = fs::directory_iterator(folder, failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    std::error_code unknown;
    if (at->symlink_status(unknown).type() == fs::file_type::regular
        && !at->path().filename().string().starts_with('.'))
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

/// What a file is called once it is taken. Names end at 255 bytes, and the reason may stand behind it: of one that is
/// longer the beginning is left out.
std::string taken_name(std::int64_t at_s, int number, const std::string& name) {
  constexpr std::size_t longest = 255 - reason_ending.size();
  const std::string before = std::to_string(at_s) + (number == 0 ? "" : "." + std::to_string(number)) + "-";
  const std::size_t most = longest - before.size();
  return before + (name.size() > most ? name.substr(name.size() - most) : name);
}

} // namespace

result<inbox> inbox::open(fs::path folder) {
  for (const char* const part : {"", "reading", "done", "failed"}) {
    std::error_code failed;
    fs::create_directories(folder / part, failed);
    if (failed)
      return error{errc::unreadable_input,
                   "cannot make the folder " + (folder / part).string() + ": " + failed.message()};
    if (*part != '\0' && fs::is_symlink(folder / part, failed))
      return error{errc::unreadable_input, (folder / part).string() + " is a link: it must be a folder of the inbox"};
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
      taken = taken_name(at_s, n, file.filename().string());
    if (auto moved = move_file(file, folder_ / "reading" / taken); !moved)
      return moved.failure();
  }
  return files_of(folder_ / "reading");
}

result<void> inbox::put_away(const fs::path& file, const std::string& why) {
  const fs::path to = folder_ / (why.empty() ? "done" : "failed") / file.filename();
  if (auto moved = move_file(file, to); !moved)
    return moved;
  return why.empty() ? result<void>() : write_small_file(to.string() + std::string(reason_ending), why + "\n");
}

} // namespace gridtwin
