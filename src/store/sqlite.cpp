#include "src/store/sqlite.hpp"

#include <sqlite3.h>

#include <array>
#include <utility>

namespace gridtwin {

namespace {

constexpr int wait_for_reader_ms = 10'000;

/// A file may have been made by somebody else: its schema calls no function that does more than compute, and nothing
/// that is said here changes how a file is laid out, reaches another file or loads code.
bool distrust(sqlite3* database) noexcept {
  constexpr std::array<std::pair<int, int>, 4> settings{{{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                                         {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                                         {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                                         {SQLITE_DBCONFIG_ENABLE_VIEW, 0}}};
  for (const auto& [setting, value] : settings)
    if (sqlite3_db_config(database, setting, value, nullptr) != SQLITE_OK)
      return false;
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  return true;
}

} // namespace

void sqlite_statement::closer::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }

void sqlite_database::closer::operator()(sqlite3* d) const noexcept { sqlite3_close_v2(d); }

sqlite_statement& sqlite_statement::bind(int place, std::int64_t value) noexcept {
  sqlite3_bind_int64(handle_.get(), place, value);
  return *this;
}

sqlite_statement& sqlite_statement::bind_optional(int place, std::optional<std::int64_t> value) noexcept {
  if (value)
    return bind(place, *value);
  sqlite3_bind_null(handle_.get(), place);
  return *this;
}

sqlite_statement& sqlite_statement::bind_blob(int place, std::string_view bytes) noexcept {
  // A null pointer would bind NULL; an empty blob is not that.
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  sqlite3_bind_blob64(handle_.get(), place, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

sqlite_statement& sqlite_statement::bind_text(int place, std::string_view text) noexcept {
  const char* data = text.data() != nullptr ? text.data() : "";
  sqlite3_bind_text64(handle_.get(), place, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

bool sqlite_statement::step() noexcept {
  const int status = sqlite3_step(handle_.get());
  failed_ = status != SQLITE_ROW && status != SQLITE_DONE;
  return status == SQLITE_ROW;
}

bool sqlite_statement::run() noexcept {
  while (step()) {
  }
  const bool good = !failed_;
  reset();
  return good;
}

void sqlite_statement::reset() noexcept { sqlite3_reset(handle_.get()); }

std::optional<std::int64_t> sqlite_statement::optional_integer(int column) const noexcept {
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL)
    return std::nullopt;
  return integer(column);
}

std::int64_t sqlite_statement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view sqlite_statement::bytes(int column) const noexcept {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

result<sqlite_database> sqlite_database::open(const std::filesystem::path& file, mode how) {
  sqlite_database db;
  db.file_ = file.string();
  int flags = SQLITE_OPEN_NOMUTEX;
  flags |= how == mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  flags |= how == mode::create ? SQLITE_OPEN_CREATE : 0;
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(db.file_.c_str(), &raw, flags, nullptr);
  db.handle_.reset(raw);
  if (status != SQLITE_OK)
    return db.failure("cannot open");
  if (!distrust(raw))
    return db.failure("cannot open");
  sqlite3_busy_timeout(raw, wait_for_reader_ms);
  sqlite3_wal_hook(
    raw,
    [](void* pages, sqlite3*, const char*, int count) {
      *static_cast<int*>(pages) = count;
      return SQLITE_OK;
    },
    db.log_pages_.get());
  return db;
}

result<void> sqlite_database::execute(sql_text sql) {
  if (sqlite3_exec(handle_.get(), std::string(sql.text()).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure("cannot write");
  return {};
}

result<sqlite_statement> sqlite_database::prepare(sql_text sql) {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(handle_.get(), sql.text().data(), static_cast<int>(sql.text().size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (status != SQLITE_OK)
    return failure("cannot read");
  return sqlite_statement(raw);
}

result<std::int64_t> sqlite_database::number(sql_text sql) {
  auto statement = prepare(sql);
  if (!statement)
    return statement.failure();
  if (!statement->step())
    return failure("cannot read");
  return statement->integer(0);
}

std::int64_t sqlite_database::changes() const noexcept { return sqlite3_changes64(handle_.get()); }

std::int64_t sqlite_database::last_id() const noexcept { return sqlite3_last_insert_rowid(handle_.get()); }

error sqlite_database::failure(std::string_view doing) const {
  std::string text(doing);
  text += " the store " + file_ + ": " + (handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory");
  const int code = handle_ ? sqlite3_errcode(handle_.get()) : SQLITE_NOMEM;
  if (code == SQLITE_FULL)
    text += " (free some space and run the same command again; nothing that was acknowledged is lost)";
  const bool foreign =
    code == SQLITE_NOTADB || code == SQLITE_CANTOPEN || code == SQLITE_PERM || code == SQLITE_READONLY;
  return {foreign ? errc::store_unusable : errc::store_failed, text};
}

} // namespace gridtwin
