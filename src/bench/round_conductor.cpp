#include "src/bench/round_conductor.hpp"

#include "actors/actor_failure.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::uint32_t group_readings = 32 * 1024;
/// Groups that are under way: enough to keep every thread busy, few enough to keep a round of all of a country's meters
/// in a few megabytes.
constexpr std::uint32_t groups_ahead = 4;

} // namespace

bench_system_options::bench_system_options(std::size_t threads) : actor_system_options(threads) {
  add_message_types<caf::id_block::gridtwin_bench>();
}

caf::behavior round_conductor(caf::stateful_actor<conductor_state>* self, made_half_hours* half_hours,
                              const std::vector<caf::actor>* hosts) {
  self->set_default_handler(caf::drop);
  self->set_exception_handler(actor_failure);
  const auto go_on = [self, half_hours, hosts] {
    conductor_state& s = self->state;
    const std::uint32_t step = half_hours->transformers_of(group_readings);
    while (s.next < half_hours->transformers() && s.at_work < groups_ahead) {
      const std::uint32_t end = std::min(s.next + step, half_hours->transformers());
      const caf::message work = caf::make_message(assess_group{half_hours->group(s.next, end)});
      for (; s.next < end; ++s.next)
        self->send((*hosts)[s.next], work);
      ++s.at_work;
    }
    if (s.at_work == 0)
      s.promise.deliver(round_done{s.counted});
  };
  return {
    [self, go_on](const begin_round&) -> caf::result<round_done> {
      self->state = {};
      self->state.promise = self->make_response_promise();
      go_on();
      return caf::delegated<round_done>();
    },
    [self, half_hours, go_on](const group_committed& done) {
      conductor_state& s = self->state;
      s.counted.readings += static_cast<std::uint64_t>(done.counts->of(verdict::accepted));
      for (const quantity q : half_hours->quantities())
        s.counted.wh += done.counts->energy_wh[index_of(q)];
      --s.at_work;
      go_on();
    },
  };
}

} // namespace gridtwin
