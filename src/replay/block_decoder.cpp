#include "src/replay/block_decoder.hpp"

#include "actors/actor_failure.hpp"

#include <utility>

namespace gridtwin {

caf::behavior block_decoder::make_behavior() {
  set_default_handler(caf::drop);
  set_exception_handler(actor_failure);
  return {[this](const text_block& b) { return decode(b); }};
}

decoded_text block_decoder::decode(const text_block& b) {
  decoded_text out{b.number, b.source, b.decoder, nullptr, std::nullopt};
  const auto text = b.lines->fetch(buffer_);
  if (before_block_ != nullptr)
    before_block_(b.number);
  if (text)
    out.block = std::make_shared<decoded_block>(b.decoder->decode(*text, b.lines->raw()));
  else
    out.failure = text.failure();
  return out;
}

} // namespace gridtwin
