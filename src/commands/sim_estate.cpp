#include "src/commands/sim_estate.hpp"

#include "config/printable_text.hpp"
#include "sim/estate_generator.hpp"
#include "sim/output_file.hpp"
#include "src/commands/terminal.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace gridtwin {

namespace {

constexpr std::string_view sim_estate_command = "sim estate";
/// In the order of `estate_sinks`.
constexpr std::array<std::string_view, 3> written_tables{"transformers.csv", "feeders.csv", "meters.csv"};
/// Tables of an estate that are not simulated: left over from another estate they would contradict this one.
constexpr std::array<std::string_view, 4> other_tables{"registers.csv", "annual.csv", "appointments.csv",
                                                       "load_shapes.csv"};

result<void> prepare_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure || !std::filesystem::is_directory(folder, failure))
    return error{errc::usage, "cannot make the folder " + folder.string() + ": "
                                + (failure ? failure.message() : std::string("there is a file of that name"))};
  for (const std::string_view table : other_tables)
    if (std::filesystem::exists(folder / table, failure))
      return error{errc::usage, folder.string() + " holds " + std::string(table)
                                  + " of another estate; give an empty folder or remove that file"};
  return {};
}

result<estate_counts> write_estate(const sim_estate_options& options, progress_line& progress) {
  const std::filesystem::path folder(options.out);
  if (options.meters < fewest_simulated_meters || options.meters > most_simulated_meters)
    return error{errc::usage, "--meters must be " + std::to_string(fewest_simulated_meters) + " to "
                                + std::to_string(most_simulated_meters)};
  if (auto ready = prepare_folder(folder); !ready)
    return ready.failure();
  std::array<std::unique_ptr<output_file>, written_tables.size()> files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto file = output_file::create((folder / written_tables[i]).string());
    if (!file)
      return file.failure();
    files[i] = std::move(*file);
  }
  const auto counts = generate_estate({options.meters, options.seed}, {*files[0], *files[1], *files[2]},
                                      [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  if (!counts)
    return counts.failure();
  for (const auto& file : files)
    if (auto done = file->commit(); !done)
      return done.failure();
  return *counts;
}

std::string to_json(const sim_estate_options& options, const estate_counts& counts, std::int64_t elapsed_ms) {
  return "{\"out\":" + json_string(options.out) + ",\"seed\":" + std::to_string(options.seed)
         + ",\"transformers\":" + std::to_string(counts.transformers) + ",\"feeders\":" + std::to_string(counts.feeders)
         + ",\"meters\":" + std::to_string(counts.meters) + ",\"export_meters\":" + std::to_string(counts.export_meters)
         + ",\"elapsed_s\":" + format_seconds(elapsed_ms) + "}\n";
}

std::string to_text(const sim_estate_options& options, const estate_counts& counts, std::int64_t elapsed_ms) {
  return "Wrote a simulated estate to " + options.out + " in " + format_seconds(elapsed_ms) + " s\n  "
         + with_thousands(counts.meters) + " meters, " + with_thousands(counts.export_meters)
         + " of them with export\n  " + with_thousands(counts.feeders) + " feeders\n  "
         + with_thousands(counts.transformers)
         + " transformers\n\nNext, a week of readings for it:\n  gridtwin sim reads --estate " + shell_word(options.out)
         + " --from 2026-03-01 --days 7 --seed " + std::to_string(options.seed) + " --out reads.csv\n";
}

} // namespace

int run_sim_estate(const sim_estate_options& options, const millisecond_clock& now) {
  progress_line progress("meters", now);
  const auto counts = write_estate(options, progress);
  progress.clear();
  if (!counts)
    return report_failure(sim_estate_command, counts.failure());
  const std::int64_t elapsed_ms = progress.elapsed_ms();
  return print_result(sim_estate_command,
                      options.json ? to_json(options, *counts, elapsed_ms) : to_text(options, *counts, elapsed_ms));
}

} // namespace gridtwin
