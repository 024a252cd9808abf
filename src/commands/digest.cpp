#include "src/commands/digest.hpp"

#include "src/commands/store_view.hpp"
#include "src/commands/terminal.hpp"

#include <fmt/format.h>

#include <memory>
#include <numeric>
#include <string>

namespace gridtwin {

namespace {

constexpr std::string_view digest_command = "digest";

struct digest_options {
  std::string store;
  std::string date;
  bool json = false;
};

int run(const digest_options& o) {
  std::optional<utc_day> only;
  if (!o.date.empty()) {
    const auto date = parse_date(o.date);
    if (!date)
      return report_failure(digest_command, {errc::usage, "--date: " + date.failure().message});
    only = utc_day{days_from_civil(*date)};
  }
  auto view = store_view::open(o.store);
  if (!view)
    return report_failure(digest_command, view.failure());
  const auto roots = digest_store(*view, estate_key{}, only);
  if (!roots)
    return report_failure(digest_command, roots.failure());
  std::string out;
  if (!o.json)
    out = fmt::format("{:<12}{:<10}{:<66}{:>18}{:>12}{:>14}\n", "date", "quantity", "root", "wh", "meters", "periods");
  for (const store_digest::row& row : roots->rows) {
    const std::int64_t wh = std::accumulate(row.node.wh.begin(), row.node.wh.end(), std::int64_t{0});
    const auto* const format =
      o.json ? "{{\"date\":\"{}\",\"quantity\":\"{}\",\"root\":\"{}\",\"wh\":{},\"meters\":{},\"periods\":{},"
               "\"salt\":\"public\"}}\n"
             : "{:<12}{:<10}{:<66}{:>18}{:>12}{:>14}\n";
    out += fmt::format(fmt::runtime(format), format_day(row.day), name_of(row.quantity), to_hex(row.node.hash), wh,
                       row.node.meters, row.node.periods);
  }
  if (!o.json && !only)
    out += "\nall days " + to_hex(roots->hash) + "\n";
  if (!o.json)
    out += "Leaves are salted with the public key: the estate has none of its own.\n";
  return print_result(digest_command, out);
}

} // namespace

void register_digest(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<digest_options>();
  CLI::App* app = parent.add_subcommand("digest", "Prints the root hash of each UTC day and quantity of a store");
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--date", o->date, "Only this UTC day, as 2026-03-01");
  app->add_flag("--json", o->json, "Print one JSON object a line instead of text");
  app->footer("The same readings give the same roots, in whatever order, files, runs or threads they came.\n"
              "Example:\n  gridtwin digest --store store --date 2026-03-01");
  app->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
