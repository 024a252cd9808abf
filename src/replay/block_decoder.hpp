#pragma once

#include "actors/messages.hpp"
#include "actors/run_context.hpp"
#include "src/ingest/source_decoder.hpp"
#include "src/ingest/source_reader.hpp"

#include <caf/event_based_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace gridtwin {

/// To a decoder: whole lines of a source, numbered over all sources of the run.
struct text_block {
  std::uint64_t number = 0;
  std::size_t source = 0; ///< position in the run's list of sources
  std::shared_ptr<const source_decoder> decoder;
  std::shared_ptr<source_block> lines;
};

/// Its answer, to the sender.
struct decoded_text {
  std::uint64_t number = 0;
  std::size_t source = 0;
  std::shared_ptr<const source_decoder> decoder;
  std::shared_ptr<decoded_block> block;
  std::optional<error> failure; ///< the lines could not be read: there is no block
};

/// One of a few that read and decode blocks side by side. A class, for CAF binds a reference to null when it starts an
/// actor that is a function without arguments, which UBSan rightly stops.
class block_decoder final : public caf::event_based_actor {
public:
  /// `before_block`: `run_context::before_block`.
  block_decoder(caf::actor_config& config, run_context::block_function before_block)
    : caf::event_based_actor(config), before_block_(before_block) {}

  caf::behavior make_behavior() override;

private:
  decoded_text decode(const text_block& b);

  run_context::block_function before_block_;
  read_buffer buffer_;
};

} // namespace gridtwin

CAF_BEGIN_TYPE_ID_BLOCK(gridtwin_commands, caf::id_block::gridtwin_actors::end)
CAF_ADD_TYPE_ID(gridtwin_commands, (gridtwin::text_block))
CAF_ADD_TYPE_ID(gridtwin_commands, (gridtwin::decoded_text))
CAF_END_TYPE_ID_BLOCK(gridtwin_commands)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::text_block)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::decoded_text)
