#pragma once

#include "actors/messages.hpp"
#include "src/bench/bench_estate.hpp"

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
  struct expectation {
    std::uint64_t readings = 0;
    std::int64_t wh = 0;
    bool operator==(const expectation&) const = default;
  };

  expectation send_groups();
  expectation send_by_handle();
  std::shared_ptr<reading_group> next_group(std::uint32_t first, std::uint32_t end);
  void find_handles();
  void release_old_days();
  std::int64_t value_of(std::uint32_t meter, quantity q) const noexcept;

  std::shared_ptr<run_context> run_;
  std::vector<quantity> quantities_;
  caf::actor_system* system_;
  caf::scoped_actor self_;
  std::vector<std::uint32_t> first_meter_; ///< by transformer, and one behind the last
  caf::actor writer_;
  std::vector<caf::actor> hosts_;
  std::vector<caf::actor> handles_; ///< of the twins, for the path that needs them
  std::int32_t round_ = 0;
  std::uint64_t groups_ = 0;
  expectation sent_;
  expectation by_handle_; ///< of all rounds
};

} // namespace gridtwin
