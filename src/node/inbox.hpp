#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// A watched folder. A file that is moved into it is taken into its folder `reading`, with the second at which it was
/// taken before its name, and put into `done` or `failed` when it has been read. So a name is a source once, and what a
/// crash left in `reading` is read again under the name that it had. Names that begin with a dot are passed over, and
/// so is what is no plain file, a link above all.
class inbox {
public:
  /// Makes the folders where they are missing.
  static result<inbox> open(std::filesystem::path folder);

  /// Whether a file waits. A folder that cannot be read has none.
  bool waiting() const;
  /// Takes what waits, and what a crash left; `at_s`: now. In order of name. Error: a file cannot be moved.
  result<std::vector<std::filesystem::path>> take(std::int64_t at_s);
  /// Puts a file away that `take` gave. `why`: it could not be read; told in a file beside it.
  result<void> put_away(const std::filesystem::path& file, const std::string& why);

private:
  explicit inbox(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool is_known(const std::string& name) const;

  std::filesystem::path folder_;
};

} // namespace gridtwin
