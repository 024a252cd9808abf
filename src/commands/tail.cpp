#include "src/commands/tail.hpp"

#include "config/printable_text.hpp"
#include "src/api/event_json.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/store/reading_topic.hpp"
#include "src/store/store_folder.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace gridtwin {

namespace {

constexpr std::string_view tail_command = "tail";
constexpr std::size_t events_at_once = 10'000;
constexpr std::chrono::milliseconds pause{200};

struct tail_options {
  std::string topic;
  std::string store;
  std::string from;
  bool follow = false;
};

/// Behind which offset to go on, by shard: `5:120,7:3`.
result<std::map<std::uint32_t, std::int64_t>> parse_pointer(const std::string& text) {
  std::map<std::uint32_t, std::int64_t> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    std::uint32_t shard = 0;
    std::int64_t offset = 0;
    const std::size_t colon = one.find(':');
    const auto number = [](std::string_view digits, auto& value) {
      const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return failed == std::errc() && end == digits.data() + digits.size() && value >= 0;
    };
    if (colon == std::string_view::npos || !number(one.substr(0, colon), shard) || shard >= shard_count
        || !number(one.substr(colon + 1), offset) || !out.emplace(shard, offset).second)
      return error{errc::usage,
                   "--from must be SHARD:OFFSET, with commas between, as 5:120,7:3; not " + in_quotes(text)};
  }
  return out;
}

int run(const tail_options& o) {
  if (o.topic != "reading")
    return report_failure(tail_command, {errc::usage, "there is no topic " + in_quotes(o.topic) + ": reading is one"});
  auto from = parse_pointer(o.from);
  if (!from)
    return report_failure(tail_command, from.failure());
  catch_interrupts();
  const auto folder = store_folder::for_reading(o.store);
  if (!folder)
    return report_failure(tail_command, folder.failure());
  auto database = folder->connect_reader();
  if (!database)
    return report_failure(tail_command, database.failure());
  auto topic = reading_topic::over(*database);
  if (!topic)
    return report_failure(tail_command, topic.failure());
  for (;;) {
    bool at_end = true;
    for (std::uint32_t shard = 0; shard < shard_count && !interrupted(); ++shard) {
      std::int64_t& after = (*from)[shard];
      const auto batch = topic->read(shard, after, events_at_once);
      if (!batch)
        return report_failure(tail_command, batch.failure());
      std::string lines;
      for (const reading_event& e : batch->events) {
        append_event_json(e, {}, lines);
        lines += '\n';
      }
      if (!lines.empty()
          && (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size() || std::fflush(stdout) != 0))
        return report_failure(tail_command, {errc::store_failed, "standard output cannot take more"});
      after = batch->last_offset;
      at_end = at_end && batch->at_end;
    }
    if (interrupted())
      return 0;
    if (!at_end)
      continue;
    if (!o.follow)
      return 0;
    std::this_thread::sleep_for(pause);
  }
}

} // namespace

void register_tail(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<tail_options>();
  CLI::App* app =
    parent.add_subcommand("tail", "Prints a topic's events, one JSON object a line, as they become durable");
  app->add_option("topic", o->topic, "reading: every reading that was added, in order within its shard")->required();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--from", o->from,
                  "Go on behind these offsets, as 5:120,7:3; a shard that is not named: from its first");
  app->add_flag("--follow", o->follow, "Wait for more, until Ctrl-C");
  app->footer(
    "Events of a shard come in the order of their offsets, those of one offset together. Whoever keeps the last\n"
    "offset of each shard goes on without gap or repeat; an event's id is the same whenever it is read.\n"
    "Example:\n  gridtwin tail reading --store store --from 5:120");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
