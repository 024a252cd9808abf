#include "src/replay/source_blocks.hpp"

#include "twins/bounds.hpp"

namespace gridtwin {

result<open_source> open_source::open(const source& from, const source_format& format,
                                      const std::shared_ptr<const meter_index>& meters) {
  if (format.messages) {
    auto messages = message_source::open(from);
    if (!messages)
      return messages.failure();
    auto decoder = std::make_shared<const message_decoder>(meters, messages->layout, *format.messages);
    return open_source{std::move(messages->reader), std::move(decoder)};
  }
  auto reader = source_reader::open(from);
  if (!reader)
    return reader.failure();
  auto decoder = row_decoder::make(format.profile, (*reader)->header(), meters, format.rows);
  if (!decoder)
    return error{decoder.failure().code, from.path.string() + ": " + decoder.failure().message};
  return open_source{std::move(*reader), std::make_shared<const row_decoder>(std::move(*decoder))};
}

source_blocks::source_blocks(const std::vector<source>& sources, const source_format& format,
                             std::shared_ptr<const meter_index> meters)
  : sources_(&sources), format_(&format), meters_(std::move(meters)) {
  for (const source& s : sources)
    total_ += s.bytes;
}

result<std::optional<text_block>> source_blocks::next() {
  for (; at_ < sources_->size(); ++at_) {
    if (!open_) {
      auto opened = open_source::open((*sources_)[at_], *format_, meters_);
      if (!opened)
        return opened.failure();
      open_ = std::move(*opened);
    }
    auto block = open_->reader->next(bounds::block_bytes);
    if (!block)
      return block.failure();
    if (*block)
      return std::optional(text_block{number_++, at_, open_->decoder, std::move(*block)});
    done_ += (*sources_)[at_].bytes;
    open_.reset();
  }
  return std::optional<text_block>();
}

} // namespace gridtwin
