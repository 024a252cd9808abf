#include "src/bench/bench_memory.hpp"

#include "actors/transformer.hpp"
#include "config/printable_text.hpp"
#include "src/bench/round_conductor.hpp"
#include "src/bench/twin_rounds.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/resident_memory.hpp"

#include <caf/actor_control_block.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view bench_memory_command = "bench memory";

struct part {
  std::string_view name;
  std::string_view what;
  std::uint64_t bytes = 0; ///< a twin
};

/// What glibc adds to a block, and rounds up.
constexpr std::uint64_t block_overhead(std::uint64_t bytes) {
  constexpr std::uint64_t head = 8;
  constexpr std::uint64_t grain = 16;
  return (bytes + head + grain - 1) / grain * grain - bytes;
}

/// From the sizes of types, not from a measurement: what is left of the measured total is named as such.
std::vector<part> parts_of(const bench_estate_plan& plan) {
  constexpr std::uint64_t control = sizeof(caf::actor_control_block);
  constexpr std::uint64_t actor = control + sizeof(meter_twin_actor);
  std::vector<part> out{
    {"control block", "CAF: reference counts, id, node, system", control},
    {"actor", "CAF: lock, links and monitors, exit reason; its host", sizeof(meter_twin_actor)},
    {"allocation", "of the two above, one block", block_overhead(actor)},
    {"twin", "its list of days; whole cache lines", sizeof(meter_twin) - sizeof(open_day)},
    {"open day", "48 values of 16 bits, masks, overflow", sizeof(open_day)},
    {"connection", "its row of meters.csv", sizeof(connection)},
    {"slot", "its number in the store", sizeof(twin_slot)},
    {"place", "kept by its host: handle, counters, restarts, last use, row",
     hosted_twins::bytes_a_place + open_days::bytes_a_place + group_additions::bytes_a_place},
    {"feeder's day", "48 sums and counts, shared by the feeder's meters", sizeof(day_load) / plan.meters_a_feeder},
  };
  if (plan.exports) {
    constexpr std::uint64_t list = sizeof(std::vector<open_day>);
    out.push_back({"export day", "the open day of the second quantity, in a block of its own",
                   sizeof(open_day) + block_overhead(sizeof(open_day)) + list + block_overhead(list)});
  }
  return out;
}

std::string to_json(const bench_memory_options& o, const std::vector<part>& parts, std::uint64_t measured) {
  std::string out = fmt::format("{{\"meters\":{},\"exports\":{},\"bytes_per_twin\":{},\"parts\":{{", o.estate.meters,
                                o.estate.exports, measured);
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : ",") + json_string(parts[i].name) + ":" + std::to_string(parts[i].bytes);
  return out + "}}\n";
}

std::string to_text(const bench_memory_options& o, const std::vector<part>& parts, std::uint64_t measured) {
  std::string out = fmt::format("Bytes a twin with an open day{}, {} meters\n", o.estate.exports ? " and export" : "",
                                with_thousands(o.estate.meters));
  std::uint64_t sum = 0;
  for (const part& p : parts) {
    out += fmt::format("  {:>5}  {:<14} {}\n", p.bytes, p.name, p.what);
    sum += p.bytes;
  }
  const auto rest = static_cast<std::int64_t>(measured) - static_cast<std::int64_t>(sum);
  out += fmt::format("  {:>5}  {:<14} {}\n", rest, "the rest", "transformers and feeders, program, messages under way");
  return out + fmt::format("  {:>5}  resident memory of the process a twin\n", measured);
}

} // namespace

int run_bench_memory(const bench_memory_options& options) {
  bench_system_options config(1);
  caf::actor_system system(config);
  twin_rounds rounds(system, options.estate);
  rounds.spawn(delivery_path::group);
  if (!rounds.run_round(delivery_path::group))
    return report_failure(bench_memory_command, {errc::store_failed, "the twins did not accept what they were sent"});
  const std::uint64_t measured = resident_bytes() / options.estate.meters;
  const std::vector<part> parts = parts_of(options.estate);
  return print_result(bench_memory_command,
                      options.json ? to_json(options, parts, measured) : to_text(options, parts, measured));
}

} // namespace gridtwin
