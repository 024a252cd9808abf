#include "src/replay/run_decoders.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gridtwin {

run_decoders::run_decoders(const run_context& run, const std::vector<source>& sources, caf::scoped_actor& owner,
                           std::size_t count)
  : sources_(&sources), owner_(owner),
    actors_(timeless_parts, {static_cast<std::uint32_t>(count), 0}, owner,
            [&owner, fault = run.before_block](child_index) { return owner->spawn<block_decoder>(fault); }) {}

void run_decoders::decode(text_block block) {
  owner_->send(actors_.at(decoder_of(block.number)), block);
  in_hand_.emplace(block.number, std::move(block));
}

bool run_decoders::decoded(const decoded_text& block) {
  if (in_hand_.erase(block.number) == 0)
    return false;
  actors_.recovered(decoder_of(block.number));
  return true;
}

result<bool> run_decoders::ended(const caf::down_msg& down) {
  const auto death = actors_.ended(down, no_time);
  if (!death)
    return false;
  const auto is_its = [&](const auto& one) { return decoder_of(one.first) == death->child; };
  if (death->order.group != group_fate::shut_down) {
    actors_.start_again(death->order.restart, no_time);
    for (const auto& [number, block] : in_hand_)
      if (decoder_of(number) == death->child)
        owner_->send(actors_.at(death->child), block);
    return true;
  }
  const auto over = std::find_if(in_hand_.begin(), in_hand_.end(), is_its);
  const std::string what =
    over == in_hand_.end() ? "a decoder" : "the decoder of " + (*sources_)[over->second.source].path.string();
  std::erase_if(in_hand_, is_its);
  return error{errc::program_failed, what + " has ended " + std::to_string(timeless_parts.child.most_restarts + 1)
                                       + " times in a row (" + owner_->system().render(down.reason)
                                       + "): what stands before that was taken and stays; report this"};
}

} // namespace gridtwin
