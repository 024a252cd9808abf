#include "src/store/store_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t application_id = 0x47545731; // "GTW1": what the file says of itself
constexpr std::int64_t schema_version = 5;
constexpr std::int64_t oldest_version = 4; // that a writer brings up to date

// A store is made in the oldest format and brought up to date, so that one that is new and one that was are the same.
// `known`: seconds since the epoch at which readings became known; NULL: each at the end of its period.
// Days and transformers are keyed by number: `day << 32 | transformer` keeps a day's rows together, so that readings in
// order of time touch few pages.
constexpr const char* schema = R"(
PRAGMA synchronous = OFF;
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1196709681;
PRAGMA user_version = 4;
BEGIN;
CREATE TABLE journal(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, hash BLOB NOT NULL, chain BLOB NOT NULL,
                     body BLOB NOT NULL);
CREATE TABLE estates(version INTEGER PRIMARY KEY, hash BLOB NOT NULL);
CREATE TABLE estate_files(estate INTEGER NOT NULL, name TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(estate, name));
CREATE TABLE estate_texts(hash BLOB PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE transformers(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, slots BLOB NOT NULL);
CREATE TABLE sources(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE runs(number INTEGER PRIMARY KEY, options TEXT NOT NULL, known INTEGER);
CREATE TABLE fragments(id INTEGER PRIMARY KEY, day INTEGER NOT NULL, transformer INTEGER NOT NULL, run INTEGER NOT NULL,
                       known INTEGER, records BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX fragments_by_day ON fragments(day, transformer);
CREATE TABLE days(key INTEGER PRIMARY KEY, summarised INTEGER NOT NULL, contradicted INTEGER NOT NULL,
                  loads BLOB NOT NULL);
CREATE INDEX days_to_summarise ON days(key) WHERE summarised = 0;
CREATE TABLE summaries(key INTEGER PRIMARY KEY, nodes BLOB NOT NULL, masks BLOB NOT NULL);
CREATE TABLE shape_parts(key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE load_shapes(id INTEGER PRIMARY KEY, version BLOB NOT NULL, known_at INTEGER, part INTEGER NOT NULL,
                         record INTEGER NOT NULL);
CREATE TABLE settlement_runs(number INTEGER PRIMARY KEY, date INTEGER NOT NULL, run TEXT NOT NULL,
                             known_at INTEGER NOT NULL, inputs BLOB NOT NULL, outputs BLOB NOT NULL,
                             shapes BLOB NOT NULL, estimates BLOB NOT NULL);
CREATE INDEX settlement_runs_of_date ON settlement_runs(date, known_at);
CREATE TABLE gap_counts(transformer INTEGER PRIMARY KEY, gaps INTEGER NOT NULL, periods INTEGER NOT NULL);
CREATE TABLE rejects(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, line INTEGER NOT NULL, item INTEGER NOT NULL,
                     identity INTEGER NOT NULL, code TEXT NOT NULL, meter TEXT NOT NULL, quantity TEXT NOT NULL,
                     period_end TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL, known INTEGER,
                     UNIQUE(source, line, item, identity));
COMMIT;
)";

// From format 4 to 5: tables of supervision. `period`: as `gridtwin::period` counts them; `reasons`: the estimation
// reason, and the amendment reason times 256.
constexpr const char* supervision_schema = R"(
BEGIN IMMEDIATE;
CREATE TABLE dead_letters(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, line INTEGER NOT NULL, item INTEGER NOT NULL,
                          identity INTEGER NOT NULL, transformer INTEGER NOT NULL, slot INTEGER NOT NULL,
                          mpan TEXT NOT NULL, quantity TEXT NOT NULL, period INTEGER NOT NULL, version INTEGER NOT NULL,
                          wh INTEGER NOT NULL, quality INTEGER NOT NULL, reasons INTEGER NOT NULL, cause TEXT NOT NULL,
                          attempts INTEGER NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL, run INTEGER NOT NULL,
                          known INTEGER, state TEXT NOT NULL, UNIQUE(source, line, item, identity));
CREATE TABLE parked_twins(transformer INTEGER NOT NULL, slot INTEGER NOT NULL, mpan INTEGER NOT NULL,
                          run INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY(transformer, slot));
CREATE TABLE twin_faults(transformer INTEGER NOT NULL, slot INTEGER NOT NULL, mpan INTEGER NOT NULL,
                         run INTEGER NOT NULL, restarts INTEGER NOT NULL, parked INTEGER NOT NULL, reason TEXT NOT NULL,
                         PRIMARY KEY(transformer, slot, run));
CREATE TABLE suspects(source TEXT NOT NULL, line INTEGER NOT NULL, item INTEGER NOT NULL, deaths INTEGER NOT NULL,
                      PRIMARY KEY(source, line, item));
CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL,
                   subject TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE run_counters(run INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY(run, name));
PRAGMA user_version = 5;
COMMIT;
)";

constexpr const char* writer_settings = R"(
PRAGMA synchronous = FULL;
PRAGMA cache_size = -8192;
)";

error unusable(std::string message) { return {errc::store_unusable, std::move(message)}; }

/// Makes this process the one that writes. Two locks of one file: of the first the system tells whoever asks whether it
/// is held, of the second (in `/proc/locks`) also by whom, but only those who can see him.
bool take(int lock_file) {
  struct ::flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(lock_file, F_OFD_SETLK, &whole) == 0 && ::flock(lock_file, LOCK_EX | LOCK_NB) == 0;
}

/// Syncs a file or a folder.
bool sync(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return false;
  const bool done = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return done;
}

/// Makes an empty store under another name and gives it its own when it is whole and on the disk: two syncs, where
/// SQLite would need nine.
result<void> make_store(const std::filesystem::path& file) {
  const std::filesystem::path unfinished = file.string() + ".new";
  std::error_code failed;
  for (const char* part : {"", "-wal", "-shm", "-journal"}) // of a process that died here
    std::filesystem::remove(unfinished.string() + part, failed);
  {
    auto database = sqlite_database::open(unfinished, sqlite_database::mode::create);
    if (!database)
      return database.failure();
    for (const sql_text part : std::initializer_list<sql_text>{schema, supervision_schema})
      if (auto made = database->execute(part); !made)
        return made.failure();
  }
  const bool synced = sync(unfinished);
  std::filesystem::rename(unfinished, file, failed);
  if (!synced || failed || !sync(file.parent_path()))
    return unusable("cannot make the store " + file.string() + ": " + std::strerror(errno));
  return {};
}

} // namespace

store_folder::~store_folder() {
  if (lock_ >= 0)
    ::close(lock_);
}

store_folder::store_folder(store_folder&& other) noexcept
  : folder_(std::move(other.folder_)), lock_(std::exchange(other.lock_, -1)), made_folder_(other.made_folder_),
    made_file_(other.made_file_) {}

store_folder& store_folder::operator=(store_folder&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(lock_, other.lock_);
  std::swap(made_folder_, other.made_folder_);
  std::swap(made_file_, other.made_file_);
  return *this;
}

void store_folder::take_back() && {
  std::error_code left; // what cannot be taken away does no harm
  if (made_file_)
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(file().string() + part, left);
  if (made_folder_) {
    std::filesystem::remove(folder_ / "lock", left);
    std::filesystem::remove(folder_, left);
  }
}

std::filesystem::path store_folder::file() const { return folder_ / "gridtwin.db"; }

result<std::int64_t> store_folder::format_of(sqlite_database& database) const {
  const auto id = database.number("PRAGMA application_id");
  if (!id)
    return unusable(file().string() + " is not a gridtwin store: name another folder with --store");
  const auto version = database.number("PRAGMA user_version");
  if (*id != application_id || !version)
    return unusable(file().string() + " is not a gridtwin store: name another folder with --store");
  if (*version < oldest_version || *version > schema_version)
    return unusable(file().string() + " was written by another version of gridtwin (format " + std::to_string(*version)
                    + ", this program reads " + std::to_string(schema_version) + ")");
  return *version;
}

result<void> store_folder::bring_up_to_date(sqlite_database& database) const {
  const auto format = format_of(database);
  if (!format)
    return format.failure();
  if (*format == schema_version)
    return {};
  auto done = database.execute(supervision_schema);
  if (!done)
    (void)database.execute("ROLLBACK"); // what failed first is what the user must hear
  return done;
}

result<store_folder> store_folder::for_writing(const std::filesystem::path& folder) {
  std::error_code failed;
  store_folder out(folder);
  out.made_folder_ = std::filesystem::create_directories(folder, failed);
  if (failed)
    return unusable("cannot make the store folder " + folder.string() + ": " + failed.message());
  out.lock_ = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (out.lock_ < 0)
    return unusable("cannot write in the store folder " + folder.string() + ": " + std::strerror(errno));
  if (!take(out.lock_))
    return unusable("the store " + folder.string()
                    + " is in use by another gridtwin: wait until it has ended, or stop it if it is a node");
  const bool fresh =
    !std::filesystem::exists(out.file(), failed) || std::filesystem::file_size(out.file(), failed) == 0;
  if (fresh)
    if (auto made = make_store(out.file()); !made)
      return made.failure();
  out.made_file_ = fresh;
  auto database = sqlite_database::open(out.file(), sqlite_database::mode::write);
  if (!database)
    return database.failure();
  if (auto current = out.bring_up_to_date(*database); !current)
    return current.failure();
  return out;
}

result<store_folder> store_folder::for_reading(const std::filesystem::path& folder) {
  store_folder out(folder);
  std::error_code failed;
  if (!std::filesystem::exists(out.file(), failed))
    return unusable("there is no store in " + folder.string() + ": make one with gridtwin replay --store "
                    + folder.string());
  auto database = sqlite_database::open(out.file(), sqlite_database::mode::read);
  if (!database)
    return database.failure();
  const auto format = out.format_of(*database);
  if (!format)
    return format.failure();
  if (*format != schema_version)
    return unusable(out.file().string() + " was written by an earlier gridtwin (format " + std::to_string(*format)
                    + ", this program reads " + std::to_string(schema_version)
                    + "): run gridtwin replay on it once, with files that it has had; nothing that it holds is lost");
  return out;
}

result<sqlite_database> store_folder::connect_reader() const {
  auto database = sqlite_database::open(file(), sqlite_database::mode::read);
  if (database)
    if (auto set = database->execute("PRAGMA cache_size = -4096"); !set)
      return set.failure();
  return database;
}

result<sqlite_database> store_folder::connect_writer() const {
  auto database = sqlite_database::open(file(), sqlite_database::mode::write);
  if (database)
    if (auto set = database->execute(writer_settings); !set)
      return set.failure();
  return database;
}

} // namespace gridtwin
