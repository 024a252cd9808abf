#include "src/commands/replay_report.hpp"

#include "config/printable_text.hpp"
#include "src/commands/store_gaps.hpp"
#include "src/commands/store_view.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/resident_memory.hpp"
#include "twins/energy.hpp"
#include "twins/rule_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

namespace gridtwin {

namespace {

struct by_feeder {
  bool operator()(const connection& c, feeder_index f) const noexcept { return c.feeder < f; }
  bool operator()(feeder_index f, const connection& c) const noexcept { return f < c.feeder; }
};

constexpr std::size_t worst_shown = 5;
constexpr std::size_t most_loaded_shown = 10;

std::uint64_t per_second(std::int64_t count, std::int64_t elapsed_ms) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)) * 1000
         / static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed_ms, 1));
}

std::string grouped(std::int64_t number) {
  return with_thousands(static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0)));
}

/// kVA = net Wh / 500 / power factor, as a share of the rating: both sides scaled to integers.
struct share_of_rating {
  uint128 numerator = 0;
  uint128 denominator = 1;
  bool operator<(const share_of_rating& other) const noexcept {
    return numerator * other.denominator < other.numerator * denominator;
  }
};

share_of_rating utilisation(const transformer_info& t, std::int64_t net_wh) {
  return {static_cast<uint128>(std::abs(net_wh)) * 2 * 1'000'000 * 100,
          static_cast<uint128>(t.rating_va) * static_cast<uint128>(t.power_factor_ppm)};
}

/// The 48 half hours of a day in 48 characters, the tallest at the peak.
std::string chart(const day_load& day) {
  static constexpr std::array<std::string_view, 9> bars{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::int64_t top = 1;
  for (const half_hour_load& cell : day)
    top = std::max(top, std::abs(cell.import_wh - cell.export_wh));
  std::string out;
  for (const half_hour_load& cell : day)
    out += bars[static_cast<std::size_t>((std::abs(cell.import_wh - cell.export_wh) * 8 + top - 1) / top)];
  return out;
}

/// A feeder of which so many twins were parked that one cause is likelier than many.
struct escalated_feeder {
  feeder_index feeder;
  std::size_t parked = 0; ///< twins, in this run
  std::size_t twins = 0;
};

/// Each once, in the order of the estate.
std::vector<escalated_feeder> escalated_feeders(const estate& e, const supervision_tally& t) {
  const std::set<feeder_index> feeders(t.escalated.begin(), t.escalated.end());
  const std::set<connection_index> parked(t.parked.begin(), t.parked.end());
  std::vector<escalated_feeder> out;
  for (const feeder_index f : feeders) {
    const auto on_feeder = [&](connection_index c) { return e.connections[c.value].feeder == f; };
    const auto all = std::equal_range(e.connections.begin(), e.connections.end(), f, by_feeder{});
    out.push_back({f, static_cast<std::size_t>(std::count_if(parked.begin(), parked.end(), on_feeder)),
                   static_cast<std::size_t>(all.second - all.first)});
  }
  return out;
}

/// Failures of twins and what was done about them, and readings that nobody could judge.
std::string supervision_json(const estate& e, const supervision_tally& t) {
  std::string escalated;
  for (const escalated_feeder& one : escalated_feeders(e, t)) {
    const feeder_info& f = e.feeders[one.feeder.value];
    escalated +=
      fmt::format("{}{{\"transformer\":{},\"feeder\":{},\"parked\":{},\"twins\":{}}}", escalated.empty() ? "" : ",",
                  json_string(e.transformers[f.transformer.value].id), json_string(f.id), one.parked, one.twins);
  }
  return fmt::format(
    "{{\"dead_letters\":{{\"threw\":{},\"process-died\":{},\"twin-parked\":{}}},\"dead_letters_settled\":{},"
    "\"restarts\":{{\"threw\":{},\"killed\":{},\"transformers\":{},\"decoders\":{}}},\"parked\":{},\"escalations\":{},"
    "\"escalated_feeders\":[{}]}}",
    t.letters[0], t.letters[1], t.letters[2], t.settled_letters, t.twins.restarts[index_of(death_reason::threw)],
    t.twins.restarts[index_of(death_reason::killed)], t.transformer_restarts, t.decoder_restarts, t.twins.parked,
    t.twins.escalations, escalated);
}

void put_counts(std::string& out, const replay_outcome& outcome) {
  const run_counts& c = outcome.counts;
  out += fmt::format("  {:<28}{:>16}\n", "readings", grouped(c.readings()));
  out += fmt::format("  {:<28}{:>16}\n", "accepted", grouped(c.of(verdict::accepted)));
  out += fmt::format("  {:<28}{:>16}\n", "duplicates", grouped(c.of(verdict::duplicate)));
  out += fmt::format("  {:<28}{:>16}\n", "conflicts", grouped(c.of(verdict::conflict)));
  for (std::size_t i = 0; i < index_of(verdict::duplicate); ++i) {
    const auto v = static_cast<verdict>(i);
    if (c.of(v) == 0)
      continue;
    const std::string name = std::string(is_quarantined(v) ? "quarantined: " : "rejected: ") + std::string(name_of(v));
    out +=
      fmt::format("  {:<28}{:>16}{}{}\n", name, grouped(c.of(v)), ecs_code_of(v).empty() ? "" : "   ", ecs_code_of(v));
  }
  for (std::size_t i = 0; i < warning_count; ++i)
    if (c.warnings[i] != 0)
      out += fmt::format("  {:<28}{:>16}\n", "warned: " + std::string(name_of(static_cast<warning>(i))),
                         grouped(c.warnings[i]));
}

void put_worst(std::string& out, const replay_plan& plan, const replay_outcome& outcome) {
  const estate& e = *plan.estate;
  std::vector<std::uint32_t> meters;
  std::vector<std::uint64_t> of_feeder(e.feeders.size());
  for (std::uint32_t i = 0; i < outcome.faults.size(); ++i)
    if (outcome.faults[i] != 0) {
      meters.push_back(i);
      of_feeder[e.connections[i].feeder.value] += outcome.faults[i];
    }
  if (meters.empty())
    return;
  const auto worst = [](auto& list, const auto& faults) {
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(std::min(worst_shown, list.size()));
    std::partial_sort(list.begin(), end, list.end(), [&](std::uint32_t a, std::uint32_t b) {
      return faults[a] != faults[b] ? faults[a] > faults[b] : a < b;
    });
    list.erase(end, list.end());
  };
  std::vector<std::uint32_t> feeders;
  for (std::uint32_t i = 0; i < of_feeder.size(); ++i)
    if (of_feeder[i] != 0)
      feeders.push_back(i);
  worst(meters, outcome.faults);
  worst(feeders, of_feeder);
  out += "\nMost data faults (refused, repeated, contradicted, missing)\n";
  for (std::size_t i = 0; i < std::max(meters.size(), feeders.size()); ++i) {
    std::string meter;
    std::string feeder;
    if (i < meters.size())
      meter = fmt::format("meter {} {:>8}", to_string(e.connections[meters[i]].mpan),
                          grouped(static_cast<std::int64_t>(outcome.faults[meters[i]])));
    if (i < feeders.size()) {
      const feeder_info& f = e.feeders[feeders[i]];
      feeder = fmt::format("feeder {}/{} {:>8}", e.transformers[f.transformer.value].id, f.id,
                           grouped(static_cast<std::int64_t>(of_feeder[feeders[i]])));
    }
    out += fmt::format("  {:<34}{}\n", meter, feeder);
  }
}

result<void> put_most_loaded(std::string& out, const replay_plan& plan, const replay_outcome& outcome,
                             store_view& store) {
  const estate& e = *plan.estate;
  auto list = outcome.most_loaded;
  const auto share = [&](const replay_outcome::loaded_transformer& t) {
    return utilisation(e.transformers[t.transformer.value], t.peak_wh);
  };
  const auto end = list.begin() + static_cast<std::ptrdiff_t>(std::min(most_loaded_shown, list.size()));
  std::partial_sort(list.begin(), end, list.end(), [&](const auto& a, const auto& b) {
    const bool less = share(b) < share(a);
    return less || (!(share(a) < share(b)) && a.transformer < b.transformer);
  });
  list.erase(end, list.end());
  if (list.empty())
    return {};
  out += fmt::format("\nMost loaded transformers{:>25}{:>11}   day of the peak, 00:00 to 24:00 UTC\n",
                     "peak half hour ends", "of rating");
  for (const auto& t : list) {
    const auto loads = store.reader().loads(store.topology().number_of[t.transformer.value], t.peak.day());
    if (!loads)
      return loads.failure();
    day_load sum{};
    for (const feeder_day_load& feeder : *loads)
      sum += feeder.load;
    const share_of_rating s = share(t);
    out += fmt::format("  {:<22}{:>25}{:>9} %   {}\n", e.transformers[t.transformer.value].id, format_period(t.peak),
                       format_ratio(s.numerator, s.denominator, 1), chart(sum));
  }
  return {};
}

} // namespace

std::string escalation_text(const estate& e, const supervision_tally& t, const std::string& store_name) {
  const std::vector<escalated_feeder> all = escalated_feeders(e, t);
  if (all.empty())
    return {};
  std::string out = "\nFeeders of which many twins were parked: look for one cause, as firmware or a format\n";
  for (const escalated_feeder& one : all) {
    const feeder_info& f = e.feeders[one.feeder.value];
    out += fmt::format("  {}/{}: {} of {} twins; mend the cause, then gridtwin twins unpark MPAN --store {} for each\n",
                       e.transformers[f.transformer.value].id, f.id, with_thousands(one.parked),
                       with_thousands(one.twins), shell_word(store_name));
  }
  return out;
}

result<store_totals> read_store_totals(store_view& view) {
  store_totals out;
  auto gaps = count_gaps(view);
  if (!gaps)
    return gaps.failure();
  out.gaps = gaps->gaps;
  out.gap_periods = gaps->periods;
  std::vector<std::uint64_t> meters;
  meters.reserve(view.estate().connections.size());
  for (const connection& c : view.estate().connections)
    meters.push_back(c.mpan.number);
  std::sort(meters.begin(), meters.end()); // nearly sorted: feeder by feeder
  out.meters = static_cast<std::size_t>(std::unique(meters.begin(), meters.end()) - meters.begin());
  out.feeders = view.estate().feeders.size();
  out.transformers = view.estate().transformers.size();
  out.days = view.days().size();
  const auto roots = digest_store(view, estate_key{});
  if (!roots)
    return roots.failure();
  out.digest = roots->hash;
  return out;
}

std::string replay_json(const replay_plan& plan, const replay_outcome& outcome, const store_totals& after,
                        std::int64_t elapsed_ms) {
  const run_counts& c = outcome.counts;
  std::string rejected;
  for (std::size_t i = 0; i < index_of(verdict::duplicate); ++i) {
    const auto v = static_cast<verdict>(i);
    if (is_rejected(v) && c.of(v) != 0)
      rejected += fmt::format("{}{}:{}", rejected.empty() ? "" : ",", json_string(name_of(v)), c.of(v));
  }
  std::string warned;
  for (std::size_t i = 0; i < warning_count; ++i)
    if (c.warnings[i] != 0)
      warned +=
        fmt::format("{}{}:{}", warned.empty() ? "" : ",", json_string(name_of(static_cast<warning>(i))), c.warnings[i]);
  std::string energy;
  for (const quantity q :
       {quantity::active_import, quantity::active_export, quantity::reactive_import, quantity::reactive_export})
    if (q == quantity::active_import || q == quantity::active_export || c.energy_wh[index_of(q)] != 0)
      energy += fmt::format("{}\"{}\":{}", energy.empty() ? "" : ",", name_of(q), c.energy_wh[index_of(q)]);
  return fmt::format(
    "{{\"readings\":{},\"accepted\":{},\"duplicates\":{},\"conflicts\":{},\"quarantined\":{},\"rejected\":{{{}}},"
    "\"rounded\":{},\"ambiguous_local_times\":{},\"drifted\":{},\"warnings\":{{{}}},\"energy_wh\":{{{}}},\"elapsed_s\":"
    "{}.{:03},\"readings_per_s\":{},"
    "\"peak_rss_bytes\":{},\"gaps\":{},\"gap_periods\":{},\"meters\":{},\"feeders\":{},\"transformers\":{},\"days\":{},"
    "\"digest\":\"{}\",\"supervision\":{}}}\n",
    c.readings(), c.of(verdict::accepted), c.of(verdict::duplicate), c.of(verdict::conflict), c.quarantined(), rejected,
    c.rounded, c.ambiguous_local_times, c.drifted, warned, energy, elapsed_ms / 1000, elapsed_ms % 1000,
    per_second(c.readings(), elapsed_ms), peak_resident_bytes(), after.gaps, after.gap_periods, after.meters,
    after.feeders, after.transformers, after.days, to_hex(after.digest),
    supervision_json(*plan.estate, outcome.supervision));
}

std::string replay_text(const replay_plan& plan, const replay_outcome& outcome, const store_totals& after,
                        std::int64_t elapsed_ms, store_view& store, const std::string& store_name) {
  const run_counts& c = outcome.counts;
  std::string out = "This run\n";
  put_counts(out, outcome);
  if (c.rounded != 0)
    out += fmt::format("  {:<28}{:>16}\n", "rounded to a watt-hour", grouped(c.rounded));
  if (c.ambiguous_local_times != 0)
    out += fmt::format("  {:<28}{:>16}\n", "local times that occur twice", grouped(c.ambiguous_local_times));
  if (c.drifted != 0)
    out += fmt::format("  {:<28}{:>16}\n", "off the half hour, put on it", grouped(c.drifted));
  if (const std::uint64_t letters = outcome.supervision.dead_letters(); letters != 0)
    out += fmt::format("  {:<28}{:>16}   (gridtwin deadletters list)\n", "dead letters", with_thousands(letters));
  if (outcome.supervision.twins.parked != 0)
    out += fmt::format("  {:<28}{:>16}   (gridtwin twins list)\n", "twins parked",
                       with_thousands(outcome.supervision.twins.parked));
  for (const quantity q : quantities_by_name)
    if (const std::int64_t wh = c.energy_wh[index_of(q)]; wh != 0)
      out += fmt::format("  {:<28}{:>16} kWh\n", std::string(name_of(q)) + " accepted",
                         format_ratio(static_cast<uint128>(std::max<std::int64_t>(wh, 0)), 1000, 3));
  out += escalation_text(*plan.estate, outcome.supervision, store_name);
  put_worst(out, plan, outcome);
  if (auto put = put_most_loaded(out, plan, outcome, store); !put)
    out += "\n(" + put.failure().message + ")\n";
  out += fmt::format(
    "\nThe store {}\n  {} meters, {} feeders, {} transformers, {} UTC days; {} gaps of {} half hours\n", store_name,
    with_thousands(after.meters), with_thousands(after.feeders), with_thousands(after.transformers),
    with_thousands(after.days), with_thousands(after.gaps), with_thousands(after.gap_periods));
  out += fmt::format("  digest {}\n", to_hex(after.digest));
  out += fmt::format("\n{}.{:03} s, {} readings/s, {} MiB of memory at most\n", elapsed_ms / 1000, elapsed_ms % 1000,
                     with_thousands(per_second(c.readings(), elapsed_ms)), peak_resident_bytes() >> 20);
  const std::string word = shell_word(store_name);
  out += fmt::format("Next: gridtwin export rejects --store {} --out rejects.csv   (also readings, feeder-load,\n"
                     "      transformer-load, gaps); gridtwin digest --store {}\n",
                     word, word);
  return out;
}

} // namespace gridtwin
