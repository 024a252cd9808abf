#pragma once

#include "actors/messages.hpp"
#include "src/bench/bench_estate.hpp"
#include "src/replay/run_transformers.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/store_reader.hpp"
#include "src/store/store_writer.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace gridtwin {

/// Real twins under their transformers with a real store, which are killed by their handles and rebuilt from what is
/// stored. What they answer and how they judge afterwards is checked against what they were given. One thread.
class restart_rounds {
public:
  /// `folder`: of a store that does not exist yet. `half_hours`: that every meter has of its one day, 1 to 48.
  /// Error: the store cannot be made.
  static result<std::unique_ptr<restart_rounds>> make(caf::actor_system& system, const bench_estate_plan& plan,
                                                      int half_hours, const std::filesystem::path& folder);
  ~restart_rounds();
  restart_rounds(const restart_rounds&) = delete;
  restart_rounds& operator=(const restart_rounds&) = delete;

  /// Gives every meter its half hours; they are durable when it returns. Error: the store failed.
  result<void> fill();

  /// Finds the handles of the twins of the first `count` meters.
  result<void> find_handles(std::uint32_t count);
  /// Kills the twins whose handles were found, without waiting.
  void kill();
  /// Finds the handles anew and asks each twin what it holds. Error: one has no answer, or holds something else than it
  /// was given.
  result<void> ask();
  /// Offers each of these twins its last half hour again and waits until that is judged: it is a duplicate for a twin
  /// that knows what its predecessor knew, and gives it its restarts back. Error: it was something else.
  result<void> offer_again();

  const std::vector<caf::actor>& handles() const noexcept { return handles_; }
  const caf::actor& host_of(std::uint32_t meter) const noexcept { return transformers_.handle(transformer_of(meter)); }
  std::uint32_t place_of(std::uint32_t meter) const noexcept { return meter % plan_.meters_a_transformer; }
  /// What supervision told with the groups so far.
  const supervision_tally& supervision() const noexcept { return supervision_; }
  std::uint64_t transformer_restarts() const noexcept { return transformers_.restarts(); }

private:
  restart_rounds(caf::actor_system& system, const bench_estate_plan& plan, int half_hours, store_folder folder,
                 std::shared_ptr<run_context> run, std::shared_ptr<store_writer> store);

  transformer_index transformer_of(std::uint32_t meter) const noexcept { return {meter / plan_.meters_a_transformer}; }
  std::shared_ptr<reading_group> group_of(std::uint32_t first, std::uint32_t end, int first_slot);
  result<run_counts> judge(std::uint32_t meters, int first_slot);
  result<run_counts> wait_for_group();

  bench_estate_plan plan_;
  int half_hours_;
  store_folder folder_;
  stored_days days_;
  std::shared_ptr<run_context> run_;
  caf::scoped_actor self_;
  caf::actor writer_;
  run_transformers transformers_;
  std::vector<caf::actor> handles_; ///< of the first meters
  supervision_tally supervision_;
  std::uint64_t groups_ = 0;
};

} // namespace gridtwin
