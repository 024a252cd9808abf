#pragma once

#include "actors/reading_group.hpp"
#include "actors/supervision_tally.hpp"
#include "src/store/store_writer.hpp"
#include "supervision/hosted_actor.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Every message between the actors, from a file's readings to the committed store:
//
// clang-format off
//   replay ── assess_group ───► transformer ── group_assessed ► commit writer ── group_committed ─────► replay
//          ── forget_durable ─► transformer                                   ── store_failed ────────► replay
//          ── release_days ───► transformer
//          ── summarise_days ─► transformer ── summary_part ──► commit writer ── summary_taken ───────► replay
//          ── flush_summaries ────────────────────────────────►               ── summaries_committed ─► replay
//          ── record_acts ────────────────────────────────────►               ── acts_recorded ───────► replay
// clang-format on
//
// Messages stay within the process: payloads are shared, never copied, and nothing is sent beyond what was granted
// (groups in flight, transformers that summarise at a time).

namespace gridtwin {

/// To a transformer: judge your readings of a group and fill in your part of it.
struct assess_group {
  std::shared_ptr<reading_group> group;
};

/// To the writer, from the transformer that was last: every part of the group is filled in.
struct group_assessed {
  std::shared_ptr<reading_group> group;
};

/// To a transformer: forget days that were not used since a group and are safe in the store.
struct release_days {
  std::uint64_t unused_since = 0;
};

/// To a transformer: the groups that it was last given are durable; what was kept for rebuilding twins can go.
struct forget_durable {};

/// To a transformer, when a run ends, behind its last group: hash what has changed, count gaps, report. Answered by a
/// `summary_part` to the writer; sent again until that part is the last.
struct summarise_days {
  std::uint64_t last_group = 0; ///< of the run: what is summarised is true when it is durable
};

/// To replay: a group is durable.
struct group_committed {
  std::uint64_t group = 0;
  std::shared_ptr<const run_counts> counts;
  std::shared_ptr<const supervision_tally> supervision;
};

/// What a person wants to know of a transformer when a run ends.
struct transformer_report {
  struct meter_faults {
    connection_index connection;
    std::uint64_t faults = 0; ///< duplicates, conflicts, refused readings and missing half hours
  };
  transformer_index transformer;
  std::optional<period> peak; ///< the half hour of this run's days with the largest net energy
  std::int64_t peak_wh = 0;   ///< its net import, by amount
  std::vector<meter_faults> faults;
};

struct summary_part {
  struct content {
    transformer_index transformer;
    std::uint32_t incarnation = 0; ///< of the transformer that made it
    transformer_summary summary;   ///< until the writer has taken it
    std::size_t days = 0;          ///< that it summarises
    transformer_report report;     ///< with the last part
    bool finished = false;         ///< the last part
    std::optional<error> failure;
  };
  std::uint64_t last_group = 0; ///< as it was asked for: the part is committed behind that group
  std::shared_ptr<content> part;
};

/// To replay: a summary was taken; it becomes durable with others.
struct summary_taken {
  std::shared_ptr<const summary_part::content> part;
};

/// To the writer: commit the summaries that were taken. Answered by `summaries_committed`.
struct flush_summaries {};
struct summaries_committed {};

/// To the writer: write audit events, behind the groups that were committed. Answered by `acts_recorded`.
struct record_acts {
  std::shared_ptr<const std::vector<audit_event>> acts;
};
struct acts_recorded {};

/// To replay: a read or write failed. Nothing more will be committed.
struct store_failed {
  error reason;
};

/// A question to a meter's twin.
struct state_query {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, state_query&) {
  return f(caf::meta::type_name("state_query"));
}

/// Its answer.
struct meter_state {
  std::uint64_t mpan = 0;
  std::uint32_t accepted = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t conflicts = 0;
  std::uint32_t refused = 0;
  std::uint32_t open_days = 0;  ///< days of quantities held in memory
  std::int32_t last_period = 0; ///< number of the last half hour with a current value among them, 0: none
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, meter_state& s) {
  return f(caf::meta::type_name("meter_state"), s.mpan, s.accepted, s.duplicates, s.conflicts, s.refused, s.open_days,
           s.last_period);
}

/// To a meter's twin by its own handle: judge one reading. For runs that store nothing: what is stored comes in groups.
/// It has no answer; its transformer counts it.
struct offered_reading {
  quantity of = quantity::active_import;
  gridtwin::period period;
  std::int64_t wh = 0;
};

/// To a transformer: how many readings its twins were offered by their handles and accepted, ever. Answered by an
/// `accepted_count`; it comes behind all that the asker has sent before.
struct accepted_query {};
struct accepted_count {
  std::uint64_t readings = 0;
  std::int64_t wh = 0;
};

/// A question to a transformer: the handle of a meter's twin, by its place among the transformer's connections.
/// Answered by an actor handle, or an error where there is none.
struct twin_query {
  std::uint32_t place = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, twin_query& q) {
  return f(caf::meta::type_name("twin_query"), q.place);
}

} // namespace gridtwin

CAF_BEGIN_TYPE_ID_BLOCK(gridtwin_actors, caf::id_block::gridtwin_supervision::end)
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::assess_group))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::release_days))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::forget_durable))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::summarise_days))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::group_assessed))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::group_committed))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::summary_part))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::summary_taken))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::flush_summaries))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::summaries_committed))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::record_acts))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::acts_recorded))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::store_failed))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::state_query))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::meter_state))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::twin_query))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::offered_reading))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::accepted_query))
CAF_ADD_TYPE_ID(gridtwin_actors, (gridtwin::accepted_count))
CAF_END_TYPE_ID_BLOCK(gridtwin_actors)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::assess_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::release_days)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::forget_durable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::summarise_days)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::group_assessed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::group_committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::summary_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::summary_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::flush_summaries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::summaries_committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::record_acts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::acts_recorded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::store_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::offered_reading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::accepted_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::accepted_count)
