#pragma once

#include "src/replay/live_turn.hpp"

#include <caf/actor_system_config.hpp>

#include <cstddef>

namespace gridtwin {

/// How the program sets up its actors: the same for every command, so that a benchmark measures what a replay runs on.
struct actor_system_options : caf::actor_system_config {
  explicit actor_system_options(std::size_t threads) {
    add_message_types<caf::id_block::gridtwin_supervision>();
    add_message_types<caf::id_block::gridtwin_actors>();
    add_message_types<caf::id_block::gridtwin_commands>();
    add_message_types<caf::id_block::gridtwin_live>();
    // 'stealing' is unfit where one actor feeds many (actors/README.md has the measurement).
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", threads);
    set("scheduler.max-throughput", std::size_t{300});
  }
};

} // namespace gridtwin
