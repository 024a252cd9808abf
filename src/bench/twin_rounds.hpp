#pragma once

#include "actors/messages.hpp"
#include "src/bench/bench_estate.hpp"
#include "src/bench/made_half_hours.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace gridtwin {

/// How a reading comes to its twin.
enum class delivery_path : std::uint8_t {
  group, ///< as in a replay: with others, by its transformer
  handle ///< alone, as a message to the twin's own handle
};

/// Real twins under their transformers, given one half hour a meter a round by the messages of a replay. Nothing is
/// stored; what was counted is checked against what was sent.
class twin_rounds {
public:
  twin_rounds(caf::actor_system& system, const bench_estate_plan& plan);
  ~twin_rounds();
  twin_rounds(const twin_rounds&) = delete;
  twin_rounds& operator=(const twin_rounds&) = delete;

  /// Makes every transformer with its twins, and waits until they are there; finds the twins' handles where the path
  /// needs them.
  void spawn(delivery_path path);

  /// Sends every meter its next half hour, of each of its quantities, and waits until all are judged and folded. False:
  /// what came back is not what was sent.
  bool run_round(delivery_path path);

  /// Sends one meter after another its next half hour alone, by its handle, transformer by transformer in turn, and
  /// waits each time for an answer that comes behind it. How long each took on that clock; nothing: what came back is
  /// not what was sent. A half hour of its own, as a round; needs `spawn` by handle.
  std::optional<std::vector<std::int64_t>> time_single_readings(std::size_t most,
                                                                const std::function<std::int64_t()>& now);

  /// Readings in a round.
  std::uint64_t intervals() const noexcept;
  const run_context& context() const noexcept { return *run_; }

private:
  bool send_groups();
  bool send_by_handle();
  void find_handles();
  void release_old_days();

  std::shared_ptr<run_context> run_;
  made_half_hours half_hours_;
  caf::actor_system* system_;
  caf::scoped_actor self_;
  caf::actor conductor_;
  caf::actor writer_;
  std::vector<caf::actor> hosts_;
  std::vector<caf::actor> handles_; ///< of the twins, for the path that needs them
  reading_tally by_handle_;         ///< of all rounds
};

} // namespace gridtwin
