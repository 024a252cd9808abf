#pragma once

#include "src/store/sql_text.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace gridtwin {

/// A prepared statement. Bind, step until done, reset; the caller owns the order. Bound texts must outlive the step.
class sqlite_statement {
public:
  explicit sqlite_statement(sqlite3_stmt* handle) noexcept : handle_(handle) {}

  sqlite_statement& bind(int place, std::int64_t value) noexcept;
  sqlite_statement& bind_optional(int place, std::optional<std::int64_t> value) noexcept;
  sqlite_statement& bind_blob(int place, std::string_view bytes) noexcept;
  sqlite_statement& bind_text(int place, std::string_view text) noexcept;

  /// True: a row is there. False: done, or failed; `failed()` tells.
  bool step() noexcept;
  bool failed() const noexcept { return failed_; }
  /// Steps to the end and resets; false if it failed.
  bool run() noexcept;
  void reset() noexcept;

  std::int64_t integer(int column) const noexcept;
  /// Nothing where the column is NULL.
  std::optional<std::int64_t> optional_integer(int column) const noexcept;
  /// Valid until the next step or reset.
  std::string_view bytes(int column) const noexcept;

private:
  struct closer {
    void operator()(sqlite3_stmt* s) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, closer> handle_;
  bool failed_ = false;
};

/// A connection to an SQLite file; used by one thread at a time.
class sqlite_database {
public:
  enum class mode { read, write, create };

  /// The file is not trusted: no views and no functions with effects in its schema, no other file beside it, no writing
  /// of the schema's own table.
  static result<sqlite_database> open(const std::filesystem::path& file, mode how);

  /// Runs statements that return nothing.
  result<void> execute(sql_text sql);
  result<sqlite_statement> prepare(sql_text sql);
  /// The number in the first column of the first row of what `sql` finds. Error: also where it finds nothing.
  result<std::int64_t> number(sql_text sql);
  /// Runs `work`, which gives a `result<void>`, as one transaction that writes. Where it fails, or the commit does,
  /// nothing of it stays. Error: what failed first.
  template <class Work>
  result<void> in_transaction(const Work& work) {
    if (auto begun = execute("BEGIN IMMEDIATE"); !begun)
      return begun;
    result<void> done = work();
    if (done)
      done = execute("COMMIT");
    if (!done)
      (void)execute("ROLLBACK"); // what failed first is what the user must hear
    return done;
  }
  std::int64_t changes() const noexcept;
  std::int64_t last_id() const noexcept;
  /// Pages that the write-ahead log held after this connection's last commit.
  int log_pages() const noexcept { return *log_pages_; }
  /// What went wrong last, for a person.
  error failure(std::string_view doing) const;

private:
  struct closer {
    void operator()(sqlite3* d) const noexcept;
  };
  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0); ///< where the connection keeps it: it stays in place
  std::unique_ptr<sqlite3, closer> handle_;
  std::string file_;
};

} // namespace gridtwin
