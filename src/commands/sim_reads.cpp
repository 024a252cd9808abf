#include "src/commands/sim_reads.hpp"

#include "config/printable_text.hpp"
#include "sim/output_file.hpp"
#include "sim/reads_generator.hpp"
#include "src/commands/terminal.hpp"
#include "src/ingest/estate_files.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view sim_reads_command = "sim reads";

struct outcome {
  reads_truth truth;
  std::uint64_t bytes = 0;
};

result<reads_plan> plan_of(const sim_reads_options& options) {
  reads_plan plan;
  const auto from = parse_date(options.from);
  if (!from)
    return error{errc::usage, "--from: " + from.failure().message};
  plan.from = {days_from_civil(*from)};
  plan.days = options.days;
  plan.seed = options.seed;
  const auto faults = parse_fault_rates(options.faults);
  if (!faults)
    return error{errc::usage, "--faults: " + faults.failure().message};
  plan.faults = *faults;
  const auto order = parse_row_order(options.order);
  if (!order)
    return error{errc::usage, "--order '" + options.order + "' is not one of time, meter, random"};
  plan.order = *order;
  return plan;
}

result<void> check_outputs(const sim_reads_options& options) {
  const auto ends_in_gz = [](std::string_view name) { return name.ends_with(".gz"); };
  if (ends_in_gz(options.out) || ends_in_gz(options.truth))
    return error{errc::usage, "files are written uncompressed; use --out - and pipe it through gzip"};
  if (options.out == "-" && options.json)
    return error{errc::usage, "--out - and --json both want standard output; write the readings to a file"};
  if (options.truth == "-" || (!options.truth.empty() && options.truth == options.out))
    return error{errc::usage, "--truth needs a file of its own"};
  return {};
}

result<outcome> write_reads(const sim_reads_options& options, progress_line& progress) {
  const auto plan = plan_of(options);
  if (!plan)
    return plan.failure();
  if (auto fine = check_outputs(options); !fine)
    return fine.failure();
  const auto texts = read_estate_texts(options.estate);
  if (!texts)
    return texts.failure();
  const auto source = parse_estate(*texts, options.estate);
  if (!source)
    return source.failure();
  auto reads = output_file::create(options.out);
  if (!reads)
    return reads.failure();
  std::unique_ptr<output_file> truth; // made first, so that a typing mistake does not cost the whole run
  if (!options.truth.empty()) {
    auto file = output_file::create(options.truth);
    if (!file)
      return file.failure();
    truth = std::move(*file);
  }
  const auto counts = generate_reads(*source, *plan, **reads,
                                     [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  if (!counts)
    return counts.failure();
  if (auto done = (*reads)->commit(); !done)
    return done.failure();
  if (truth != nullptr) {
    if (auto done = truth->write(to_json(*counts)); !done)
      return done.failure();
    if (auto done = truth->commit(); !done)
      return done.failure();
  }
  return outcome{*counts, (*reads)->bytes_written()};
}

std::string to_json(const sim_reads_options& options, const outcome& done, std::int64_t elapsed_ms) {
  std::string injected;
  for (std::size_t i = 0; i < fault_count; ++i)
    injected += (i == 0 ? "\"" : ",\"") + std::string(fault_names[i]) + "\":" + std::to_string(done.truth.injected[i]);
  return "{\"out\":" + json_string(options.out)
         + ",\"truth\":" + (options.truth.empty() ? std::string("null") : json_string(options.truth))
         + ",\"estate\":" + json_string(options.estate) + ",\"from\":" + json_string(options.from)
         + ",\"days\":" + std::to_string(options.days) + ",\"seed\":" + std::to_string(options.seed)
         + ",\"order\":" + json_string(options.order) + ",\"rows\":" + std::to_string(done.truth.readings)
         + ",\"bytes\":" + std::to_string(done.bytes) + ",\"injected\":{" + injected
         + "},\"elapsed_s\":" + format_seconds(elapsed_ms) + "}\n";
}

std::string to_text(const sim_reads_options& options, const outcome& done, std::int64_t elapsed_ms) {
  const reads_truth& truth = done.truth;
  std::string text = "Wrote " + with_thousands(truth.readings) + " readings ("
                     + with_thousands((done.bytes + 500'000) / 1'000'000) + " MB) of " + with_thousands(truth.meters)
                     + " meters to " + (options.out == "-" ? "standard output" : options.out) + " in "
                     + format_seconds(elapsed_ms) + " s\n";
  for (std::size_t i = 0; i < fault_count; ++i)
    if (truth.injected[i] > 0)
      text += "  " + std::string(fault_names[i]) + ": " + with_thousands(truth.injected[i]) + "\n";
  if (!options.truth.empty())
    text += "What a replay must find is in " + options.truth + "\n";
  if (options.out == "-")
    return text;
  return text + "\nNext, replay it through the twins:\n  gridtwin replay --estate " + shell_word(options.estate)
         + " --reads " + shell_word(options.out) + " --store store\n";
}

} // namespace

int run_sim_reads(const sim_reads_options& options, const millisecond_clock& now) {
  progress_line progress("half hours", now);
  const auto done = write_reads(options, progress);
  progress.clear();
  if (!done)
    return report_failure(sim_reads_command, done.failure());
  const std::int64_t elapsed_ms = progress.elapsed_ms();
  if (options.out != "-")
    return print_result(sim_reads_command,
                        options.json ? to_json(options, *done, elapsed_ms) : to_text(options, *done, elapsed_ms));
  std::fputs(to_text(options, *done, elapsed_ms).c_str(), stderr); // standard output has the readings
  return 0;
}

} // namespace gridtwin
