#include "src/commands/twins.hpp"

#include "config/printable_text.hpp"
#include "src/commands/letter_replay.hpp"
#include "src/commands/operator_options.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/store_gaps.hpp"
#include "src/commands/store_view.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/store/supervision_record.hpp"
#include "src/store/transformer_day_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view twins_command = "twins";

struct twin_options {
  std::string store;
  std::string meter;
  bool json = false;
  operator_options operator_;
};

/// What the store knows of the supervision of twins.
struct supervised_twins {
  std::vector<parked_twin> parked;
  std::vector<twin_record> records;
  std::vector<kept_letter> waiting;

  static result<supervised_twins> read(sqlite_database& database, std::optional<mpan> of = {}) {
    supervised_twins out;
    auto parked = parked_twins(database);
    if (!parked)
      return parked.failure();
    auto records = twin_records(database);
    if (!records)
      return records.failure();
    auto letters = list_letters(database, {{}, letter_state::waiting, of});
    if (!letters)
      return letters.failure();
    out.parked = std::move(*parked);
    out.records = std::move(*records);
    out.waiting = std::move(*letters);
    if (of) {
      std::erase_if(out.parked, [&of](const parked_twin& t) { return t.meter != *of; });
      std::erase_if(out.records, [&of](const twin_record& t) { return t.meter != *of; });
    }
    return out;
  }
  const parked_twin* parked_at(transformer_number t, twin_slot slot) const noexcept {
    for (const parked_twin& one : parked)
      if (one.transformer == t && one.twin == slot)
        return &one;
    return nullptr;
  }
};

int list(const twin_options& o) {
  auto store = readable_store::open(o.store);
  if (!store)
    return report_failure(twins_command, store.failure());
  const auto twins = supervised_twins::read(store->database);
  if (!twins)
    return report_failure(twins_command, twins.failure());
  std::map<std::string, std::uint64_t> waiting;
  for (const kept_letter& l : twins->waiting)
    ++waiting[l.letter.input.meter];
  std::string out;
  for (const twin_record& t : twins->records) {
    const bool parked = twins->parked_at(t.transformer, t.twin) != nullptr;
    const std::string meter = to_string(t.meter);
    if (o.json)
      out +=
        fmt::format("{{\"mpan\":\"{}\",\"state\":\"{}\",\"restarts\":{},\"run\":{},\"waiting\":{},\"reason\":{}}}\n",
                    meter, parked ? "parked" : "running", t.restarts, t.run, waiting[meter], json_string(t.reason));
    else
      out += fmt::format("{}  {:<7}  {:>8}  {:>7}  {:>5}  {}\n", meter, parked ? "parked" : "running", t.restarts,
                         waiting[meter], t.run, t.reason);
  }
  if (!o.json)
    out = out.empty() ? "no twin has ever failed\n"
                      : "mpan           state    restarts  waiting    run  last failure\n" + out;
  return print_result(twins_command, out);
}

result<mpan> meter_of(const std::string& text) {
  const auto meter = parse_mpan(text);
  if (!meter)
    return error{errc::usage, in_quotes(text) + " is no MPAN: 13 digits with a check digit"};
  return *meter;
}

/// What a twin holds at one connection, over all that is stored.
struct held_readings {
  std::size_t days = 0;
  std::uint64_t periods = 0; ///< half hours with a current value, of each quantity
  std::optional<period> first;
  std::optional<period> last;
};

result<held_readings> readings_at(store_view& view, connection_index c) {
  held_readings out;
  const transformer_index t = view.estate().transformer_of(view.estate().connections[c.value]);
  transformer_day_reader reader(view.cut(), t);
  for (const utc_day day : view.days_of(t)) {
    if (auto loaded = reader.load(day); !loaded)
      return loaded.failure();
    const auto place = reader.place_of(view.topology().slot_of[c.value]);
    if (!place)
      continue;
    std::uint64_t any = 0;
    for (const quantity q : quantities_by_name)
      if (const meter_day* const held = reader.twin(*place).find(day, q)) {
        out.periods += static_cast<std::uint64_t>(std::popcount(held->current_mask()));
        any |= held->current_mask();
      }
    if (any == 0)
      continue;
    ++out.days;
    if (!out.first)
      out.first = period_at(day, std::countr_zero(any));
    out.last = period_at(day, static_cast<int>(std::bit_width(any)) - 1);
  }
  return out;
}

/// A connection of the meter as text or as a JSON object.
result<std::string> describe(store_view& view, connection_index c, const supervised_twins& twins, bool json) {
  const estate& e = view.estate();
  const connection& row = e.connections[c.value];
  const transformer_index t = e.transformer_of(row);
  const auto held = readings_at(view, c);
  if (!held)
    return held.failure();
  const transformer_number number = view.topology().number_of[t.value];
  const twin_slot slot = view.topology().slot_of[c.value];
  const parked_twin* const parked = twins.parked_at(number, slot);
  std::uint64_t restarts = 0;
  std::string last;
  for (const twin_record& r : twins.records)
    if (r.transformer == number && r.twin == slot) {
      restarts = r.restarts;
      last = r.reason;
    }
  const std::string first_end = held->first ? format_period(*held->first) : "";
  const std::string last_end = held->last ? format_period(*held->last) : "";
  if (json)
    return fmt::format("{{\"transformer\":{},\"feeder\":{},\"state\":\"{}\",\"restarts\":{},\"last_failure\":{},"
                       "\"days\":{},\"periods\":{},\"first_period_end\":{},\"last_period_end\":{}}}",
                       json_string(e.transformers[t.value].id), json_string(e.feeder_of(row).id),
                       parked != nullptr ? "parked" : "running", restarts, json_string(last), held->days, held->periods,
                       json_string(first_end), json_string(last_end));
  std::string out = fmt::format("  at transformer {}, feeder {}: {}\n", e.transformers[t.value].id, e.feeder_of(row).id,
                                parked != nullptr ? "parked in run " + std::to_string(parked->run) : "running");
  out += held->days == 0 ? "    holds no readings\n"
                         : fmt::format("    holds {} half hours of {} UTC days, {} to {}\n",
                                       with_thousands(held->periods), with_thousands(held->days), first_end, last_end);
  if (restarts != 0 || !last.empty())
    out += fmt::format("    restarted {} times; last failure: {}\n", restarts, last);
  return out;
}

int show(const twin_options& o) { return show_twin(o.store, o.meter, o.json); }

int unpark(const twin_options& o) {
  catch_interrupts();
  const auto meter = meter_of(o.meter);
  if (!meter)
    return report_failure(twins_command, meter.failure());
  const auto folder = store_folder::for_writing(o.store);
  if (!folder)
    return report_failure(twins_command, folder.failure());
  auto database = folder->connect_reader();
  if (!database)
    return report_failure(twins_command, database.failure());
  auto twins = supervised_twins::read(*database, *meter);
  if (!twins)
    return report_failure(twins_command, twins.failure());
  if (twins->parked.empty())
    return report_failure(twins_command, {errc::usage, "the twin of " + to_string(*meter)
                                                         + " is not parked (gridtwin twins list shows which are)"});
  for (const parked_twin& t : twins->parked)
    if (const auto done = unpark_twin(*folder, t.transformer, t.twin, o.operator_.act()); !done)
      return report_failure(twins_command, done.failure());
  std::erase_if(twins->waiting, [](const kept_letter& l) { return l.letter.cause != letter_cause::twin_parked; });
  const std::size_t waited = twins->waiting.size();
  const auto played = play_letters(*folder, std::move(twins->waiting), o.operator_.act());
  if (!played)
    return report_failure(twins_command, played.failure());
  const std::int64_t failed = played->counts.of(verdict::twin_failed);
  if (o.json)
    return print_result(twins_command,
                        fmt::format("{{\"mpan\":\"{}\",\"letters\":{},\"accepted\":{},\"waiting\":{}}}\n",
                                    to_string(*meter), waited, played->counts.of(verdict::accepted), failed));
  return print_result(twins_command, fmt::format("the twin of {} runs again; of {} readings that waited for it {} were "
                                                 "accepted, {} still wait\n",
                                                 to_string(*meter), with_thousands(waited),
                                                 played->counts.of(verdict::accepted), failed));
}

} // namespace

int show_twin(const std::string& store, const std::string& mpan_text, bool json) {
  const auto meter = meter_of(mpan_text);
  if (!meter)
    return report_failure(twins_command, meter.failure());
  auto view = store_view::open(store);
  if (!view)
    return report_failure(twins_command, view.failure());
  const auto twins = supervised_twins::read(view->reader().database(), *meter);
  if (!twins)
    return report_failure(twins_command, twins.failure());
  std::string rows;
  for (std::uint32_t c = 0; c < view->estate().connections.size(); ++c) {
    if (view->estate().connections[c].mpan != *meter)
      continue;
    const auto one = describe(*view, {c}, *twins, json);
    if (!one)
      return report_failure(twins_command, one.failure());
    rows += (json && !rows.empty() ? "," : "") + *one;
  }
  if (rows.empty())
    return report_failure(twins_command, {errc::usage, "the store's estate has no meter " + to_string(*meter)});
  if (json) {
    std::string letters;
    for (const kept_letter& l : twins->waiting)
      letters += (letters.empty() ? "" : ",") + std::to_string(l.id);
    return print_result(twins_command, fmt::format("{{\"mpan\":\"{}\",\"twins\":[{}],\"waiting\":[{}]}}\n",
                                                   to_string(*meter), rows, letters));
  }
  std::string out = "Twin of meter " + to_string(*meter) + "\n" + rows;
  constexpr std::size_t shown = 5;
  out += fmt::format("  {} dead letters wait{}\n", with_thousands(twins->waiting.size()),
                     twins->waiting.empty() ? "" : ", the last are");
  const std::size_t first = twins->waiting.size() > shown ? twins->waiting.size() - shown : 0;
  for (std::size_t i = first; i < twins->waiting.size(); ++i) {
    const kept_letter& l = twins->waiting[i];
    out += fmt::format("    {} {} {}: {}, {}\n", l.id, l.letter.input.quantity, l.letter.input.period_end,
                       name_of(l.letter.cause), l.letter.input.detail);
  }
  return print_result(twins_command, out);
}

void register_twins(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  const auto add = [&select](CLI::App& to, const char* name, const char* what, int (*run)(const twin_options&)) {
    auto o = std::make_shared<twin_options>();
    CLI::App* sub = to.add_subcommand(name, what);
    sub->add_option("--store", o->store, "Folder of the store")->required();
    sub->add_flag("--json", o->json, "Print JSON instead of text");
    sub->callback([o, select, run] { select([o, run] { return run(*o); }); });
    return std::pair(sub, o);
  };
  CLI::App* app = parent.add_subcommand("twins", "Twins that failed: shows them, lets parked ones judge again");
  app->require_subcommand(1);
  app->footer(
    "A twin that fails four times with nothing between that it judges well is parked: its readings are kept as\n"
    "dead letters until an operator says that it may go on.\n"
    "Example:\n  gridtwin twins list --store store\n  gridtwin twins unpark 1200000000002 --store store");
  add(*app, "list", "Lists twins that ever failed", list);
  const auto [shown, show_options] =
    add(*app, "show", "Shows a twin: where it hangs, what it holds, how it failed, what waits for it", show);
  shown->add_option("mpan", show_options->meter, "The meter's MPAN")->required();
  const auto [unparked, unpark_options] =
    add(*app, "unpark", "Lets a parked twin judge again, first what waited for it", unpark);
  unparked->add_option("mpan", unpark_options->meter, "The meter's MPAN")->required();
  add_operator_options(*unparked, unpark_options->operator_);
}

} // namespace gridtwin
