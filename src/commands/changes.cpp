#include "src/commands/changes.hpp"

#include "config/printable_text.hpp"
#include "sim/output_file.hpp"
#include "src/commands/line_diff.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/terminal.hpp"
#include "src/store/change_history.hpp"
#include "twins/period.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view changes_command = "changes";
constexpr std::string_view nothing_before = "/dev/null"; // as `patch` knows a file that was not there

struct changes_options {
  std::string store;
  std::optional<changed_thing> thing;
  std::size_t number = 0; ///< 0: all
  std::string out;
  bool diff = false;
  bool json = false;
};

std::string whole(const std::string& text) { return printable(text, text.size()); }

/// The one that a change is compared with; nothing where it is the first. Each file of a policy goes by itself.
const recorded_change* before(const std::vector<recorded_change>& all, std::size_t at) {
  for (std::size_t i = at; i > 0; --i)
    if (const recorded_change& one = all[i - 1];
        one.thing == all[at].thing && (one.thing != changed_thing::policy || one.name == all[at].name))
      return &one;
  return nullptr;
}

/// Of all files of a change, in the order of their names.
result<std::string> diff_of(sqlite_database& database, const recorded_change* earlier, const recorded_change& change) {
  std::map<std::string, std::pair<std::optional<std::string>, std::optional<std::string>>> files;
  auto after = texts_of(database, change);
  if (!after)
    return after.failure();
  if (after->empty())
    return "# " + whole(change.name) + " is too long to be kept\n";
  for (changed_text& file : *after)
    files[file.name].second = std::move(file.text);
  if (earlier != nullptr) {
    auto texts = texts_of(database, *earlier);
    if (!texts)
      return texts.failure();
    if (texts->empty())
      return "# " + whole(earlier->name) + " was too long to be kept\n";
    for (changed_text& file : *texts)
      files[change.thing == changed_thing::settings ? change.name : file.name].first = std::move(file.text);
  }
  std::string out;
  for (const auto& [name, texts] : files) {
    const std::string shown = whole(name);
    out += line_diff(texts.first ? shown : nothing_before, texts.second ? shown : nothing_before,
                     texts.first.value_or(""), texts.second.value_or(""));
  }
  return out;
}

std::string json_of(std::size_t number, const recorded_change& c, const std::optional<std::string>& diff) {
  const auto text_or_null = [](bool told, const std::string& text) { return told ? json_string(text) : "null"; };
  return fmt::format(
    "{{\"number\":{},\"record\":{},\"what\":{},\"name\":{},\"since\":{},\"run\":{},\"sha256\":{}{}}}\n", number,
    c.record.offset(), json_string(name_of(c.thing)), text_or_null(!c.name.empty(), c.name),
    text_or_null(c.since_s.has_value(), format_instant(c.since_s.value_or(0))),
    c.run == 0 ? "null" : std::to_string(c.run), json_string(c.hash),
    diff ? ",\"diff\":" + json_string(*diff) : std::string());
}

std::string line_of(std::size_t number, const recorded_change& c, const std::optional<std::string>& diff) {
  const std::string since = c.since_s ? format_instant(*c.since_s) : "with its readings";
  const std::string by = c.run != 0 ? "run " + std::to_string(c.run) : whole(c.name);
  return fmt::format("{:>6}  {:<20}  {:<8}  {:.12}  {}\n{}", number, since, name_of(c.thing), c.hash, by,
                     diff.value_or(""));
}

int list(const changes_options& o, sqlite_database& database, const std::vector<recorded_change>& all) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if ((o.number != 0 && o.number != i + 1) || (o.thing && *o.thing != all[i].thing))
      continue;
    std::optional<std::string> diff;
    if (o.diff) {
      auto made = diff_of(database, before(all, i), all[i]);
      if (!made)
        return report_failure(changes_command, made.failure());
      diff = std::move(*made);
    }
    out += o.json ? json_of(i + 1, all[i], diff) : line_of(i + 1, all[i], diff);
  }
  return print_result(changes_command, out.empty() && !o.json ? "nothing is recorded\n" : out);
}

/// A folder with the files as they were. A policy's are named by paths of another machine, perhaps.
int write_files(const changes_options& o, sqlite_database& database, const recorded_change& change) {
  const auto texts = texts_of(database, change);
  if (!texts)
    return report_failure(changes_command, texts.failure());
  if (texts->empty())
    return report_failure(changes_command,
                          {errc::usage, "--number " + std::to_string(o.number)
                                          + ": this text was too long to be kept; its SHA-256 is " + change.hash});
  std::string written_names;
  std::error_code failed;
  std::filesystem::create_directories(o.out, failed);
  if (failed)
    return report_failure(changes_command, {errc::usage, "--out " + o.out + ": " + failed.message()});
  for (const changed_text& file : *texts) {
    const std::filesystem::path name = std::filesystem::path(file.name).filename();
    auto out = output_file::create((std::filesystem::path(o.out) / name).string());
    if (!out)
      return report_failure(changes_command, out.failure());
    auto written = (*out)->write(file.text);
    if (written)
      written = (*out)->commit();
    if (!written)
      return report_failure(changes_command, written.failure());
    written_names += (written_names.empty() ? "" : ",") + json_string(name.string());
  }
  return o.json
           ? print_result(changes_command, "{\"out\":" + json_string(o.out) + ",\"files\":[" + written_names + "]}\n")
           : 0;
}

int run(const changes_options& o) {
  auto store = readable_store::open(o.store);
  if (!store)
    return report_failure(changes_command, store.failure());
  const auto all = recorded_changes(store->database);
  if (!all)
    return report_failure(changes_command, all.failure());
  if (o.number > all->size())
    return report_failure(changes_command,
                          {errc::usage, "--number: there are " + std::to_string(all->size()) + " changes"});
  return o.out.empty() ? list(o, store->database, *all) : write_files(o, store->database, (*all)[o.number - 1]);
}

} // namespace

void register_changes(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  CLI::App* app = parent.add_subcommand(
    "changes", "Lists the estates, rules, settings and policies that a store has gone by, and what differed");
  auto o = std::make_shared<changes_options>();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--what", o->thing, "Only changes of estate, rules, settings or policy")
    ->transform(CLI::CheckedTransformer(std::map<std::string, changed_thing>{{"estate", changed_thing::estate},
                                                                             {"rules", changed_thing::rules},
                                                                             {"settings", changed_thing::settings},
                                                                             {"policy", changed_thing::policy}}))
    ->option_text("estate|rules|settings|policy");
  CLI::Option* const number = app->add_option("--number", o->number, "Only this one")->check(CLI::PositiveNumber);
  CLI::Option* const diff =
    app->add_flag("--diff", o->diff, "With each, what it made of the one before, as 'patch' takes it");
  app->add_option("--out", o->out, "Write the files of --number into this folder, as they were, instead of the list")
    ->needs(number)
    ->excludes(diff);
  app->add_flag("--json", o->json, "Print a JSON object a line instead of text");
  app->footer(
    "In the order in which they were recorded. 'since' is the instant from which it held; an estate or rules "
    "that came with files\n"
    "hold for the readings of that run and later ones; of a node: the begin of the half hour in which it bound "
    "them, which\n"
    "may be before its start.\n"
    "Examples:\n  gridtwin changes --store store --what policy --diff\n"
    "  gridtwin changes --store store --number 1 --out estate-as-it-was");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
