#include "src/commands/block_decoder.hpp"

#include <utility>

namespace gridtwin {

caf::behavior block_decoder::make_behavior() {
  set_default_handler(caf::drop);
  return {[](const text_block& b) {
    auto block = std::make_shared<decoded_block>(b.decoder->decode(std::move(*b.text)));
    return decoded_text{b.number, b.source, b.decoder, std::move(block)};
  }};
}

} // namespace gridtwin
