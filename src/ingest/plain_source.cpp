#include "src/ingest/plain_source.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gridtwin {

namespace {

/// Blocks of which the disk is told before they are fetched.
constexpr std::uint64_t blocks_expected = 8;
/// Bytes behind a range in which its last line mostly ends.
constexpr std::size_t likely_tail = 256;

/// Lines of a file, read again when they are asked for: hardly ever.
class file_lines final : public raw_lines {
public:
  file_lines(std::shared_ptr<const source_file> file, std::uint64_t first) noexcept
    : file_(std::move(file)), first_(first) {}

  /// As far as it can be read, should the disk fail now.
  std::string at(std::uint32_t offset) const override {
    std::string text;
    for (const std::size_t size : {std::size_t{1} << 9, std::size_t{1} << 14, line_bytes_limit}) {
      text.resize(size);
      const auto got = file_->read(first_ + offset, text.data(), size);
      text.resize(got ? *got : 0);
      if (text.size() < size || text.find('\n') != std::string::npos)
        break;
    }
    return std::string(first_of(text));
  }

private:
  std::shared_ptr<const source_file> file_;
  std::uint64_t first_;
};

class file_block final : public source_block {
public:
  /// The lines that begin within [begin, end) of the file.
  file_block(std::shared_ptr<const source_file> file, std::uint64_t begin, std::uint64_t end, bool at_line) noexcept
    : file_(std::move(file)), begin_(begin), end_(end), at_line_(at_line) {}

  result<std::string_view> fetch(read_buffer& buffer) override;
  std::shared_ptr<const raw_lines> raw() const override { return std::make_shared<const file_lines>(file_, first_); }

private:
  result<std::size_t> find_end(read_buffer& buffer, std::uint64_t from, std::size_t got, std::size_t last_line) const;

  std::shared_ptr<const source_file> file_;
  std::uint64_t begin_;
  std::uint64_t end_;
  bool at_line_;            ///< a line begins at `begin_`
  std::uint64_t first_ = 0; ///< where the first line begins, once fetched
};

result<std::string_view> file_block::fetch(read_buffer& buffer) {
  // A line begins behind a line end: the byte before the range tells.
  const std::uint64_t from = at_line_ ? begin_ : begin_ - 1;
  const auto range = static_cast<std::size_t>(end_ - from);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(range + likely_tail, file_->size() - from));
  const auto got = file_->read(from, buffer.reserve(wanted), wanted);
  if (!got)
    return got.failure();
  if (*got < wanted)
    return file_->unreadable("has become shorter while it was read; run the same command again");
  std::size_t first = 0;
  if (!at_line_) {
    const void* const line_end = std::memchr(buffer.data(), '\n', range - 1);
    if (line_end == nullptr)
      return std::string_view(); // within one line
    first = static_cast<std::size_t>(static_cast<const char*>(line_end) - buffer.data()) + 1;
  }
  first_ = from + first;
  const auto end = find_end(buffer, from, *got, range);
  if (!end)
    return end.failure();
  return std::string_view(buffer.data() + first, *end - first);
}

/// Where the line that holds the range's last byte ends, or is cut. Bytes [0, got) of the buffer are the file's from
/// `from` on, `range` of them belong to the range.
result<std::size_t> file_block::find_end(read_buffer& buffer, std::uint64_t from, std::size_t got,
                                         std::size_t range) const {
  const std::string_view before(buffer.data(), range - 1);
  const std::size_t line = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  for (std::size_t seen = range - 1;;) {
    if (const void* const at = std::memchr(buffer.data() + seen, '\n', got - seen))
      return static_cast<std::size_t>(static_cast<const char*>(at) - buffer.data()) + 1;
    if (got - line >= line_bytes_limit)
      return line + line_bytes_limit;
    seen = got;
    const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(read_chunk_bytes, file_->size() - (from + got)));
    if (more == 0)
      return got;
    const auto added = file_->read(from + got, buffer.reserve(got + more) + got, more);
    if (!added)
      return added.failure();
    if (*added < more)
      return file_->unreadable("has become shorter while it was read; run the same command again");
    got += more;
  }
}

class plain_reader final : public source_reader {
public:
  plain_reader(std::shared_ptr<const source_file> file, std::string header, std::uint64_t lines_begin)
    : file_(std::move(file)), header_(std::move(header)), begin_(lines_begin), at_(lines_begin) {}

  std::string_view header() const noexcept override { return header_; }
  std::uint64_t bytes_consumed() const noexcept override { return at_; }

  result<std::unique_ptr<source_block>> next(std::size_t target_bytes) override {
    if (at_ >= file_->size())
      return std::unique_ptr<source_block>();
    const std::uint64_t end = std::min<std::uint64_t>(at_ + target_bytes, file_->size());
    const std::uint64_t expected = std::min(end + blocks_expected * target_bytes, file_->size());
    if (expected > expected_) {
      file_->expect(std::max(expected_, at_), expected - std::max(expected_, at_));
      expected_ = expected;
    }
    auto block = std::make_unique<file_block>(file_, at_, end, at_ == begin_);
    at_ = end;
    return std::unique_ptr<source_block>(std::move(block));
  }

private:
  std::shared_ptr<const source_file> file_;
  std::string header_;
  std::uint64_t begin_;
  std::uint64_t at_;
  std::uint64_t expected_ = 0;
};

} // namespace

std::unique_ptr<source_reader> read_plain_source(std::shared_ptr<const source_file> file, std::string header,
                                                 std::uint64_t lines_begin) {
  return std::make_unique<plain_reader>(std::move(file), std::move(header), lines_begin);
}

} // namespace gridtwin
