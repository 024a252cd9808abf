#pragma once

#include "actors/messages.hpp"
#include "src/bench/made_half_hours.hpp"
#include "src/replay/actor_system_options.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/stateful_actor.hpp>

#include <vector>

namespace gridtwin {

/// To the conductor: a round is to be sent. Answered by `round_done` when all of it is judged and folded.
struct begin_round {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, begin_round&) {
  return f(caf::meta::type_name("begin_round"));
}

struct round_done {
  reading_tally counted;
};

/// Makes the groups of a round and hands them to the transformers, a few at a time: an actor among the others, as the
/// decoders of a replay are, so that making readings wakes nobody and takes no thread of its own. It is what the commit
/// writer answers.
struct conductor_state {
  caf::response_promise promise;
  reading_tally counted;
  std::uint32_t next = 0; ///< transformer
  std::uint32_t at_work = 0;
};

/// `half_hours` and `hosts`, by transformer, are the maker's and stay until it has ended.
caf::behavior round_conductor(caf::stateful_actor<conductor_state>* self, made_half_hours* half_hours,
                              const std::vector<caf::actor>* hosts);

/// The program's actors, with the messages above.
struct bench_system_options : actor_system_options {
  explicit bench_system_options(std::size_t threads);
};

} // namespace gridtwin

CAF_BEGIN_TYPE_ID_BLOCK(gridtwin_bench, caf::id_block::gridtwin_live::end)
CAF_ADD_TYPE_ID(gridtwin_bench, (gridtwin::begin_round))
CAF_ADD_TYPE_ID(gridtwin_bench, (gridtwin::round_done))
CAF_END_TYPE_ID_BLOCK(gridtwin_bench)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::begin_round)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::round_done)
