#include "src/client/outbox_files.hpp"

#include "twins/hash.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t check_bytes = 8;
constexpr std::size_t header_bytes = length_bytes + check_bytes;
constexpr mode_t file_mode = 0600; // readings are personal data

std::string header_of(std::string_view payload) {
  std::string out;
  for (std::size_t i = 0; i < length_bytes; ++i)
    out.push_back(static_cast<char>(payload.size() >> (8 * i) & 0xFF));
  const digest hash = sha256(payload);
  out.append(reinterpret_cast<const char*>(hash.data()), check_bytes);
  return out;
}

/// The payload of the record that begins there, if it is whole.
bool whole_record(std::string_view bytes, std::string_view& payload) {
  if (bytes.size() < header_bytes)
    return false;
  std::size_t size = 0;
  for (std::size_t i = length_bytes; i-- > 0;)
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  if (size == 0 || size > record_bytes_limit || size > bytes.size() - header_bytes)
    return false;
  payload = bytes.substr(header_bytes, size);
  return header_of(payload) == bytes.substr(0, header_bytes);
}

bool holds_record(std::string_view bytes) {
  std::string_view ignored;
  for (; bytes.size() >= header_bytes; bytes.remove_prefix(1))
    if (whole_record(bytes, ignored))
      return true;
  return false;
}

bool write_all(int descriptor, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    at += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool read_all(int descriptor, char* into, std::size_t size, std::uint64_t at) {
  while (size > 0) {
    const ssize_t n = ::pread(descriptor, into, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    into += n;
    at += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool sync_folder(const std::filesystem::path& folder) {
  const file_descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() >= 0 && ::fsync(opened.get()) == 0;
}

error failure_at(errc code, const std::filesystem::path& path, std::string_view what) {
  return {code, path.string() + ": " + std::string(what) + ": " + std::strerror(errno)};
}

} // namespace

file_descriptor::~file_descriptor() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

result<outbox_lock> lock_outbox(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return error{errc::store_unusable, folder.string() + " cannot be made: " + failed.message()};
  const std::filesystem::path path = folder / "lock";
  file_descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (file.get() < 0)
    return failure_at(errc::store_unusable, path, "cannot be opened");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return error{errc::store_unusable, folder.string() + " is in use by another process: wait for it, or name another"};
  return outbox_lock{std::move(file)};
}

result<record_file> record_file::open(const std::filesystem::path& path,
                                      const std::function<bool(std::string_view, record_place)>& told) {
  const bool fresh = !std::filesystem::exists(path);
  record_file out(path, file_descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode)));
  if (out.file_.get() < 0)
    return failure_at(errc::store_unusable, path, "cannot be opened");
  if (fresh && !sync_folder(path.parent_path()))
    return failure_at(errc::store_unusable, path, "its folder cannot be synced");
  const off_t end = ::lseek(out.file_.get(), 0, SEEK_END);
  if (end < 0)
    return failure_at(errc::store_unusable, path, "cannot be read");
  const auto size = static_cast<std::uint64_t>(end);
  std::string window;
  while (out.size_ < size) {
    // A record is read with all that may belong to it: twice the longest at a time, so that each byte is read twice.
    window.resize(
      static_cast<std::size_t>(std::min<std::uint64_t>(size - out.size_, 2 * (record_bytes_limit + header_bytes))));
    if (!read_all(out.file_.get(), window.data(), window.size(), out.size_))
      return failure_at(errc::store_unusable, path, "cannot be read");
    std::string_view rest = window;
    std::string_view payload;
    const std::uint64_t begin = out.size_;
    while (rest.size() >= header_bytes
           && (begin + window.size() == size || rest.size() > record_bytes_limit + header_bytes)
           && whole_record(rest, payload)) {
      const record_place place{out.size_ + header_bytes, static_cast<std::uint32_t>(payload.size())};
      if (!told(payload, place))
        return error{errc::store_unusable, path.string() + " is not of this program or this version"};
      out.size_ += header_bytes + payload.size();
      rest.remove_prefix(header_bytes + payload.size());
    }
    const bool last = begin + window.size() == size;
    if (out.size_ == begin || (last && !rest.empty())) {
      // Only the last record may not be whole: it was not durable yet.
      if (!last || holds_record(rest.substr(std::min<std::size_t>(1, rest.size()))))
        return error{errc::store_unusable, path.string() + " is damaged at byte " + std::to_string(out.size_)
                                             + ": keep a copy of it, and send its readings from their files again"};
      break;
    }
  }
  if (out.size_ < size && (::ftruncate(out.file_.get(), static_cast<off_t>(out.size_)) != 0 || !out.sync()))
    return failure_at(errc::store_unusable, path, "cannot be mended");
  return out;
}

error record_file::failure(std::string_view what) const { return failure_at(errc::store_failed, path_, what); }

result<record_place> record_file::append(std::string_view payload) {
  std::string record = header_of(payload);
  record += payload;
  if (!write_all(file_.get(), record, size_))
    return failure("cannot be written");
  const record_place place{size_ + header_bytes, static_cast<std::uint32_t>(payload.size())};
  size_ += record.size();
  return place;
}

result<void> record_file::sync() {
  // A sync that failed is never tried again: what it did not write may be gone.
  return ::fdatasync(file_.get()) == 0 ? result<void>() : failure("cannot be synced");
}

result<void> record_file::clear() {
  if (::ftruncate(file_.get(), 0) != 0 || ::fsync(file_.get()) != 0)
    return failure("cannot be emptied");
  size_ = 0;
  return {};
}

result<std::string> record_file::read(record_place place) const {
  std::string record(header_bytes + place.size, '\0');
  std::string_view payload;
  if (!read_all(file_.get(), record.data(), record.size(), place.offset - header_bytes))
    return failure("cannot be read");
  if (!whole_record(record, payload))
    return error{errc::store_failed, path_.string() + " has changed at byte " + std::to_string(place.offset)};
  record.erase(0, header_bytes);
  return record;
}

result<void> write_record_file(const std::filesystem::path& path, std::string_view payload) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  const file_descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (file.get() < 0 || !write_all(file.get(), header_of(payload), 0) || !write_all(file.get(), payload, header_bytes)
      || ::fsync(file.get()) != 0)
    return failure_at(errc::store_failed, fresh, "cannot be written");
  if (std::rename(fresh.c_str(), path.c_str()) != 0 || !sync_folder(path.parent_path()))
    return failure_at(errc::store_failed, path, "cannot be replaced");
  return {};
}

void put_number(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i)
    out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::uint64_t take_number(std::string_view& bytes, bool& good) {
  if (bytes.size() < 8) {
    good = false;
    return 0;
  }
  std::uint64_t out = 0;
  for (std::size_t i = 8; i-- > 0;)
    out = out << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(8);
  return out;
}

} // namespace gridtwin
