#include "src/ingest/source_list.hpp"

#include "config/printable_text.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <system_error>

namespace gridtwin {

namespace fs = std::filesystem;

namespace {

/// Folders below a folder that are entered.
constexpr int depth_limit = 64;

error unreadable(const fs::path& path, std::string_view what) {
  return {errc::unreadable_input, in_quotes(path.string(), 300) + " " + std::string(what)};
}

bool ends_in(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() && std::equal(end.rbegin(), end.rend(), text.rbegin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + ('a' - 'A')) : b);
         });
}

/// Collects what one given path holds.
class lister {
public:
  explicit lister(std::span<const std::string_view> endings) : endings_(endings) {}

  result<void> add(const fs::path& path) {
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (status.type() == fs::file_type::not_found)
      return unreadable(path, "does not exist; check the path");
    if (code)
      return unreadable(path, "cannot be opened (" + code.message() + "); check its permissions");
    if (status.type() == fs::file_type::regular)
      return add_file(path, path.filename().string());
    if (status.type() != fs::file_type::directory)
      return unreadable(path, "is neither a file nor a folder; name a file of readings");
    const std::size_t before = found_;
    if (auto walked = walk(path, path, 0); !walked)
      return walked;
    if (found_ == before)
      return unreadable(path, "holds no " + name_endings(endings_) + " file; name the folder with the readings");
    return {};
  }

  source_list take() { return std::move(list_); }

private:
  bool is_taken(std::string_view name) const noexcept {
    return std::any_of(endings_.begin(), endings_.end(), [name](std::string_view end) { return ends_in(name, end); });
  }

  result<void> add_file(const fs::path& path, std::string name) {
    ++found_;
    if (!seen_.insert(path.lexically_normal().string()).second)
      return {};
    std::error_code code;
    const std::uintmax_t bytes = fs::file_size(path, code);
    if (code)
      return unreadable(path, "cannot be read (" + code.message() + "); check its permissions");
    if (bytes == 0)
      return unreadable(path, "is empty (0 bytes); take it away, or fetch it again");
    list_.sources.push_back({path, std::move(name), bytes});
    return {};
  }

  result<void> walk(const fs::path& root, const fs::path& folder, int depth) {
    if (depth > depth_limit)
      return unreadable(folder, "lies too deep; name a folder further down");
    std::error_code code;
    std::vector<fs::path> entries;
    fs::directory_iterator at(folder, code);
    for (; !code && at != fs::directory_iterator(); at.increment(code))
      entries.push_back(at->path());
    if (code)
      return unreadable(folder, "cannot be listed (" + code.message() + "); check its permissions");
    std::sort(entries.begin(), entries.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
    for (const fs::path& entry : entries) {
      const std::string name = entry.filename().string();
      if (name.empty() || name.front() == '.')
        continue;
      const fs::file_type type = fs::status(entry, code).type();
      const std::string relative = entry.lexically_relative(root).string();
      result<void> done;
      // A link to a folder may lead back to where it stands: only links to files are followed.
      if (type == fs::file_type::directory && !fs::is_symlink(fs::symlink_status(entry, code)))
        done = walk(root, entry, depth + 1);
      else if (type == fs::file_type::regular && is_taken(name))
        done = add_file(entry, relative);
      else
        list_.passed_over.push_back(relative);
      if (!done)
        return done;
    }
    return {};
  }

  std::span<const std::string_view> endings_;
  source_list list_;
  std::set<std::string> seen_;
  std::size_t found_ = 0;
};

} // namespace

std::string name_endings(std::span<const std::string_view> endings) {
  std::string out;
  for (std::size_t i = 0; i < endings.size(); ++i)
    out += (i == 0 ? "*" : i + 1 < endings.size() ? ", *" : " or *") + std::string(endings[i]);
  return out;
}

result<source_list> list_sources(const std::vector<fs::path>& paths, std::span<const std::string_view> endings) {
  if (paths.empty())
    return error{errc::usage, "no readings named; give files or folders, as --reads PATH"};
  lister all(endings);
  for (const fs::path& path : paths)
    if (auto added = all.add(path); !added)
      return added.failure();
  return all.take();
}

} // namespace gridtwin
