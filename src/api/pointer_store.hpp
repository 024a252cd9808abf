#pragma once

#include "src/store/sqlite.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// How far a reader has come in a topic, kept for it under a name of its own.
struct kept_pointer {
  std::string name;
  std::string topic;
  std::string position; ///< as `event_position.hpp` writes it
  bool operator==(const kept_pointer&) const = default;
};

struct owned_pointer {
  std::string owner;
  kept_pointer pointer;
};
/// Of all owners, by owner and name, for who operates the node; none where nothing was ever kept. Only reads.
result<std::vector<owned_pointer>> all_pointers(const std::filesystem::path& folder);

/// Pointers of readers, durable: one that was kept is on the disk before anybody is told. They are not the store's,
/// which has one writer: they stand in `pointers.db` beside it. Pointers belong to identities (URIs); nobody sees
/// another's. From any thread.
class pointer_store {
public:
  /// Makes the file where it is missing. Error: store_unusable or store_failed.
  static result<std::unique_ptr<pointer_store>> open(const std::filesystem::path& folder);

  enum class outcome : std::uint8_t { kept, moved_meanwhile, too_many };
  /// Keeps a pointer if it stands where its owner believes; `earlier`: there, nothing: it is not there yet. Of two who
  /// move one pointer, one learns that the other did. Kept again as it is, it is kept: the first answer may have been
  /// lost.
  result<outcome> keep(const std::string& owner, const kept_pointer& pointer,
                       const std::optional<std::string>& earlier);
  result<std::optional<kept_pointer>> find(const std::string& owner, const std::string& name);
  /// In order of their names.
  result<std::vector<kept_pointer>> list(const std::string& owner);
  /// False: there is none.
  result<bool> remove(const std::string& owner, const std::string& name);

private:
  explicit pointer_store(sqlite_database database) : database_(std::move(database)) {}

  result<std::vector<kept_pointer>> read(const std::string& owner, const std::optional<std::string>& name);

  std::mutex mutex_;
  sqlite_database database_;
};

} // namespace gridtwin
