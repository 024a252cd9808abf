#include "src/ingest/source_reader.hpp"

#include "src/ingest/plain_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view gzip_magic = "\x1F\x8B";
constexpr int gzip_window = 15 + 16; // largest window, gzip wrapper only

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

/// Lines that were decompressed.
class held_block final : public source_block {
public:
  explicit held_block(std::string text) : lines_(std::make_shared<const held_lines>(std::move(text))) {}

  result<std::string_view> fetch(read_buffer&) override { return lines_->text(); }
  std::shared_ptr<const raw_lines> raw() const override { return lines_; }

private:
  std::shared_ptr<const held_lines> lines_;
};

/// Reads the beginning of a file, whatever it is, and goes on if it is compressed.
class stream_reader final : public source_reader {
public:
  stream_reader(std::shared_ptr<const source_file> file, first_line first) : file_(std::move(file)), first_(first) {}

  result<void> start();
  bool compressed() const noexcept { return inflater_.ready; }
  /// Of a plain file: where the first line behind the header begins.
  std::uint64_t lines_begin() const noexcept { return consumed_ - carry_.size(); }

  std::string_view header() const noexcept override { return header_; }
  result<std::unique_ptr<source_block>> next(std::size_t target_bytes) override;
  std::uint64_t bytes_consumed() const noexcept override { return consumed_; }

private:
  result<bool> next_lines(std::string& text, std::size_t target_bytes);
  /// Appends up to `size` bytes of the content. False at the end.
  result<bool> append(std::string& text, std::size_t size);
  result<bool> append_plain(std::string& text, std::size_t size);
  result<bool> append_inflated(std::string& text, std::size_t size);
  result<bool> refill();
  result<bool> end_member();
  result<bool> drop_rest_of_line();
  error corrupt(std::string_view how) const {
    return file_->unreadable("is compressed data that is " + std::string(how) + "; fetch the file again");
  }

  std::shared_ptr<const source_file> file_;
  first_line first_;
  std::string header_;
  std::string carry_; ///< read, but not yet handed out: less than a line, or what followed the header
  std::string input_; ///< compressed bytes
  inflater inflater_;
  bool between_members_ = false;
  bool ended_ = false;
  std::uint64_t consumed_ = 0;
};

result<bool> stream_reader::append_plain(std::string& text, std::size_t size) {
  const std::size_t before = text.size();
  text.resize(before + size);
  const auto got = file_->read(consumed_, text.data() + before, size);
  text.resize(before + (got ? *got : 0));
  if (!got)
    return got.failure();
  consumed_ += *got;
  return *got > 0;
}

result<bool> stream_reader::refill() {
  input_.clear();
  const auto more = append_plain(input_, read_chunk_bytes);
  inflater_.stream.next_in = reinterpret_cast<Bytef*>(input_.data());
  inflater_.stream.avail_in = static_cast<uInt>(input_.size());
  return more;
}

/// After a member comes another one, padding of zeros, or the end. True where another one begins.
result<bool> stream_reader::end_member() {
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

result<bool> stream_reader::append_inflated(std::string& text, std::size_t size) {
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

result<bool> stream_reader::append(std::string& text, std::size_t size) {
  if (ended_)
    return false;
  auto more = inflater_.ready ? append_inflated(text, size) : append_plain(text, size);
  ended_ = !more || !*more;
  return more;
}

result<void> stream_reader::start() {
  if (auto more = append_plain(carry_, read_chunk_bytes); !more)
    return more.failure();
  if (carry_.starts_with(gzip_magic)) {
    input_ = std::move(carry_);
    carry_.clear();
    inflater_.stream.next_in = reinterpret_cast<Bytef*>(input_.data());
    inflater_.stream.avail_in = static_cast<uInt>(input_.size());
    if (inflateInit2(&inflater_.stream, gzip_window) != Z_OK)
      return file_->unreadable("cannot be decompressed: out of memory");
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
    return file_->unreadable("is UTF-16; save it as UTF-8");
  if (carry_.starts_with(byte_order_mark))
    carry_.erase(0, byte_order_mark.size());
  if (carry_.empty())
    return file_->unreadable("holds nothing; take it away, or fetch it again");
  if (carry_.find('\0') != std::string::npos)
    return file_->unreadable("is a binary file; give a file of text, plain or gzip");
  const std::size_t end = std::min(carry_.find('\n'), carry_.size());
  if (first_ == first_line::text) {
    header_ = carry_.substr(0, std::min(end, header_bytes_limit));
    return {};
  }
  if (end > header_bytes_limit)
    return file_->unreadable("has a first line longer than 64 KiB; it is no CSV file with a header");
  header_ = carry_.substr(0, end);
  if (!header_.empty() && header_.back() == '\r')
    header_.pop_back();
  carry_.erase(0, std::min(end + 1, carry_.size()));
  return {};
}

result<bool> stream_reader::drop_rest_of_line() {
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

result<std::unique_ptr<source_block>> stream_reader::next(std::size_t target_bytes) {
  std::string text;
  const auto more = next_lines(text, target_bytes);
  if (!more)
    return more.failure();
  return *more ? std::make_unique<held_block>(std::move(text)) : std::unique_ptr<source_block>();
}

result<bool> stream_reader::next_lines(std::string& text, std::size_t target_bytes) {
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

result<std::unique_ptr<source_reader>> source_reader::open(const source& from, first_line first) {
  auto file = source_file::open(from.path, from.may_be_link);
  if (!file)
    return file.failure();
  auto reader = std::make_unique<stream_reader>(*file, first);
  if (auto started = reader->start(); !started)
    return started.failure();
  if (!reader->compressed())
    return read_plain_source(std::move(*file), std::string(reader->header()), reader->lines_begin());
  return std::unique_ptr<source_reader>(std::move(reader));
}

} // namespace gridtwin
