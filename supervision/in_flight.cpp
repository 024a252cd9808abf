#include "supervision/in_flight.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace gridtwin {

namespace {

constexpr std::string_view magic = "gridtwin in flight 1\n";

/// The first stretch of the file.
struct alignas(64) marker_header {
  char magic[64];
  std::atomic<std::uint32_t> taken; ///< slots that threads have
};
static_assert(magic.size() <= sizeof(marker_header::magic));

struct marker_content {
  marker_header header;
  in_flight_slot slots[in_flight_marker_file::slots];
};

std::atomic<std::uint64_t> instances{0};

marker_content& content_of(void* mapped) noexcept { return *std::launder(static_cast<marker_content*>(mapped)); }

error unusable(const std::filesystem::path& file) {
  return {errno == ENOSPC ? errc::store_failed : errc::store_unusable,
          "cannot make " + file.string() + ": " + std::strerror(errno)};
}

class descriptor {
public:
  explicit descriptor(int number) noexcept : number_(number) {}
  ~descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  operator int() const noexcept { return number_; }

private:
  int number_;
};

/// Nothing where it cannot be mapped.
void* map(int file, int protection) noexcept {
  void* const at = ::mmap(nullptr, sizeof(marker_content), protection, MAP_SHARED, file, 0);
  return at == MAP_FAILED ? nullptr : at;
}

/// An empty marker, on the disk. It has all its blocks: who writes to mapped memory of a file with holes dies where the
/// disk has filled up since.
bool write_empty(int file, const std::filesystem::path& folder) noexcept {
  const descriptor directory(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (directory < 0)
    return false;
  errno = ::posix_fallocate(file, 0, sizeof(marker_content));
  return errno == 0 && ::pwrite(file, magic.data(), magic.size(), 0) == static_cast<ssize_t>(magic.size())
         && ::fsync(file) == 0 && ::fsync(directory) == 0;
}

} // namespace

std::string_view in_flight_name(std::string_view source) noexcept {
  return source.size() <= in_flight_name_bytes ? source : source.substr(source.size() - in_flight_name_bytes);
}

void in_flight_slot::name_source(std::uint32_t number, std::string_view source) noexcept {
  number_ = number;
  const std::string_view name = in_flight_name(source);
  std::memcpy(name_, name.data(), name.size());
  name_size_.store(static_cast<std::uint32_t>(name.size()), std::memory_order_relaxed);
}

reading_place in_flight_slot::place() const {
  const std::uint64_t at = position();
  const std::size_t size = std::min<std::size_t>(name_size_.load(std::memory_order_relaxed), in_flight_name_bytes);
  return {std::string(name_, size), at >> 8, static_cast<std::uint8_t>(at)};
}

std::vector<reading_place> in_flight_marker_file::found(const std::filesystem::path& file) {
  std::vector<reading_place> out;
  const descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (in < 0 || ::fstat(in, &about) != 0 || about.st_size != sizeof(marker_content))
    return out;
  void* const mapped = map(in, PROT_READ);
  if (mapped == nullptr)
    return out;
  const marker_content& content = content_of(mapped);
  if (std::memcmp(content.header.magic, magic.data(), magic.size()) == 0) {
    const auto is_alone = [](const in_flight_slot& slot) { return slot.holds() && slot.alone(); };
    const bool any_alone = std::any_of(std::begin(content.slots), std::end(content.slots), is_alone);
    for (const in_flight_slot& slot : content.slots)
      if (slot.holds() && (slot.alone() || !any_alone))
        out.push_back(slot.place());
  }
  ::munmap(mapped, sizeof(marker_content));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

result<in_flight_marker_file> in_flight_marker_file::make(const std::filesystem::path& file) {
  in_flight_marker_file out(file);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  const descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (made < 0 || !write_empty(made, file.parent_path()))
    return unusable(file);
  out.mapped_ = map(made, PROT_READ | PROT_WRITE);
  if (out.mapped_ == nullptr)
    return unusable(file);
  out.instance_ = instances.fetch_add(1, std::memory_order_relaxed) + 1;
  return out;
}

in_flight_marker_file::~in_flight_marker_file() {
  if (mapped_ != nullptr)
    ::munmap(mapped_, sizeof(marker_content));
}

in_flight_marker_file::in_flight_marker_file(in_flight_marker_file&& other) noexcept
  : file_(std::move(other.file_)), mapped_(std::exchange(other.mapped_, nullptr)), instance_(other.instance_) {}

in_flight_marker_file& in_flight_marker_file::operator=(in_flight_marker_file&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(mapped_, other.mapped_);
  std::swap(instance_, other.instance_);
  return *this;
}

in_flight_slot* in_flight_marker_file::mine() noexcept {
  thread_local std::uint64_t instance = 0;
  thread_local in_flight_slot* slot = nullptr;
  if (instance != instance_) {
    instance = instance_;
    const std::uint32_t number = content_of(mapped_).header.taken.fetch_add(1, std::memory_order_relaxed);
    slot = number < slots ? &content_of(mapped_).slots[number] : nullptr;
  }
  return slot;
}

const in_flight_slot& in_flight_marker_file::at(std::size_t number) const noexcept {
  return content_of(mapped_).slots[number];
}

void in_flight_marker_file::remove() noexcept {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

} // namespace gridtwin
