#include "src/ingest/message_source.hpp"

#include "config/printable_text.hpp"

#include <string>
#include <utility>

namespace gridtwin {

namespace {

/// A text whose line ends mean nothing.
class held_document final : public raw_lines {
public:
  explicit held_document(std::string text) noexcept : text_(std::move(text)) {}

  std::string_view text() const noexcept { return text_; }
  std::string at(std::uint32_t offset) const override { return text_.substr(offset); }

private:
  std::string text_;
};

class document_block final : public source_block {
public:
  explicit document_block(std::string text) : text_(std::make_shared<const held_document>(std::move(text))) {}

  result<std::string_view> fetch(read_buffer&) override { return text_->text(); }
  std::shared_ptr<const raw_lines> raw() const override { return text_; }

private:
  std::shared_ptr<const held_document> text_;
};

/// Puts the blocks of a file into one.
class document_reader final : public source_reader {
public:
  document_reader(std::unique_ptr<source_reader> lines, std::string path)
    : lines_(std::move(lines)), path_(std::move(path)) {}

  std::string_view header() const noexcept override { return lines_->header(); }
  std::uint64_t bytes_consumed() const noexcept override { return lines_->bytes_consumed(); }

  result<std::unique_ptr<source_block>> next(std::size_t target_bytes) override {
    std::string text;
    read_buffer buffer;
    for (;;) {
      auto block = lines_->next(target_bytes);
      if (!block)
        return block.failure();
      if (!*block)
        break;
      const auto lines = (*block)->fetch(buffer);
      if (!lines)
        return lines.failure();
      if (text.size() + lines->size() > message_document_limit)
        return error{errc::unreadable_input,
                     in_quotes(path_, 300) + " is one JSON text of more than 16 MiB; give a message or a list a line"};
      text += *lines;
    }
    return text.empty() ? std::unique_ptr<source_block>() : std::make_unique<document_block>(std::move(text));
  }

private:
  std::unique_ptr<source_reader> lines_;
  std::string path_;
};

} // namespace

message_layout layout_of(std::string_view line) noexcept {
  if (line.size() >= header_bytes_limit)
    return message_layout::lines; // there is more of it, and nobody knows how that ends
  const std::size_t last = line.find_last_not_of(" \t\r");
  const bool goes_on =
    last == std::string_view::npos || std::string_view("{[,:").find(line[last]) != std::string_view::npos;
  return goes_on ? message_layout::document : message_layout::lines;
}

result<message_source> message_source::open(const source& from) {
  auto lines = source_reader::open(from, first_line::text);
  if (!lines)
    return lines.failure();
  const message_layout layout = layout_of((*lines)->header());
  if (layout == message_layout::lines)
    return message_source{std::move(*lines), layout};
  return message_source{std::make_unique<document_reader>(std::move(*lines), from.path.string()), layout};
}

} // namespace gridtwin
