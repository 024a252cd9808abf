#include "src/commands/webhooks.hpp"

#include "config/printable_text.hpp"
#include "src/commands/operator_options.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/records_behind.hpp"
#include "src/commands/terminal.hpp"
#include "src/push/push_store.hpp"
#include "twins/period.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view webhooks_command = "webhooks";
using store_mode = sqlite_database::mode;

struct webhook_command_options {
  std::string store;
  std::string name;
  std::string state = "waiting";
  std::vector<std::int64_t> ids;
  std::int64_t last = 20;
  bool all = false;
  bool json = false;
  operator_options by;
};

std::string instant_or(const std::optional<std::int64_t>& at_s, std::string_view otherwise) {
  return at_s ? format_instant(*at_s) : std::string(otherwise);
}

std::string instant_json(const std::optional<std::int64_t>& at_s) {
  return at_s ? json_string(format_instant(*at_s)) : "null";
}

/// What stands of webhooks beside a store. Error: there is no store, or no node of it had a webhook.
result<std::unique_ptr<push_store>> kept_of(const webhook_command_options& o, store_mode how) {
  if (const auto folder = store_folder::for_reading(o.store); !folder)
    return folder.failure();
  auto kept = push_store::open_existing(o.store, how);
  if (kept && !*kept)
    return error{errc::usage, "no node of this store has had a webhook: [webhooks.NAME] of its settings"};
  return kept;
}

/// Error: usage where there is no such webhook.
result<void> check_name(push_store& kept, const std::string& name) {
  const auto found = kept.find(name);
  if (!found)
    return found.failure();
  if (!*found)
    return error{errc::usage, "there is no webhook " + in_quotes(name) + " (gridtwin webhooks list shows which)"};
  return {};
}

std::string state_of(const push_standing& s) {
  if (s.paused)
    return "paused";
  return s.failing_s ? "failing" : "delivering";
}

std::string json_of(const push_standing& s, const std::string& behind) {
  return fmt::format("{{\"name\":{},\"state\":\"{}\",\"topic\":{},\"url\":{},\"reader\":{},\"position\":{},"
                     "\"records_behind\":{},\"dead_letters\":{},\"delivered\":{},\"failing_since\":{},\"attempts\":{},"
                     "\"trouble\":{}}}\n",
                     json_string(s.webhook), state_of(s), json_string(s.topic), json_string(s.url),
                     json_string(s.reader), json_string(s.position), behind.empty() ? "null" : behind,
                     s.letters_waiting, instant_json(s.delivered_s), instant_json(s.failing_s), s.attempts,
                     s.trouble.empty() ? "null" : json_string(s.trouble));
}

std::string text_of(const push_standing& s, const std::string& behind) {
  std::string out = fmt::format("{}  {}  {} to {}\n  {}{} dead letters wait; last delivered {}\n",
                                printable(s.webhook, 100), state_of(s), printable(s.topic, 40), printable(s.url, 400),
                                behind.empty() ? behind : behind + " records behind, ", s.letters_waiting,
                                instant_or(s.delivered_s, "never"));
  if (s.failing_s)
    out += fmt::format("  failing since {}, {} attempts: {}\n", format_instant(*s.failing_s), s.attempts,
                       printable(s.trouble, 500));
  return out;
}

/// Records of the journal; empty where the topic is not of it.
std::string behind_of(const push_standing& of, const store_figures& figures) {
  const auto position = parse_event_position(of.position);
  return position && of.topic != "alarm" ? std::to_string(records_behind(*position, figures, of.topic)) : std::string();
}

int list(const webhook_command_options& o) {
  auto store = readable_store::open(o.store);
  if (!store)
    return report_failure(webhooks_command, store.failure());
  const auto figures = read_figures(store->database);
  if (!figures)
    return report_failure(webhooks_command, figures.failure());
  auto kept = push_store::open_existing(o.store, store_mode::read);
  if (!kept)
    return report_failure(webhooks_command, kept.failure());
  auto all = *kept ? (*kept)->list() : result<std::vector<push_standing>>(std::vector<push_standing>());
  if (!all)
    return report_failure(webhooks_command, all.failure());
  std::string out;
  for (const push_standing& one : *all) {
    const std::string behind = behind_of(one, *figures);
    out += o.json ? json_of(one, behind) : text_of(one, behind);
  }
  if (out.empty() && !o.json)
    out = "no node of this store has had a webhook\n";
  return print_result(webhooks_command, out);
}

int set_paused(const webhook_command_options& o, bool paused) {
  auto kept = kept_of(o, store_mode::write);
  if (!kept)
    return report_failure(webhooks_command, kept.failure());
  if (auto known = check_name(**kept, o.name); !known)
    return report_failure(webhooks_command, known.failure());
  const acting by = o.by.act();
  const auto changed = (*kept)->set_paused(
    {0, o.name, by.at_s, by.who, std::string(paused ? pause_webhook_act : resume_webhook_act), o.name, by.why}, paused);
  if (!changed)
    return report_failure(webhooks_command, changed.failure());
  const bool anew = *changed != 0;
  const std::string_view how = paused ? (anew ? "is paused" : "is paused already")
                                      : (anew ? "is no longer paused by an operator" : "is not paused by an operator");
  if (o.json)
    return print_result(webhooks_command, fmt::format("{{\"name\":{},\"paused\":{},\"changed\":{}}}\n",
                                                      json_string(o.name), paused, anew));
  return print_result(webhooks_command, fmt::format("{} {}\n", o.name, how));
}

int pause_webhook(const webhook_command_options& o) { return set_paused(o, true); }
int resume_webhook(const webhook_command_options& o) { return set_paused(o, false); }

std::string json_of(const push_letter& l) {
  return fmt::format("{{\"id\":{},\"webhook\":{},\"state\":\"{}\",\"topic\":{},\"after\":{},\"until\":{},\"events\":{},"
                     "\"status\":{},\"reason\":{},\"attempts\":{},\"at\":{}}}\n",
                     l.id, json_string(l.webhook), name_of(l.state), json_string(l.topic), json_string(l.after),
                     json_string(l.until), l.events, l.status == 0 ? "null" : std::to_string(l.status),
                     json_string(l.reason), l.attempts, json_string(format_instant(l.at_s)));
}

int deadletters(const webhook_command_options& o) {
  constexpr std::array states{push_letter_state::waiting, push_letter_state::queued, push_letter_state::settled,
                              push_letter_state::dropped};
  std::optional<push_letter_state> state;
  for (const push_letter_state one : states)
    if (name_of(one) == o.state)
      state = one;
  if (!state && o.state != "all")
    return report_failure(webhooks_command, {errc::usage, "--state is waiting, queued, settled, dropped or all"});
  auto kept = kept_of(o, store_mode::read);
  if (!kept)
    return report_failure(webhooks_command, kept.failure());
  const auto letters = (*kept)->letters(o.name, state);
  if (!letters)
    return report_failure(webhooks_command, letters.failure());
  std::string out;
  for (const push_letter& l : *letters)
    out += o.json ? json_of(l)
                  : fmt::format("{:>6}  {:<8} {}  {}  {} events of {}, {} attempts: {}\n", l.id, name_of(l.state),
                                format_instant(l.at_s), printable(l.webhook, 100), l.events, printable(l.topic, 40),
                                l.attempts, printable(l.reason, 500));
  if (out.empty() && !o.json)
    out = "no dead letters\n";
  return print_result(webhooks_command, out);
}

int set_letters(const webhook_command_options& o, std::string_view act, push_letter_state to) {
  if (o.all == !o.ids.empty())
    return report_failure(webhooks_command, {errc::usage, "name dead letters by their ids, or give --all"});
  auto kept = kept_of(o, store_mode::write);
  if (!kept)
    return report_failure(webhooks_command, kept.failure());
  if (auto known = check_name(**kept, o.name); !known)
    return report_failure(webhooks_command, known.failure());
  const acting by = o.by.act();
  const auto changed = (*kept)->set_letters({0, o.name, by.at_s, by.who, std::string(act), {}, by.why}, o.ids, to);
  if (!changed)
    return report_failure(webhooks_command, changed.failure());
  if (o.json)
    return print_result(webhooks_command,
                        fmt::format("{{\"name\":{},\"{}\":{}}}\n", json_string(o.name), name_of(to), *changed));
  return print_result(webhooks_command, fmt::format("{} dead letters {}\n", *changed, name_of(to)));
}

int replay(const webhook_command_options& o) { return set_letters(o, replay_letter_act, push_letter_state::queued); }
int drop(const webhook_command_options& o) {
  return set_letters(o, drop_webhook_letter_act, push_letter_state::dropped);
}

std::string json_of(const push_record& r) {
  return fmt::format("{{\"webhook\":{},\"number\":{},\"at\":{},\"correlation\":{},\"recipient\":{},\"uri\":{},"
                     "\"stage\":{},\"status\":{},\"answer\":{},\"duration_ms\":{},\"events\":{},\"bytes\":{},"
                     "\"attempt\":{},\"trouble\":{}}}\n",
                     json_string(r.webhook), r.number, json_string(format_instant(r.at_s)), json_string(r.correlation),
                     json_string(r.recipient), json_string(r.uri), json_string(r.stage), json_string(r.status),
                     r.answer == 0 ? "null" : std::to_string(r.answer), r.duration_ms, r.events, r.bytes, r.attempt,
                     r.trouble.empty() ? "null" : json_string(r.trouble));
}

int journal(const webhook_command_options& o) {
  auto kept = kept_of(o, store_mode::read);
  if (!kept)
    return report_failure(webhooks_command, kept.failure());
  const auto records = (*kept)->journal(o.name, o.last);
  if (!records)
    return report_failure(webhooks_command, records.failure());
  std::string out;
  for (const push_record& r : *records)
    out += o.json ? json_of(r)
                  : fmt::format("{}  {}  {:<19} {:<7} {}  {} ms, {} events, {} bytes, attempt {}  {}{}\n",
                                format_instant(r.at_s), printable(r.webhook, 100), r.status, r.stage,
                                r.answer == 0 ? "---" : std::to_string(r.answer), r.duration_ms, r.events, r.bytes,
                                r.attempt, r.correlation, r.trouble.empty() ? "" : "  " + printable(r.trouble, 500));
  if (out.empty() && !o.json)
    out = "nothing was sent yet\n";
  return print_result(webhooks_command, out);
}

} // namespace

void register_webhooks(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  CLI::App* app =
    parent.add_subcommand("webhooks", "Receivers that a node pushes topics to: how they stand, what they refused");
  app->require_subcommand(1);
  app->footer("All of it also while the node runs, which sees an act within a second; acts stand in the audit trail\n"
              "once a node has seen them. Settings: [webhooks.NAME], docs/webhooks.md\n"
              "Example:\n  gridtwin webhooks list --store store\n  gridtwin webhooks replay mds 17 --store store");
  const auto add = [&](const char* name, const char* what, int (*run)(const webhook_command_options&)) {
    auto o = std::make_shared<webhook_command_options>();
    CLI::App* sub = app->add_subcommand(name, what);
    sub->add_option("--store", o->store, "Folder of the store")->required();
    sub->add_flag("--json", o->json, "Print JSON, an object a line, instead of text");
    sub->callback([o, select, run] { select([o, run] { return run(*o); }); });
    return std::pair(sub, o);
  };
  add("list", "Webhooks: state, how far behind, dead letters", list);
  const auto add_one = [&](const char* name, const char* what, int (*run)(const webhook_command_options&)) {
    const auto added = add(name, what, run);
    added.first->add_option("webhook", added.second->name, "Its name")->required();
    add_operator_options(*added.first, added.second->by);
    return added;
  };
  add_one("pause", "Sends nothing more; the pointer stays, nothing is lost", pause_webhook);
  add_one("resume", "Goes on where it was, at once", resume_webhook);
  const auto [listed, list_options] = add("deadletters", "What receivers refused, the oldest first", deadletters);
  listed->add_option("webhook", list_options->name, "Only of this one");
  listed->add_option("--state", list_options->state, "waiting (default), queued, settled, dropped or all");
  const auto add_choice = [&](const char* name, const char* what, int (*run)(const webhook_command_options&)) {
    const auto [sub, o] = add_one(name, what, run);
    sub->add_option("id", o->ids, "Ids, as listed");
    sub->add_flag("--all", o->all, "All that wait");
  };
  add_choice("replay", "Has dead letters that wait sent again, by the rights that hold then", replay);
  add_choice("drop", "Gives dead letters that wait up", drop);
  const auto [told, journal_options] =
    add("journal", "The requests that were made last, and what came of them", journal);
  told->add_option("webhook", journal_options->name, "Only of this one");
  told->add_option("--last", journal_options->last, "So many (20)")->check(CLI::Range(1, 1'000'000));
}

} // namespace gridtwin
