#pragma once

#include "actors/source_names.hpp"
#include "src/store/day_source.hpp"
#include "src/store/topology.hpp"
#include "supervision/careful_readings.hpp"
#include "supervision/in_flight.hpp"
#include "supervision/restart_policy.hpp"
#include "twins/appointments.hpp"
#include "twins/day_tree.hpp"
#include "twins/meter_twin.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace gridtwin {

/// A dead letter of an earlier run, should its reading come again.
struct open_letter {
  connection_index connection;
  std::int64_t id = 0;
  gridtwin::reading reading;
  /// It ended processes, and nobody has asked for it to be tried again: it is not judged.
  bool sealed = false;
};

/// What all transformers of a run share. The atomics are written by the one actor that is named with each.
struct run_context {
  using assess_function = assessment (*)(meter_twin&, const reading&, const connection&, const rule_limits&);
  using group_function = void (*)(transformer_index, std::uint64_t group);
  using block_function = void (*)(std::uint64_t block);
  using commit_function = void (*)();

  std::shared_ptr<const gridtwin::estate> estate;
  std::shared_ptr<const gridtwin::topology> topology;
  std::vector<mpan> meters_across; ///< see `meters_across_transformers`
  rule_limits limits;
  appointed_ranges appointed; ///< of the estate's connections
  estate_key key{};
  std::uint32_t run = 1;
  known_time known;           ///< when what the run reads became known
  day_source* days = nullptr; ///< outlives every actor of the run
  /// One-for-one and without pauses: `hosted_twins` knows no time.
  restart_policy twin_restarts = timeless_restarts;
  /// What threads have in hand is marked here; outlives every actor of the run. Nothing: a death tells nobody anything.
  in_flight_marker_file* in_flight = nullptr;
  source_names sources;                      ///< of files, letters and senders, for the marker
  std::unique_ptr<careful_readings> careful; ///< readings that may have ended a process; nothing: none
  std::vector<connection_index> parked{};    ///< whose twins an earlier run parked, ascending
  std::vector<open_letter> letters{};        ///< dead letters that wait, by connection, sealed ones first
  /// Instead of `meter_twin::assess`: tests give one that fails.
  assess_function assess = nullptr;
  /// Called when a transformer begins its part of a group, and with 0 for a group when it begins a part of its summary:
  /// tests give one that throws, which ends the transformer.
  group_function before_group = nullptr;
  /// Called when a block of lines has been read and is to be decoded: tests give one that throws, which ends the
  /// decoder.
  block_function before_block = nullptr;
  /// Called before each commit, and before the store is closed: tests give one that takes its time.
  commit_function before_commit = nullptr;
  /// What is judged is encoded for the store; without, it is folded, counted, and kept in memory alone.
  bool stores = true;

  /// Groups of batches up to this one are durable. Written by the commit writer.
  std::atomic<std::uint64_t> committed_group{0};
  /// Days of meters held in memory by all transformers. Written by each of them.
  std::atomic<std::int64_t> open_days{0};
};

} // namespace gridtwin
