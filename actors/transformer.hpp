#pragma once

#include "actors/group_additions.hpp"
#include "actors/messages.hpp"
#include "actors/open_days.hpp"
#include "actors/summary_walk.hpp"
#include "supervision/careful_readings.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace gridtwin {

struct transformer_options {
  std::shared_ptr<const run_context> run;
  transformer_index transformer;
  caf::actor writer;                      ///< gets what was assessed
  std::vector<utc_day> stored;            ///< days of which the store holds readings
  std::vector<utc_day> unsummarised;      ///< those of them that an earlier run left unfinished
  std::uint32_t incarnation = 0;          ///< how often the run has started it again
  std::vector<connection_index> parked{}; ///< whose twins an earlier incarnation parked, in this run
};

/// A secondary substation's transformer with its feeders and meters: the unit of scheduling, supervision and failure.
class transformer_state : private twin_rebuilder {
public:
  static inline const char* name = "transformer";

  transformer_state() = default;
  virtual ~transformer_state(); // not a final class instead: CAF derives from a state to find its name
  transformer_state(const transformer_state&) = delete;
  transformer_state& operator=(const transformer_state&) = delete;

  void start(transformer_options options, caf::event_based_actor* self);

  /// Judges the readings of a group that are this transformer's, folds them into its feeders and fills in its part.
  /// True: that was the group's last.
  bool assess(const std::shared_ptr<reading_group>& group, caf::execution_unit* context);

  /// The next part of: hash the days that this run changed, count gaps, report. The transformer has judged its last
  /// group; which is the run's last, the part carries on to the writer.
  summary_part summarise(std::uint64_t last_group);

  void release(std::uint64_t unused_since);
  void forget_durable();
  void deliver(const hosted_envelope& envelope, caf::execution_unit* context);
  std::optional<caf::actor> twin(std::uint32_t place) const;
  accepted_count accepted() const noexcept { return by_handle_; }

private:
  struct work; ///< what grows while a group is assessed
  struct usual_sums;
  class in_hand;

  /// Calls what waits for the disk: the reading at hand is not to blame for what happens there.
  template <class F>
  auto unsuspected(F&& f) {
    const std::uint64_t paused = slot_ == nullptr ? 0 : slot_->pause();
    auto out = f();
    if (slot_ != nullptr)
      slot_->resume(paused);
    return out;
  }

  result<void> assess_slice(const reading_batch& batch, std::uint32_t first, std::uint32_t end, work& w,
                            caf::execution_unit* context);
  result<void> assess_carefully(const reading_batch& batch, std::uint32_t first, std::uint32_t end,
                                const careful_readings::of_source& suspects, work& w, caf::execution_unit* context);
  result<void> assess_one(const reading_batch& batch, std::uint32_t at, work& w, caf::execution_unit* context);
  half_hour_load& load_of(std::uint32_t place, work& w) const;
  void assess_offered(const offered_reading& r, std::size_t place, caf::execution_unit* context);
  void turn_to(period p, work& w);
  result<void> open_touched(work& w);
  void rebuild(std::size_t place, const meter_twin& predecessor, meter_twin& fresh) override;
  kept_reject refused(const reading_batch& batch, const sourced_reading& r, verdict v, std::string detail) const;
  void keep_letter(const reading_batch& batch, const sourced_reading& r, const judging_failure& why, work& w) const;
  static void note_verdict(verdict v, const reading_batch& batch, std::uint32_t at, work& w);
  void set_aside(const reading_batch& batch, const sourced_reading& r, std::uint32_t deaths, work& w) const;
  const open_letter* letter_of(const sourced_reading& r) const noexcept;
  void settle(const open_letter& first, work& w);
  void report_faults(assessed_part& out);
  result<void> encode(work& w);
  result<day_commit> encode_day(utc_day day, std::span<const group_additions::row> rows);
  result<void> merge_fragments(day_commit& out, open_days::day_state& day);

  std::set<std::int64_t> settled_; ///< letters
  transformer_options options_;
  connection_range connections_;
  feeder_range feeders_;
  std::uint32_t shard_ = 0; ///< of the journal
  std::unique_ptr<hosted_twins> twins_;
  std::unique_ptr<open_days> days_;
  std::unique_ptr<group_additions> additions_; ///< of the group that is being assessed
  std::unique_ptr<summary_walk> walk_;         ///< while the run ends
  reading_batch offered_;                      ///< one reading that came by its twin's handle
  accepted_count by_handle_;
  in_flight_slot* slot_ = nullptr; ///< of the thread that judges a slice
  bool unread_ = false;            ///< a twin could not be rebuilt
};

/// Spawn with a `transformer_options`. Handles `assess_group`, `release_days`, `forget_durable`, `summarise_days`,
/// `twin_query` and what is sent to its twins.
caf::behavior transformer(caf::stateful_actor<transformer_state>* self, transformer_options options);

} // namespace gridtwin
