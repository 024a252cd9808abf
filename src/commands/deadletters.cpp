#include "src/commands/deadletters.hpp"

#include "config/printable_text.hpp"
#include "src/commands/letter_replay.hpp"
#include "src/commands/operator_options.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/store/supervision_record.hpp"
#include "twins/rule_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view deadletters_command = "deadletters";

struct letter_options {
  std::string store;
  std::string state = "waiting";
  std::string meter;
  std::vector<std::int64_t> ids;
  bool all = false;
  bool json = false;
  operator_options operator_;
};

std::string json_of(const kept_letter& l, bool whole) {
  const kept_reject& input = l.letter.input;
  const content& c = l.letter.reading.content;
  std::string out = fmt::format(
    "{{\"id\":{},\"state\":\"{}\",\"cause\":\"{}\",\"attempts\":{},\"mpan\":{},\"quantity\":{},\"period_end\":{},"
    "\"version\":{},\"wh\":{},\"quality\":\"{}\",\"source\":{},\"line\":{},\"item\":{},\"run\":{},\"reason\":{}",
    l.id, name_of(l.state), name_of(l.letter.cause), l.letter.attempts, json_string(input.meter),
    json_string(input.quantity), json_string(input.period_end), l.letter.reading.version, c.wh, name_of(c.quality),
    json_string(l.source), input.line, input.item, l.run, json_string(input.detail));
  if (whole)
    out += ",\"body\":" + json_string(input.raw);
  return out + "}\n";
}

std::string line_of(const kept_letter& l) {
  const kept_reject& input = l.letter.input;
  return fmt::format("{:>6}  {:<8} {:<13} {:>8}  {}  {}  {}  {:>8} Wh  {}:{}  {}\n", l.id, name_of(l.state),
                     name_of(l.letter.cause), l.letter.attempts, input.meter, input.quantity, input.period_end,
                     l.letter.reading.content.wh, printable(l.source), input.line, input.detail);
}

std::string page_of(const kept_letter& l) {
  const kept_reject& input = l.letter.input;
  const content& c = l.letter.reading.content;
  return fmt::format("Dead letter {}\n"
                     "  state      {}\n"
                     "  cause      {}, after {} attempts\n"
                     "  reason     {}\n"
                     "  reading    {} {} {} version {}: {} Wh, quality {}\n"
                     "  from       {}, line {}, item {}, run {}\n"
                     "  body       {}\n",
                     l.id, name_of(l.state), name_of(l.letter.cause), l.letter.attempts, input.detail, input.meter,
                     input.quantity, input.period_end, l.letter.reading.version, c.wh, name_of(c.quality),
                     printable(l.source), input.line, input.item, l.run, printable(input.raw, 1000));
}

/// Error: usage.
result<letter_filter> filter_of(const letter_options& o) {
  letter_filter out;
  if (o.state != "all") {
    out.state = parse_letter_state(o.state);
    if (!out.state)
      return error{errc::usage, "--state is waiting, settled, dropped or all"};
  }
  if (!o.meter.empty()) {
    out.meter = parse_mpan(o.meter);
    if (!out.meter)
      return error{errc::usage, in_quotes(o.meter) + " is no MPAN: 13 digits with a check digit"};
  }
  return out;
}

int list(const letter_options& o) {
  const auto filter = filter_of(o);
  if (!filter)
    return report_failure(deadletters_command, filter.failure());
  auto store = readable_store::open(o.store);
  if (!store)
    return report_failure(deadletters_command, store.failure());
  std::string out;
  std::uint64_t count = 0;
  const auto read = for_each_letter(store->database, *filter, [&](const kept_letter& l) {
    out += o.json ? json_of(l, false) : line_of(l);
    ++count;
    return true;
  });
  if (!read)
    return report_failure(deadletters_command, read.failure());
  if (!o.json)
    out = count == 0 ? "no dead letters\n"
                     : "    id  state    cause         attempts  reading, source and line, reason\n" + out;
  return print_result(deadletters_command, out);
}

/// The letters that are named; an error names the first that is not there.
result<std::vector<kept_letter>> letters_by_id(sqlite_database& database, const std::vector<std::int64_t>& ids) {
  std::vector<kept_letter> out;
  for (const std::int64_t id : ids) {
    auto found = list_letters(database, {id, {}, {}});
    if (!found)
      return found.failure();
    if (found->empty())
      return error{errc::usage, "there is no dead letter " + std::to_string(id)
                                  + " (gridtwin deadletters list --state all shows what there is)"};
    out.push_back(std::move(found->front()));
  }
  return out;
}

int show(const letter_options& o) {
  auto store = readable_store::open(o.store);
  if (!store)
    return report_failure(deadletters_command, store.failure());
  const auto letters = letters_by_id(store->database, o.ids);
  if (!letters)
    return report_failure(deadletters_command, letters.failure());
  std::string out;
  for (const kept_letter& l : *letters)
    out += o.json ? json_of(l, true) : page_of(l);
  return print_result(deadletters_command, out);
}

/// What `replay` and `drop` are about: the letters that are named, or with --all those that wait.
result<std::vector<kept_letter>> chosen_letters(const letter_options& o, const store_folder& folder) {
  if (o.all == !o.ids.empty())
    return error{errc::usage, "name dead letters by their ids, or give --all"};
  auto filter = filter_of(o);
  if (!filter)
    return filter.failure();
  auto database = folder.connect_reader();
  if (!database)
    return database.failure();
  filter->state = letter_state::waiting;
  return o.all ? list_letters(*database, *filter) : letters_by_id(*database, o.ids);
}

/// Meters of letters whose twins are parked, and so judge nothing: each once, in order.
result<std::vector<std::string>> parked_meters(const store_folder& folder, const std::set<std::string>& of_letters) {
  auto database = folder.connect_reader();
  if (!database)
    return database.failure();
  const auto parked = parked_twins(*database);
  if (!parked)
    return parked.failure();
  std::set<std::string> out;
  for (const parked_twin& twin : *parked)
    if (std::string meter = to_string(twin.meter); of_letters.contains(meter))
      out.insert(std::move(meter));
  return std::vector<std::string>(out.begin(), out.end());
}

/// Says what is to be done before these letters can be judged.
void tell_of_parked(const std::vector<std::string>& meters) {
  if (meters.empty())
    return;
  constexpr std::size_t shown = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(shown, meters.size()); ++i)
    names += (i == 0 ? "" : ", ") + meters[i];
  std::fprintf(stderr,
               "note: the twins of %zu of these meters are parked and judge nothing (%s%s): run gridtwin twins unpark "
               "for each, then play what still waits\n",
               meters.size(), names.c_str(), meters.size() > shown ? ", ..." : "");
}

int replay(const letter_options& o) {
  catch_interrupts();
  const auto folder = store_folder::for_writing(o.store);
  if (!folder)
    return report_failure(deadletters_command, folder.failure());
  auto letters = chosen_letters(o, *folder);
  if (!letters)
    return report_failure(deadletters_command, letters.failure());
  const std::size_t asked = letters->size();
  std::set<std::string> meters;
  for (const kept_letter& l : *letters)
    meters.insert(l.letter.input.meter);
  const auto played = play_letters(*folder, std::move(*letters), o.operator_.act());
  if (!played)
    return report_failure(deadletters_command, played.failure());
  const auto parked = parked_meters(*folder, meters);
  if (!parked)
    return report_failure(deadletters_command, parked.failure());
  tell_of_parked(*parked);
  const run_counts& c = played->counts;
  const std::int64_t waiting = c.of(verdict::twin_failed) + static_cast<std::int64_t>(played->unknown_meters);
  std::int64_t refused = -c.of(verdict::twin_failed);
  for (std::size_t i = 0; i < verdict_count; ++i)
    if (const auto v = static_cast<verdict>(i); is_rejected(v) || is_quarantined(v))
      refused += c.by_verdict[i];
  if (o.json)
    return print_result(deadletters_command,
                        fmt::format("{{\"letters\":{},\"accepted\":{},\"duplicates\":{},\"conflicts\":{},"
                                    "\"refused\":{},\"waiting\":{},\"parked_twins\":{}}}\n",
                                    asked, c.of(verdict::accepted), c.of(verdict::duplicate), c.of(verdict::conflict),
                                    refused, waiting, parked->size()));
  return print_result(deadletters_command,
                      fmt::format("{} dead letters played: {} accepted, {} duplicates, {} in conflict, {} refused, {} "
                                  "still wait\n",
                                  asked, c.of(verdict::accepted), c.of(verdict::duplicate), c.of(verdict::conflict),
                                  refused, waiting));
}

int drop(const letter_options& o) {
  const auto folder = store_folder::for_writing(o.store);
  if (!folder)
    return report_failure(deadletters_command, folder.failure());
  const auto letters = chosen_letters(o, *folder);
  if (!letters)
    return report_failure(deadletters_command, letters.failure());
  std::uint64_t dropped = 0;
  for (const kept_letter& l : *letters) {
    const auto done = drop_letter(*folder, l.id, o.operator_.act());
    if (!done)
      return report_failure(deadletters_command, done.failure());
    dropped += *done == letter_state::waiting ? 1 : 0;
  }
  const std::string text = o.json ? fmt::format("{{\"letters\":{},\"dropped\":{}}}\n", letters->size(), dropped)
                                  : fmt::format("{} of {} dead letters dropped\n", dropped, letters->size());
  return print_result(deadletters_command, text);
}

} // namespace

void register_deadletters(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  CLI::App* app = parent.add_subcommand(
    "deadletters", "Readings that their twins could not judge: shows them, has them judged again, drops them");
  app->require_subcommand(1);
  app->footer("Causes: threw (its twin failed on it three times), process-died (three processes ended while it was\n"
              "judged), twin-parked (its twin had failed too often by then: gridtwin twins unpark, which plays them).\n"
              "Example:\n  gridtwin deadletters list --store store\n  gridtwin deadletters replay 17 --store store");
  const auto add = [&](const char* name, const char* what, int (*run)(const letter_options&)) {
    auto o = std::make_shared<letter_options>();
    CLI::App* sub = app->add_subcommand(name, what);
    sub->add_option("--store", o->store, "Folder of the store")->required();
    sub->add_flag("--json", o->json, "Print JSON instead of text");
    sub->callback([o, select, run] { select([o, run] { return run(*o); }); });
    return std::pair(sub, o);
  };
  const auto [listed, list_options] = add("list", "Lists dead letters, the oldest first", list);
  listed->add_option("--state", list_options->state, "waiting (default), settled, dropped or all");
  listed->add_option("--mpan", list_options->meter, "Only of this meter");
  const auto [shown, show_options] = add("show", "Shows dead letters with all that is known of them", show);
  shown->add_option("id", show_options->ids, "Ids, as listed")->required();
  const auto add_choice = [](CLI::App* sub, letter_options& o) {
    sub->add_option("id", o.ids, "Ids, as listed");
    sub->add_flag("--all", o.all, "All that wait");
    sub->add_option("--mpan", o.meter, "With --all: only of this meter");
    add_operator_options(*sub, o.operator_);
  };
  const auto [replayed, replay_options] = add(
    "replay", "Has dead letters judged again as the readings that they are; played twice, one is a duplicate", replay);
  add_choice(replayed, *replay_options);
  const auto [dropped, drop_options] =
    add("drop", "Drops dead letters that wait: they are kept, and not shown again", drop);
  add_choice(dropped, *drop_options);
}

} // namespace gridtwin
