#include "src/commands/alarms.hpp"

#include "config/printable_text.hpp"
#include "src/alarms/alarm_book.hpp"
#include "src/commands/operator_options.hpp"
#include "src/commands/terminal.hpp"
#include "src/store/store_folder.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

struct alarm_options {
  std::string store;
  std::int64_t id = 0;
  bool all = false;
  bool json = false;
  operator_options by;
};

/// The book of a store; nothing where nobody has watched it. Error: there is no store.
result<std::optional<alarm_book>> book_of(const std::string& store) {
  if (const auto folder = store_folder::for_reading(store); !folder)
    return folder.failure();
  return alarm_book::open_existing(store);
}

std::string subject_of(const alarm_record& a) {
  switch (a.kind) {
  case alarm_kind::overload:
    return "transformer " + printable(a.transformer, 64);
  case alarm_kind::overdue:
    return "meter " + a.mpan;
  case alarm_kind::fleet_overdue:
    break;
  }
  return "the estate";
}

std::string what_is_wrong(const alarm_record& a) {
  switch (a.kind) {
  case alarm_kind::overload:
    return fmt::format("over its rating for {} half hours from {}, {}.{:02} % at {}, by {} of {} meters", a.half_hours,
                       format_period(a.first), a.peak_utilisation / 100, a.peak_utilisation % 100,
                       format_period(a.peak), a.reported, a.expected);
  case alarm_kind::overdue:
    return "has not brought " + format_period(a.first);
  case alarm_kind::fleet_overdue:
    break;
  }
  return fmt::format("{} of {} meters are overdue", a.expected - a.reported, a.expected);
}

std::string line_of(const alarm_record& a) {
  std::string out = fmt::format("{:>6}  {:<9}  {}  {:<14} {} {}\n", a.id, name_of(a.state),
                                format_instant(a.raised_at_s), name_of(a.kind), subject_of(a), what_is_wrong(a));
  if (a.acknowledged)
    out += fmt::format("        seen by {} at {}{}\n", printable(a.acknowledged->who, 100),
                       format_instant(a.acknowledged->at_s),
                       a.acknowledged->why.empty() ? "" : ": " + printable(a.acknowledged->why, 500));
  return out;
}

int list(const alarm_options& o) {
  constexpr std::string_view command = "alarms list";
  auto book = book_of(o.store);
  if (!book)
    return report_failure(command, book.failure());
  std::string out;
  if (*book) {
    const auto alarms = o.all ? (*book)->all() : (*book)->standing();
    if (!alarms)
      return report_failure(command, alarms.failure());
    for (const alarm_record& a : *alarms)
      out += o.json ? alarm_json(a) + "\n" : line_of(a);
  }
  if (out.empty() && !o.json)
    out = *book ? "no alarm stands\n" : "no node has watched this store: gridtwin run raises alarms\n";
  return print_result(command, out);
}

int show(const alarm_options& o) {
  constexpr std::string_view command = "alarms show";
  auto book = book_of(o.store);
  if (!book)
    return report_failure(command, book.failure());
  std::optional<alarm_record> found;
  if (*book) {
    auto read = (*book)->find(o.id);
    if (!read)
      return report_failure(command, read.failure());
    found = std::move(*read);
  }
  if (!found)
    return report_failure(command, {errc::usage, fmt::format("there is no alarm {}", o.id)});
  return print_result(command, o.json ? alarm_json(*found) + "\n" : line_of(*found));
}

int acknowledge(const alarm_options& o) {
  constexpr std::string_view command = "alarms ack";
  auto book = book_of(o.store);
  if (!book)
    return report_failure(command, book.failure());
  const acting by = o.by.act();
  std::optional<alarm_record> found;
  if (*book) {
    auto done = (*book)->acknowledge(o.id, {by.at_s, by.who, by.why});
    if (!done)
      return report_failure(command, done.failure());
    found = std::move(*done);
  }
  if (!found)
    return report_failure(command, {errc::usage, fmt::format("there is no alarm {}", o.id)});
  return print_result(command, o.json ? alarm_json(*found) + "\n" : line_of(*found));
}

void add_store(CLI::App& app, alarm_options& o) {
  app.add_option("--store", o.store, "Folder of the store")->required();
  app.add_flag("--json", o.json, "Print JSON, an object a line, instead of text");
}

} // namespace

void register_alarms(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<alarm_options>();
  CLI::App* alarms =
    parent.add_subcommand("alarms", "Alarms of a live node: transformers over their rating, meters that are overdue");
  alarms->require_subcommand(1);
  alarms->footer("Example:\n  gridtwin alarms list --store store --all");
  CLI::App* listed = alarms->add_subcommand("list", "Alarms that stand");
  add_store(*listed, *o);
  listed->add_flag("--all", o->all, "Those that are over or were withdrawn, too");
  listed->footer("Example:\n  gridtwin alarms list --store store");
  listed->callback([o, select] { select([o] { return list(*o); }); });
  CLI::App* shown = alarms->add_subcommand("show", "One alarm");
  shown->add_option("alarm", o->id, "Its number")->required();
  add_store(*shown, *o);
  shown->footer("Example:\n  gridtwin alarms show 7 --store store");
  shown->callback([o, select] { select([o] { return show(*o); }); });
  CLI::App* seen = alarms->add_subcommand("ack", "Says that somebody has seen it; also while a node runs");
  seen->add_option("alarm", o->id, "Its number")->required();
  add_store(*seen, *o);
  add_operator_options(*seen, o->by);
  seen->footer("One that was acknowledged already stays as it is.\n"
               "Example:\n  gridtwin alarms ack 7 --store store --by anna --why 'engineer on the way'");
  seen->callback([o, select] { select([o] { return acknowledge(*o); }); });
}

} // namespace gridtwin
