#include "src/commands/tail.hpp"

#include "config/printable_text.hpp"
#include "src/api/event_json.hpp"
#include "src/commands/terminal.hpp"
#include "src/gaps/gap_topic.hpp"
#include "src/half_hours/half_hour_topic.hpp"
#include "src/node/told_alarms.hpp"
#include "src/process/interrupt.hpp"
#include "src/settled_days/settled_day_topic.hpp"
#include "src/store/audit.hpp"
#include "src/store/reading_topic.hpp"
#include "src/store/store_figures.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/store_reader.hpp"
#include "twins/publication.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

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
  bool json = false; ///< asked for; it is JSON anyway
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

/// Where a topic's events come from, a shard at a time.
struct tail_progress {
  std::int64_t last_offset = 0;
  bool at_end = false;
};
/// Appends the events behind an offset as lines.
using tail_reader = std::function<result<tail_progress>(std::uint32_t shard, std::int64_t after, std::string& lines)>;

template <class Events>
void append_lines(const Events& events, std::string& lines, const auto& append) {
  for (const auto& e : events) {
    append(e, lines);
    lines += '\n';
  }
}

result<tail_reader> reading_tail(sqlite_database& database) {
  auto opened = reading_topic::over(database);
  if (!opened)
    return opened.failure();
  const auto topic = std::make_shared<reading_topic>(std::move(*opened));
  return tail_reader([topic](std::uint32_t shard, std::int64_t after, std::string& lines) -> result<tail_progress> {
    const auto batch = topic->read(shard, after, events_at_once);
    if (!batch)
      return batch.failure();
    append_lines(batch->events, lines, [](const reading_event& e, std::string& to) { append_event_json(e, {}, to); });
    return tail_progress{batch->last_offset, batch->at_end};
  });
}

result<tail_reader> half_hour_tail(sqlite_database& database, bool of_feeders) {
  auto opened = half_hour_topic::over(database, std::make_shared<past_settings>());
  if (!opened)
    return opened.failure();
  const auto topic = std::make_shared<half_hour_topic>(std::move(*opened));
  return tail_reader(
    [topic, of_feeders](std::uint32_t shard, std::int64_t after, std::string& lines) -> result<tail_progress> {
      const auto batch = topic->read(shard, after, events_at_once, default_privacy_floor); // which hides nothing here
      if (!batch)
        return batch.failure();
      append_lines(of_feeders ? batch->feeders : batch->transformers, lines,
                   [](const half_hour_event& e, std::string& to) { append_event_json(e, true, to); });
      return tail_progress{batch->last_offset, batch->at_end};
    });
}

result<tail_reader> gap_tail(sqlite_database& database, const std::string& store) {
  auto opened =
    gap_topic::over(database, std::make_shared<past_settings>(), [store] { return is_surely_unwritten(store); });
  if (!opened)
    return opened.failure();
  const auto topic = std::make_shared<gap_topic>(std::move(*opened));
  return tail_reader([topic](std::uint32_t shard, std::int64_t after, std::string& lines) -> result<tail_progress> {
    const auto batch = topic->read(shard, after, events_at_once);
    if (!batch)
      return batch.failure();
    append_lines(batch->events, lines, [](const gap_event& e, std::string& to) { append_event_json(e, {}, to); });
    return tail_progress{batch->last_offset, batch->at_end};
  });
}

/// A record of a large estate is longer than what should be in memory: it is printed part by part.
result<tail_reader> settled_day_tail(const store_folder& folder) {
  auto reader = store_reader::open(folder);
  if (!reader)
    return reader.failure();
  struct place {
    store_reader reader;
    settled_day_topic topic{reader, std::make_shared<settled_runs>(std::make_shared<past_settings>())};
    std::uint32_t of_it = 0; ///< events of the record behind the offset that were printed
  };
  const auto at = std::make_shared<place>(std::move(*reader));
  return tail_reader([at](std::uint32_t shard, std::int64_t after, std::string& lines) -> result<tail_progress> {
    if (shard != estate_shard)
      return tail_progress{after, true};
    const auto batch = at->topic.read(at->of_it == 0 ? after : after + 1, at->of_it);
    if (!batch)
      return batch.failure();
    append_lines(batch->events, lines,
                 [](const settled_day_event& e, std::string& to) { append_event_json(e, {}, to); });
    at->of_it = batch->of_it;
    return tail_progress{at->of_it == 0 ? batch->last_offset : batch->last_offset - 1, batch->at_end};
  });
}

tail_reader audit_tail(sqlite_database& database) {
  return [&database](std::uint32_t shard, std::int64_t after, std::string& lines) -> result<tail_progress> {
    if (shard != estate_shard)
      return tail_progress{after, true};
    const auto read = read_acts(database, after);
    if (!read)
      return read.failure();
    append_lines(read->acts, lines, [](const journal_act& act, std::string& to) { append_event_json(act, {}, to); });
    return tail_progress{read->last_offset, read->at_end};
  };
}

tail_reader alarm_tail(const std::string& store) {
  const auto alarms = std::make_shared<told_alarms>(store);
  return [alarms](std::uint32_t shard, std::int64_t after, std::string& lines) -> result<tail_progress> {
    if (shard != 0)
      return tail_progress{after, true};
    const auto read = alarms->after(after, events_at_once);
    if (!read)
      return read.failure();
    append_lines(*read, lines, [](const told_alarm& a, std::string& to) { append_event_json(a, {}, true, to); });
    return tail_progress{read->empty() ? after : read->back().record.offset(), read->size() < events_at_once};
  };
}

result<tail_reader> tail_of(const tail_options& o, const store_folder& folder, sqlite_database& database) {
  const std::string& topic = o.topic;
  if (topic == "reading")
    return reading_tail(database);
  if (topic == "feeder.half_hour" || topic == "transformer.half_hour")
    return half_hour_tail(database, topic == "feeder.half_hour");
  if (topic == "gap")
    return gap_tail(database, o.store);
  if (topic == "settlement.day")
    return settled_day_tail(folder);
  if (topic == "audit")
    return audit_tail(database);
  if (topic == "alarm")
    return alarm_tail(o.store);
  return error{errc::usage, "there is no topic " + in_quotes(topic)
                              + ": reading, gap, feeder.half_hour, transformer.half_hour, settlement.day, audit and "
                                "alarm are there"};
}

int run(const tail_options& o) {
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
  const auto read = tail_of(o, *folder, *database);
  if (!read)
    return report_failure(tail_command, read.failure());
  for (;;) {
    bool at_end = true;
    for (std::uint32_t shard = 0; shard < shard_count && !interrupted(); ++shard) {
      std::int64_t& after = (*from)[shard];
      std::string lines;
      const auto progress = (*read)(shard, after, lines);
      if (!progress)
        return report_failure(tail_command, progress.failure());
      if (!lines.empty()
          && (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size() || std::fflush(stdout) != 0))
        return report_failure(tail_command, {errc::store_failed, "standard output cannot take more"});
      after = progress->last_offset;
      at_end = at_end && progress->at_end;
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
  app
    ->add_option(
      "topic", o->topic,
      "reading: every reading that was added; feeder.half_hour, transformer.half_hour: the figures of the half\n"
      "hours that were touched, as they were known then; gap: gaps of meters as they are opened and closed;\n"
      "settlement.day: what runs of settlement settled; "
      "audit: who did what; alarm: what happened to alarms")
    ->required();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--from", o->from,
                  "Go on behind these offsets, as 5:120,7:3; a shard that is not named: from its first");
  app->add_flag("--follow", o->follow, "Wait for more, until Ctrl-C");
  app->add_flag("--json", o->json, "Changes nothing: events are JSON already");
  app->footer(
    "Events of a shard come in the order of their offsets, those of one offset together. Whoever keeps the last\n"
    "offset of each shard goes on without gap or repeat; an event has the same bytes whenever it is read.\n"
    "Example:\n  gridtwin tail reading --store store --from 5:120");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
