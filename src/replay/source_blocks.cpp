#include "src/replay/source_blocks.hpp"

#include "twins/bounds.hpp"

namespace gridtwin {

result<open_source> open_source::open(const source& from, const format_profile& profile,
                                      const std::shared_ptr<const meter_index>& meters, const decode_options& options) {
  auto reader = source_reader::open(from);
  if (!reader)
    return reader.failure();
  auto decoder = row_decoder::make(profile, (*reader)->header(), meters, options);
  if (!decoder)
    return error{decoder.failure().code, from.path.string() + ": " + decoder.failure().message};
  return open_source{std::move(*reader), std::make_shared<const row_decoder>(std::move(*decoder))};
}

source_blocks::source_blocks(const std::vector<source>& sources, const format_profile& profile,
                             std::shared_ptr<const meter_index> meters, const decode_options& options)
  : sources_(&sources), profile_(&profile), meters_(std::move(meters)), options_(&options) {
  for (const source& s : sources)
    total_ += s.bytes;
}

result<std::optional<text_block>> source_blocks::next() {
  for (; at_ < sources_->size(); ++at_) {
    if (!open_) {
      auto opened = open_source::open((*sources_)[at_], *profile_, meters_, *options_);
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
