#include "src/ingest/source_reader.hpp"

#include "config/printable_text.hpp"

#include <zlib.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view gzip_magic = "\x1F\x8B";
constexpr int gzip_window = 15 + 16; // largest window, gzip wrapper only

error unreadable(const std::filesystem::path& path, std::string_view what) {
  return {errc::unreadable_input, in_quotes(path.string(), 300) + " " + std::string(what)};
}

/// A file descriptor that closes itself.
class file {
public:
  explicit file(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ >= 0)
      ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL); // advice: failing does no harm
  }
  ~file() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }
  file(const file&) = delete;
  file& operator=(const file&) = delete;

  bool good() const noexcept { return descriptor_ >= 0; }
  /// Bytes read, 0 at the end, negative for an error in `errno`.
  ssize_t read(char* into, std::size_t size) const noexcept {
    ssize_t got = 0;
    do
      got = ::read(descriptor_, into, size);
    while (got < 0 && errno == EINTR);
    return got;
  }

private:
  int descriptor_;
};

/// The decompressor, which must be given back once it was set up.
struct inflater {
  z_stream stream{};
  bool ready = false;
  inflater() = default;
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() {
    if (ready)
      inflateEnd(&stream);
  }
};

class reader final : public source_reader {
public:
  explicit reader(const source& from) : path_(from.path), file_(from.path) {}

  result<void> start();
  std::string_view header() const noexcept override { return header_; }
  result<bool> next(std::string& text, std::size_t target_bytes) override;
  std::uint64_t bytes_consumed() const noexcept override { return consumed_; }

private:
  /// Appends up to `size` bytes of the content. False at the end.
  result<bool> append(std::string& text, std::size_t size);
  result<bool> append_plain(std::string& text, std::size_t size);
  result<bool> append_inflated(std::string& text, std::size_t size);
  result<bool> refill();
  result<bool> end_member();
  result<bool> drop_rest_of_line();
  error system_failure(std::string_view what) const {
    return unreadable(path_, std::string(what) + " (" + std::system_category().message(errno)
                               + "); check its permissions and the disk");
  }
  error corrupt(std::string_view how) const {
    return unreadable(path_, "is compressed data that is " + std::string(how) + "; fetch the file again");
  }

  std::filesystem::path path_;
  file file_;
  std::string header_;
  std::string carry_; ///< read, but not yet handed out: less than a line, or what followed the header
  std::string input_; ///< compressed bytes
  inflater inflater_;
  bool between_members_ = false;
  bool ended_ = false;
  std::uint64_t consumed_ = 0;
};

result<bool> reader::append_plain(std::string& text, std::size_t size) {
  const std::size_t before = text.size();
  text.resize(before + size);
  const ssize_t got = file_.read(text.data() + before, size);
  text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0)
    return system_failure("cannot be read");
  consumed_ += static_cast<std::uint64_t>(got);
  return got > 0;
}

result<bool> reader::refill() {
  input_.resize(read_chunk_bytes);
  const ssize_t got = file_.read(input_.data(), input_.size());
  if (got < 0)
    return system_failure("cannot be read");
  consumed_ += static_cast<std::uint64_t>(got);
  inflater_.stream.next_in = reinterpret_cast<Bytef*>(input_.data());
  inflater_.stream.avail_in = static_cast<uInt>(got);
  return got > 0;
}

/// After a member comes another one, padding of zeros, or the end. True where another one begins.
result<bool> reader::end_member() {
  for (;;) {
    if (inflater_.stream.avail_in == 0) {
      auto more = refill();
      if (!more || !*more)
        return more;
    }
    if (*inflater_.stream.next_in != 0)
      break;
    ++inflater_.stream.next_in;
    --inflater_.stream.avail_in;
  }
  if (*inflater_.stream.next_in != static_cast<Bytef>(gzip_magic[0]) || inflateReset(&inflater_.stream) != Z_OK)
    return corrupt("followed by bytes that are none");
  between_members_ = false;
  return true;
}

result<bool> reader::append_inflated(std::string& text, std::size_t size) {
  const std::size_t before = text.size();
  text.resize(before + size);
  z_stream& stream = inflater_.stream;
  stream.next_out = reinterpret_cast<Bytef*>(text.data() + before);
  stream.avail_out = static_cast<uInt>(size);
  const auto finish = [&](result<bool> how) {
    text.resize(before + size - stream.avail_out);
    return how;
  };
  while (stream.avail_out == size) {
    if (between_members_) {
      auto another = end_member();
      if (!another || !*another)
        return finish(std::move(another));
    }
    if (stream.avail_in == 0) {
      auto more = refill();
      if (!more || !*more)
        return finish(more ? result<bool>(corrupt("cut short")) : std::move(more));
    }
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END)
      between_members_ = true;
    else if (code != Z_OK && !(code == Z_BUF_ERROR && stream.avail_in == 0))
      return finish(corrupt("corrupt"));
  }
  return finish(true);
}

result<bool> reader::append(std::string& text, std::size_t size) {
  if (ended_)
    return false;
  auto more = inflater_.ready ? append_inflated(text, size) : append_plain(text, size);
  ended_ = !more || !*more;
  return more;
}

result<void> reader::start() {
  if (!file_.good())
    return system_failure("cannot be opened");
  // A first read may be short; the magic bytes need two.
  while (carry_.size() < gzip_magic.size()) {
    auto more = append_plain(carry_, read_chunk_bytes);
    if (!more)
      return more.failure();
    if (!*more)
      break;
  }
  if (carry_.starts_with(gzip_magic)) {
    input_ = std::move(carry_);
    carry_.clear();
    inflater_.stream.next_in = reinterpret_cast<Bytef*>(input_.data());
    inflater_.stream.avail_in = static_cast<uInt>(input_.size());
    if (inflateInit2(&inflater_.stream, gzip_window) != Z_OK)
      return unreadable(path_, "cannot be decompressed: out of memory");
    inflater_.ready = true;
  }
  while (carry_.size() < read_chunk_bytes) {
    auto more = append(carry_, read_chunk_bytes - carry_.size());
    if (!more)
      return more.failure();
    if (!*more)
      break;
  }
  if (carry_.starts_with("\xFF\xFE") || carry_.starts_with("\xFE\xFF"))
    return unreadable(path_, "is UTF-16; save it as UTF-8");
  if (carry_.starts_with(byte_order_mark))
    carry_.erase(0, byte_order_mark.size());
  if (carry_.empty())
    return unreadable(path_, "holds nothing; take it away, or fetch it again");
  if (carry_.find('\0') != std::string::npos)
    return unreadable(path_, "is a binary file; give a CSV file, plain or gzip");
  const std::size_t end = std::min(carry_.find('\n'), carry_.size());
  if (end > header_bytes_limit)
    return unreadable(path_, "has a first line longer than 64 KiB; it is no CSV file with a header");
  header_ = carry_.substr(0, end);
  if (!header_.empty() && header_.back() == '\r')
    header_.pop_back();
  carry_.erase(0, std::min(end + 1, carry_.size()));
  return {};
}

result<bool> reader::drop_rest_of_line() {
  for (;;) {
    const std::size_t end = carry_.find('\n');
    if (end != std::string::npos) {
      carry_.erase(0, end + 1);
      return true;
    }
    carry_.clear();
    auto more = append(carry_, read_chunk_bytes);
    if (!more || !*more)
      return more;
  }
}

result<bool> reader::next(std::string& text, std::size_t target_bytes) {
  text.clear();
  text.swap(carry_);
  std::size_t last_end = text.rfind('\n');
  for (;;) {
    const std::size_t lines = last_end == std::string::npos ? 0 : last_end + 1;
    if (text.size() - lines >= line_bytes_limit) { // the line that is not yet whole is too long
      carry_.assign(text, lines + line_bytes_limit);
      text.resize(lines + line_bytes_limit);
      auto dropped = drop_rest_of_line();
      if (!dropped)
        return dropped;
      text += '\n';
      return true;
    }
    if (lines != 0 && text.size() >= target_bytes) {
      carry_.assign(text, lines);
      text.resize(lines);
      return true;
    }
    const std::size_t before = text.size();
    const std::size_t wanted = std::max(target_bytes, before + read_chunk_bytes) - before;
    auto more = append(text, std::min(wanted, line_bytes_limit));
    if (!more)
      return more;
    if (!*more)
      return !text.empty();
    const std::size_t found = std::string_view(text).substr(before).rfind('\n');
    if (found != std::string::npos)
      last_end = before + found;
  }
}

} // namespace

result<std::unique_ptr<source_reader>> source_reader::open(const source& from) {
  auto opened = std::make_unique<reader>(from);
  if (auto started = opened->start(); !started)
    return started.failure();
  return std::unique_ptr<source_reader>(std::move(opened));
}

} // namespace gridtwin
