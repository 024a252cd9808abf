#include "src/commands/status.hpp"

#include "config/printable_text.hpp"
#include "src/alarms/alarm_book.hpp"
#include "src/api/event_position.hpp"
#include "src/api/pointer_store.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/records_behind.hpp"
#include "src/commands/terminal.hpp"
#include "src/push/push_store.hpp"
#include "src/store/store_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view status_command = "status";

struct status_options {
  std::string store;
  bool json = false;
};

struct standing_alarms {
  std::uint64_t all = 0;
  std::uint64_t unseen = 0; ///< that nobody has acknowledged
};

struct reader_pointer {
  owned_pointer kept;
  std::optional<std::uint64_t> behind; ///< records of the journal; nothing where the topic is not the journal's
};

struct store_status {
  std::optional<store_writer_process> writer;
  store_figures figures;
  store_sizes sizes;
  std::optional<standing_alarms> alarms; ///< nothing: no node has watched the store
  std::vector<reader_pointer> pointers;
  struct webhook {
    push_standing standing;
    std::optional<std::uint64_t> behind; ///< as of a reader's pointer
  };
  std::vector<webhook> webhooks;
};

result<store_status> look_at(const std::string& folder) {
  auto store = readable_store::open(folder);
  if (!store)
    return store.failure();
  store_status out;
  out.writer = find_writer(folder);
  out.sizes = sizes_of(folder);
  auto figures = read_figures(store->database);
  if (!figures)
    return figures.failure();
  out.figures = *figures;
  auto book = alarm_book::open_existing(folder);
  if (!book)
    return book.failure();
  if (*book) {
    const auto standing = (*book)->standing();
    if (!standing)
      return standing.failure();
    out.alarms = standing_alarms{
      standing->size(), static_cast<std::uint64_t>(std::count_if(standing->begin(), standing->end(),
                                                                 [](const auto& a) { return !a.acknowledged; }))};
  }
  auto pointers = all_pointers(folder);
  if (!pointers)
    return pointers.failure();
  for (owned_pointer& one : *pointers) {
    const auto position = parse_event_position(one.pointer.position);
    const auto behind =
      position ? std::optional(records_behind(*position, out.figures, one.pointer.topic)) : std::nullopt;
    out.pointers.push_back({std::move(one), behind});
  }
  auto kept = push_store::open_existing(folder, sqlite_database::mode::read);
  if (!kept)
    return kept.failure();
  auto webhooks = *kept ? (*kept)->list() : result<std::vector<push_standing>>(std::vector<push_standing>());
  if (!webhooks)
    return webhooks.failure();
  for (push_standing& one : *webhooks) {
    const auto position = parse_event_position(one.position);
    const bool counts = position && one.topic != "alarm"; // those are not in the journal
    const auto behind = counts ? std::optional(records_behind(*position, out.figures, one.topic)) : std::nullopt;
    out.webhooks.push_back({std::move(one), behind});
  }
  return out;
}

std::string days_of(const store_figures& f) {
  if (!f.first_day)
    return "none";
  return format_date(civil_from_days(f.first_day->number)) + " to " + format_date(civil_from_days(f.last_day->number));
}

std::string text_of(const store_status& s, const std::string& folder) {
  const auto row = [](std::string_view name, const std::string& value) {
    return fmt::format("  {:<12}{}\n", name, value);
  };
  const auto counted = [](std::uint64_t n, std::string_view one, std::string_view many) {
    return with_thousands(n) + " " + std::string(n == 1 ? one : many);
  };
  const auto megabytes = [](std::uint64_t bytes) {
    return fmt::format("{}.{} MB", bytes / 1'000'000, bytes / 100'000 % 10);
  };
  const store_figures& f = s.figures;
  std::string out = "Store " + printable(folder, 400) + "\n";
  out += row("writer", !s.writer            ? "none: no node or run holds it"
                       : s.writer->pid == 0 ? "a process that is not seen from here"
                                            : fmt::format("process {}", s.writer->pid));
  out += row("journal", counted(f.records(), "record", "records") + " of " + counted(f.runs, "run", "runs"));
  out +=
    row("readings", "UTC days " + days_of(f) + " of " + counted(f.transformers, "transformer", "transformers")
                      + (f.last_received_s ? ", last received " + format_instant(*f.last_received_s) : std::string()));
  out += row("summaries", f.days_to_summarise == 0
                            ? std::string("up to date")
                            : counted(f.days_to_summarise, "transformer's day waits", "transformers' days wait"));
  out += row("disk", megabytes(s.sizes.database) + ", write-ahead log " + megabytes(s.sizes.log) + ", beside it "
                       + megabytes(s.sizes.others));
  out += row("twins", counted(f.twins_parked, "is parked", "are parked") + "; "
                        + counted(f.letters_waiting, "dead letter waits", "dead letters wait"));
  out += row("alarms", s.alarms ? counted(s.alarms->all, "stands", "stand") + ", " + with_thousands(s.alarms->unseen)
                                    + " of them not acknowledged"
                                : std::string("no node has watched this store"));
  out += row("audit", counted(f.acts, "event", "events"));
  for (const reader_pointer& p : s.pointers)
    out += row("reader", printable(p.kept.owner, 200) + " " + printable(p.kept.pointer.name, 100) + " in "
                           + printable(p.kept.pointer.topic, 40)
                           + (p.behind ? ": " + counted(*p.behind, "record behind", "records behind") : std::string()));
  for (const store_status::webhook& w : s.webhooks)
    out += row("webhook", printable(w.standing.webhook, 100) + " of " + printable(w.standing.topic, 40)
                            + (w.behind ? ": " + counted(*w.behind, "record behind", "records behind") : std::string())
                            + (w.standing.paused ? ", paused" : "") + (w.standing.failing_s ? ", failing" : "") + ", "
                            + counted(static_cast<std::uint64_t>(w.standing.letters_waiting), "dead letter waits",
                                      "dead letters wait"));
  return out;
}

std::string optional_json(const std::optional<std::string>& text) { return text ? json_string(*text) : "null"; }

std::string json_of(const store_status& s) {
  const store_figures& f = s.figures;
  const auto day = [](const std::optional<utc_day>& d) {
    return optional_json(d ? std::optional(format_date(civil_from_days(d->number))) : std::nullopt);
  };
  std::string out = fmt::format(
    "{{\"written\":{},\"pid\":{},\"records\":{},\"runs\":{},\"transformers\":{},\"first_day\":{},\"last_day\":{},"
    "\"last_received\":{},\"days_to_summarise\":{},\"bytes\":{{\"database\":{},\"log\":{},\"others\":{}}},"
    "\"parked_twins\":{},\"dead_letters\":{},\"audit\":{}",
    s.writer.has_value(), s.writer && s.writer->pid != 0 ? std::to_string(s.writer->pid) : "null", f.records(), f.runs,
    f.transformers, day(f.first_day), day(f.last_day),
    optional_json(f.last_received_s ? std::optional(format_instant(*f.last_received_s)) : std::nullopt),
    f.days_to_summarise, s.sizes.database, s.sizes.log, s.sizes.others, f.twins_parked, f.letters_waiting, f.acts);
  out += s.alarms
           ? fmt::format(",\"alarms\":{{\"standing\":{},\"unacknowledged\":{}}}", s.alarms->all, s.alarms->unseen)
           : std::string(",\"alarms\":null");
  out += ",\"readers\":[";
  for (std::size_t i = 0; i < s.pointers.size(); ++i) {
    const reader_pointer& p = s.pointers[i];
    out += fmt::format("{}{{\"owner\":{},\"name\":{},\"topic\":{},\"position\":{},\"records_behind\":{}}}",
                       i == 0 ? "" : ",", json_string(p.kept.owner), json_string(p.kept.pointer.name),
                       json_string(p.kept.pointer.topic), json_string(p.kept.pointer.position),
                       p.behind ? std::to_string(*p.behind) : "null");
  }
  out += "],\"webhooks\":[";
  for (std::size_t i = 0; i < s.webhooks.size(); ++i) {
    const push_standing& w = s.webhooks[i].standing;
    out +=
      fmt::format("{}{{\"name\":{},\"topic\":{},\"position\":{},\"records_behind\":{},\"paused\":{},\"failing\":{},"
                  "\"dead_letters\":{}}}",
                  i == 0 ? "" : ",", json_string(w.webhook), json_string(w.topic), json_string(w.position),
                  s.webhooks[i].behind ? std::to_string(*s.webhooks[i].behind) : "null", w.paused,
                  w.failing_s.has_value(), w.letters_waiting);
  }
  return out + "]}\n";
}

int show_status(const status_options& o) {
  const auto status = look_at(o.store);
  if (!status)
    return report_failure(status_command, status.failure());
  return print_result(status_command, o.json ? json_of(*status) : text_of(*status, o.store));
}

} // namespace

void register_status(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  CLI::App* app =
    parent.add_subcommand("status", "How a store and its node stand: writer, journal, what waits, readers");
  auto o = std::make_shared<status_options>();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_flag("--json", o->json, "Print JSON instead of text");
  app->footer("It only reads, beside a node or without one. How far a reader is behind counts records of the journal, "
              "of whatever\n"
              "kind; a record has one reading or thousands. A running node tells more under /readyz and /metrics.\n"
              "Example:\n  gridtwin status --store store");
  app->callback([o, select] { select([o] { return show_status(*o); }); });
}

} // namespace gridtwin
