#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gridtwin {

/// What a file looks like from outside: who writes it, or puts another in its place, changes it.
struct file_stamp {
  bool there = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const file_stamp&) const = default;
};

using stamp_function = std::function<file_stamp(const std::string& path)>;
/// As the system has it.
file_stamp stamp_of_file(const std::string& path);

/// Of several files, by path.
using file_stamps = std::map<std::string, file_stamp>;
file_stamps stamps_of(const std::vector<std::string>& paths, const stamp_function& stamp);

/// Whether files are to be read again, for who looks at them every second or two. Files that still change are left
/// alone, for a while: several belong together, and are not put in place at once.
class stamp_watch {
public:
  /// Looks after which what still changes is read all the same.
  static constexpr int most_unsettled_looks = 3;

  /// What was read last: stamps from before it was.
  void was_read(file_stamps stamps);
  /// Files that were read beside them.
  void was_read_too(file_stamps stamps);
  /// True: what is there now differs from what was read, and is as it was a look ago, or has changed for too long.
  bool is_due(const file_stamps& now);

private:
  file_stamps read_;
  file_stamps seen_;
  int unsettled_ = 0; ///< looks that found another thing than what was read
};

} // namespace gridtwin
