#pragma once

#include "actors/run_context.hpp"
#include "actors/supervised_actors.hpp"
#include "src/ingest/source_list.hpp"
#include "src/replay/block_decoder.hpp"
#include "twins/result.hpp"

#include <caf/actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace gridtwin {

/// The decoders of a run under their supervisor (`timeless_parts`). One that ends is started again, and reads again
/// what it had in hand and what waited for it. To be used by one thread.
class run_decoders {
public:
  /// `owner` gets answers and down messages; it and `sources` outlive this.
  run_decoders(const run_context& run, const std::vector<source>& sources, caf::scoped_actor& owner, std::size_t count);

  /// Has a block decoded.
  void decode(text_block block);
  /// Blocks that have not been answered.
  std::size_t in_hand() const noexcept { return in_hand_.size(); }
  /// An answer has come. False: to a block that was answered before.
  bool decoded(const decoded_text& block);

  /// Whether it was a decoder that ended. Error: it has ended too often over one block, and what it had in hand is not
  /// decoded; no more blocks may follow. It says of which source.
  result<bool> ended(const caf::down_msg& down);

  /// Of a decoder, as `supervised_actors::handle`.
  const caf::actor& handle(std::uint32_t decoder) const noexcept { return actors_.handle({decoder}); }
  std::uint64_t restarts() const noexcept { return actors_.restarts(); }

private:
  child_index decoder_of(std::uint64_t block) const noexcept {
    return {static_cast<std::uint32_t>(block % actors_.size())};
  }

  const std::vector<source>* sources_;
  caf::scoped_actor& owner_;
  supervised_actors actors_;
  std::map<std::uint64_t, text_block> in_hand_; ///< by number
};

} // namespace gridtwin
