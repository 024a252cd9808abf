#include "src/api/pointer_store.hpp"

#include "src/api/api_bounds.hpp"

#include <system_error>

namespace gridtwin {

namespace {

constexpr const char* pointers_file = "pointers.db";
constexpr const char* pointer_tables = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS pointers(owner TEXT NOT NULL, name TEXT NOT NULL, topic TEXT NOT NULL,
                                    position TEXT NOT NULL, PRIMARY KEY(owner, name));
)";

} // namespace

result<std::vector<owned_pointer>> all_pointers(const std::filesystem::path& folder) {
  std::vector<owned_pointer> out;
  std::error_code unseen;
  if (!std::filesystem::exists(folder / pointers_file, unseen))
    return out;
  auto database = sqlite_database::open(folder / pointers_file, sqlite_database::mode::read);
  if (!database)
    return database.failure();
  auto rows = database->prepare("SELECT owner, name, topic, position FROM pointers ORDER BY owner, name");
  if (!rows)
    return rows.failure();
  const auto text = [&](int column) { return std::string(rows->bytes(column)); };
  while (rows->step())
    out.push_back({text(0), {text(1), text(2), text(3)}});
  if (rows->failed())
    return database->failure("cannot read");
  return out;
}

result<std::unique_ptr<pointer_store>> pointer_store::open(const std::filesystem::path& folder) {
  auto database = sqlite_database::open(folder / pointers_file, sqlite_database::mode::create);
  if (!database)
    return database.failure();
  if (auto made = database->execute(pointer_tables); !made)
    return made.failure();
  return std::unique_ptr<pointer_store>(new pointer_store(std::move(*database)));
}

result<std::vector<kept_pointer>> pointer_store::read(const std::string& owner,
                                                      const std::optional<std::string>& name) {
  // Without a name: all, for none is empty.
  auto rows =
    name
      ? database_.prepare("SELECT name, topic, position FROM pointers WHERE owner = ?1 AND name = ?2")
      : database_.prepare("SELECT name, topic, position FROM pointers WHERE owner = ?1 AND name <> ?2 ORDER BY name");
  if (!rows)
    return rows.failure();
  const std::string which = name.value_or("");
  rows->bind_text(1, owner).bind_text(2, which);
  std::vector<kept_pointer> out;
  while (rows->step())
    out.push_back({std::string(rows->bytes(0)), std::string(rows->bytes(1)), std::string(rows->bytes(2))});
  if (rows->failed())
    return database_.failure("cannot read");
  return out;
}

result<pointer_store::outcome> pointer_store::keep(const std::string& owner, const kept_pointer& pointer,
                                                   const std::optional<std::string>& earlier) {
  const std::lock_guard lock(mutex_);
  outcome out = outcome::kept;
  auto done = database_.in_transaction([&]() -> result<void> {
    const auto all = read(owner, std::nullopt);
    if (!all)
      return all.failure();
    const kept_pointer* there = nullptr;
    for (const kept_pointer& one : *all)
      if (one.name == pointer.name)
        there = &one;
    if (there != nullptr && *there == pointer)
      return {};
    const bool as_believed = there == nullptr ? !earlier : earlier == there->position && there->topic == pointer.topic;
    if (!as_believed) {
      out = outcome::moved_meanwhile;
      return {};
    }
    if (there == nullptr && all->size() >= api_bounds::pointers_of_identity) {
      out = outcome::too_many;
      return {};
    }
    auto put = database_.prepare("INSERT OR REPLACE INTO pointers VALUES(?1, ?2, ?3, ?4)");
    if (!put)
      return put.failure();
    put->bind_text(1, owner).bind_text(2, pointer.name).bind_text(3, pointer.topic).bind_text(4, pointer.position);
    return put->run() ? result<void>() : result<void>(database_.failure("cannot write"));
  });
  if (!done)
    return done.failure();
  return out;
}

result<std::optional<kept_pointer>> pointer_store::find(const std::string& owner, const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto found = read(owner, name);
  if (!found)
    return found.failure();
  return found->empty() ? std::optional<kept_pointer>() : std::optional(std::move(found->front()));
}

result<std::vector<kept_pointer>> pointer_store::list(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  return read(owner, std::nullopt);
}

result<bool> pointer_store::remove(const std::string& owner, const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto gone = database_.prepare("DELETE FROM pointers WHERE owner = ?1 AND name = ?2");
  if (!gone)
    return gone.failure();
  gone->bind_text(1, owner).bind_text(2, name);
  if (!gone->run())
    return database_.failure("cannot write");
  return database_.changes() > 0;
}

} // namespace gridtwin
