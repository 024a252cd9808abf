#include "src/commands/verify.hpp"

#include "config/printable_text.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/store_view.hpp"
#include "src/verify/store_check.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>

namespace gridtwin {

namespace {

constexpr std::string_view verify_command = "verify";

struct verify_options {
  std::string store;
  bool json = false;
};

/// What was looked at, as far as it could be.
struct store_findings {
  std::optional<log_facts> log;
  std::optional<day_facts> days;
  store_faults faults;
};

using wh_totals = std::array<std::int64_t, quantity_count>;

wh_totals totals_of(const energy_by_day& energy) {
  wh_totals out{};
  for (const auto& [of, wh] : energy)
    out[index_of(of.second)] += wh;
  return out;
}

/// The roots of the days' hash trees: they must say what the meters say.
result<void> check_roots(store_view& view, const energy_by_day& meters, store_faults& faults) {
  const auto roots = digest_store(view, estate_key{});
  if (!roots)
    return roots.failure();
  energy_by_day left = meters;
  for (const store_digest::row& row : roots->rows) {
    const auto at = left.find({row.day.number, row.quantity});
    const std::int64_t wh = std::accumulate(row.node.wh.begin(), row.node.wh.end(), std::int64_t{0});
    if (wh != (at == left.end() ? 0 : at->second))
      faults.add("the root of " + std::string(name_of(row.quantity)) + " on " + format_day(row.day),
                 "does not sum up the estate's meters");
    if (at != left.end())
      left.erase(at);
  }
  for (const auto& [of, wh] : left)
    faults.add("the root of " + std::string(name_of(of.second)) + " on " + format_day({of.first}), "is missing");
  return {};
}

/// A part that cannot be read is a fault of its own: what was found before must be told all the same.
template <class Value>
bool keep(result<Value> found, std::optional<Value>& out, store_faults& faults) {
  if (found)
    out = std::move(*found);
  else
    faults.add("the store", found.failure().message);
  return out.has_value();
}

result<store_findings> look_into(const verify_options& o, progress_line& line) {
  store_findings out;
  auto view = store_view::open(o.store);
  if (!view) {
    auto store = readable_store::open(o.store);
    if (!store)
      return store.failure();
    // A node that has had no reading has bound no estate; that of others is in the journal, and is missed there.
    if (!keep(check_log(store->database, out.faults), out.log, out.faults) || out.log->estates != 0)
      out.faults.add("the store", view.failure().message);
    return out;
  }
  const auto progress = [&line](std::uint64_t done, std::uint64_t all) { line.show(done, all); };
  if (keep(check_log(view->reader().database(), out.faults), out.log, out.faults)
      && keep(check_days(view->cut(), out.faults, progress), out.days, out.faults))
    if (auto checked = check_roots(*view, out.days->energy, out.faults); !checked)
      out.faults.add("the store", checked.failure().message);
  return out;
}

std::string text_of(const store_findings& f, const std::string& folder) {
  const auto row = [](std::string_view name, const std::string& value) {
    return fmt::format("  {:<12}{}\n", name, value);
  };
  std::string out = "Store " + printable(folder, 400) + "\n";
  if (f.log) {
    out += row("journal", fmt::format("{} records in {} chains, head {}", with_thousands(f.log->journal.records),
                                      f.log->journal.shards, to_hex(f.log->journal.head)));
    out += row("estates", with_thousands(f.log->estates) + " bound");
    out += row("audit", with_thousands(f.log->acts) + " events");
  }
  if (f.days) {
    out += row("readings", with_thousands(f.days->readings) + " in the journal");
    out += row("days", fmt::format("{} of transformers{}", with_thousands(f.days->transformer_days),
                                   f.days->not_summarised == 0
                                     ? std::string()
                                     : ", " + with_thousands(f.days->not_summarised) + " of them not summarised yet"));
    const wh_totals energy = totals_of(f.days->energy);
    for (const quantity q : quantities_by_name)
      if (energy[index_of(q)] != 0)
        out += row("energy", fmt::format("{} {} {}", name_of(q), energy[index_of(q)],
                                         q == quantity::active_import || q == quantity::active_export ? "Wh" : "varh"));
  }
  for (const store_fault& one : f.faults.shown())
    out += row("fault", printable(one.where, 400) + ": " + printable(one.what, 400));
  if (f.faults.count() > f.faults.shown().size())
    out += row("", "... and " + with_thousands(f.faults.count() - f.faults.shown().size()) + " more");
  return f.faults.count() == 0 ? out + "Everything fits.\n" : out;
}

std::string json_of(const store_findings& f) {
  std::string out = fmt::format("{{\"ok\":{},\"faults\":{}", f.faults.count() == 0, f.faults.count());
  if (f.log)
    out +=
      fmt::format(",\"records\":{},\"chains\":{},\"head\":\"{}\",\"estates\":{},\"audit\":{}", f.log->journal.records,
                  f.log->journal.shards, to_hex(f.log->journal.head), f.log->estates, f.log->acts);
  if (f.days) {
    const wh_totals energy = totals_of(f.days->energy);
    out += fmt::format(",\"readings\":{},\"transformer_days\":{},\"not_summarised\":{},\"energy\":{{", f.days->readings,
                       f.days->transformer_days, f.days->not_summarised);
    std::string_view comma;
    for (const quantity q : quantities_by_name) {
      out += fmt::format("{}\"{}\":{}", comma, name_of(q), energy[index_of(q)]);
      comma = ",";
    }
    out += "}";
  }
  out += ",\"shown\":[";
  std::string_view comma;
  for (const store_fault& one : f.faults.shown()) {
    out += fmt::format("{}{{\"where\":{},\"what\":{}}}", comma, json_string(one.where), json_string(one.what));
    comma = ",";
  }
  return out + "]}\n";
}

int verify(const verify_options& o, const millisecond_clock& now) {
  progress_line line("days of transformers", now);
  const auto found = look_into(o, line);
  line.clear();
  if (!found)
    return report_failure(verify_command, found.failure());
  int status = 0;
  if (found->faults.count() != 0) {
    const store_fault& first = found->faults.shown().front();
    status =
      report_failure(verify_command,
                     {errc::store_failed, fmt::format("{} fault{}, the first: {}: {}", found->faults.count(),
                                                      found->faults.count() == 1 ? "" : "s", first.where, first.what)});
  }
  const int printed = print_result(verify_command, o.json ? json_of(*found) : text_of(*found, o.store));
  return status != 0 ? status : printed;
}

} // namespace

void register_verify(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                     const millisecond_clock& now) {
  CLI::App* app = parent.add_subcommand("verify", "Checks a store's hash chains, and that energy is conserved in it");
  auto o = std::make_shared<verify_options>();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_flag("--json", o->json, "Print JSON instead of text");
  app->footer(
    "Each record of the journal against its hash and those before it; each reading of the journal against the "
    "day that has\nit; feeders, transformers and the estate against the sums of their meters; estates, rules, settings "
    "and\npolicies that were in force against their hashes. It only reads. Exit status 1, and where, if something does "
    "not fit.\nKeep 'head' and the number of records elsewhere: a journal that is cut at its end shows nothing else.\n"
    "Example:\n  gridtwin verify --store store");
  app->callback([o, select, now] { select([o, now] { return verify(*o, now); }); });
}

} // namespace gridtwin
