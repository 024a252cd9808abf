#include "src/store/store_figures.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>

namespace gridtwin {

namespace {

constexpr const char* figures_sql =
  "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM transformers), "
  "(SELECT min(day) FROM fragments), (SELECT max(day) FROM fragments), "
  "(SELECT max(known) FROM runs), "
  "(SELECT count(*) FROM days WHERE summarised = 0), (SELECT count(*) FROM dead_letters WHERE state = 'waiting'), "
  "(SELECT count(*) FROM parked_twins), (SELECT count(*) FROM audit)";

std::optional<utc_day> day_at(const sqlite_statement& row, int column) {
  const auto number = row.optional_integer(column);
  return number ? std::optional(utc_day{static_cast<std::int32_t>(*number)}) : std::nullopt;
}

result<void> read_ends(sqlite_database& database, store_figures& out) {
  auto last = database.prepare("SELECT max(id) FROM journal WHERE id >= ?1 AND id < ?2");
  if (!last)
    return last.failure();
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    last->bind(1, record_id::of(shard, 0).value).bind(2, record_id::of(shard + 1, 0).value);
    if (last->step())
      if (const auto id = last->optional_integer(0))
        out.ends[shard] = record_id{*id}.offset();
    if (last->failed())
      return database.failure("cannot read");
    last->reset();
  }
  return {};
}

} // namespace

std::uint64_t store_figures::records() const noexcept {
  std::uint64_t out = 0;
  for (const std::int64_t end : ends)
    out += static_cast<std::uint64_t>(end);
  return out;
}

result<store_figures> read_figures(sqlite_database& database) {
  if (auto begun = database.execute("BEGIN"); !begun)
    return begun.failure();
  store_figures out;
  const auto read = [&]() -> result<void> {
    auto row = database.prepare(figures_sql);
    if (!row)
      return row.failure();
    if (!row->step())
      return database.failure("cannot read");
    const auto count = [&](int column) { return static_cast<std::uint64_t>(row->integer(column)); };
    out.runs = count(0);
    out.transformers = count(1);
    out.first_day = day_at(*row, 2);
    out.last_day = day_at(*row, 3);
    out.last_received_s = row->optional_integer(4);
    out.days_to_summarise = count(5);
    out.letters_waiting = count(6);
    out.twins_parked = count(7);
    out.acts = count(8);
    return read_ends(database, out);
  };
  const auto done = read();
  (void)database.execute("COMMIT"); // nothing was written
  if (!done)
    return done.failure();
  return out;
}

store_sizes sizes_of(const std::filesystem::path& folder) {
  store_sizes out;
  std::error_code skipped;
  for (const auto& entry : std::filesystem::directory_iterator(folder, skipped)) {
    if (!entry.is_regular_file(skipped))
      continue;
    const std::uint64_t size = entry.file_size(skipped);
    if (skipped)
      continue; // gone meanwhile
    const std::string name = entry.path().filename().string();
    (name == "gridtwin.db" ? out.database : name == "gridtwin.db-wal" ? out.log : out.others) += size;
  }
  return out;
}

std::optional<store_writer_process> find_writer(const std::filesystem::path& folder) {
  if (is_surely_unwritten(folder))
    return std::nullopt;
  struct ::stat file {};
  if (::stat((folder / "lock").c_str(), &file) != 0)
    return store_writer_process{};
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    // 12: FLOCK  ADVISORY  WRITE 4711 fe:01:131074 0 EOF; device in hexadecimal (proc(5))
    long long pid = 0;
    unsigned major_device = 0;
    unsigned minor_device = 0;
    unsigned long long inode = 0;
    if (std::sscanf(line.c_str(), "%*d: FLOCK %*s WRITE %lld %x:%x:%llu", &pid, &major_device, &minor_device, &inode)
          == 4
        && inode == file.st_ino && major_device == major(file.st_dev) && minor_device == minor(file.st_dev))
      return store_writer_process{pid > 0 ? pid : 0};
  }
  return store_writer_process{};
}

bool is_surely_unwritten(const std::filesystem::path& folder) {
  const int file = ::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return errno == ENOENT;
  // `/proc/locks` leaves out those of processes that are not seen from here; this does not.
  struct ::flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const bool unlocked = ::fcntl(file, F_OFD_GETLK, &whole) == 0 && whole.l_type == F_UNLCK;
  ::close(file);
  return unlocked;
}

} // namespace gridtwin
