#include "src/bench/bench_rules.hpp"

#include "config/format_profile.hpp"
#include "config/printable_text.hpp"
#include "src/commands/terminal.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/ingest/time_format.hpp"
#include "src/ingest/zone_table.hpp"
#include "src/process/interrupt.hpp"
#include "twins/energy.hpp"
#include "twins/message_rules.hpp"
#include "twins/rule_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view bench_rules_command = "bench rules";
constexpr std::size_t readings_held = 1024; // in the processor's cache: what a rule takes, not what memory takes
constexpr std::int64_t shortest_round_us = 2000;

/// What the compiler may not think away.
void keep(bool objects) { asm volatile("" : : "r"(objects) : "memory"); }

/// A rule or a chain of them, asked `passes` times of everything that is held; how often it was asked is the answer,
/// and whether it ever objected.
struct asked {
  std::uint64_t times = 0;
  bool objected = false;
};
struct question {
  std::string name;
  std::function<asked(std::size_t passes)> ask;
  bool chain = false;
};

template <class Items, class Rule>
question ask_of(std::string_view name, const Items& items, Rule rule) {
  return {std::string(name), [&items, rule](std::size_t passes) {
            asked out;
            for (std::size_t pass = 0; pass < passes; ++pass)
              for (const auto& item : items) {
                const bool objects = rule(item);
                keep(objects);
                out.objected |= objects;
              }
            out.times = passes * items.size();
            return out;
          }};
}

/// A row as it is written, before anything is known of it.
struct written_row {
  std::string mpan;
  std::string time;
  std::string kwh;
  std::int64_t local_s = 0;
};

/// Readings of 48 meters and a message, all of which pass.
class rule_questions {
public:
  static result<std::unique_ptr<rule_questions>> make() {
    auto times = time_format::compile("iso8601", true);
    auto zone = zone_table::make("Europe/London");
    auto profile = built_in_profile("generic");
    if (!times || !zone || !profile)
      return error{errc::usage, "the system has no time zone Europe/London: install tzdata"};
    return std::unique_ptr<rule_questions>(
      new rule_questions(std::move(*times), std::move(*zone), std::move(profile->null_words)));
  }

  /// The rules in the table's order, then the chains.
  std::vector<question> all() {
    std::vector<question> out = decoding();
    for (auto part : {messages(), twins(), chains()})
      out.insert(out.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    return out;
  }

private:
  struct judged {
    gridtwin::reading reading;
    connection_index meter;
  };

  rule_questions(time_format times, zone_table zone, std::vector<std::string> null_words)
    : times_(std::move(times)), zone_(std::move(zone)), null_words_(std::move(null_words)) {
    estate e;
    e.transformers.resize(1);
    e.feeders.resize(1);
    for (std::uint64_t n = 0; n < 48; ++n) {
      connection c;
      const std::uint64_t first_twelve = 100'000'000'000 + n;
      c.mpan = {first_twelve * 10 + static_cast<std::uint64_t>(check_digit(first_twelve))};
      e.connections.push_back(c);
    }
    estate_ = std::make_shared<const estate>(std::move(e));
    index_ = std::make_unique<meter_index>(estate_);
    constexpr utc_day day{20'619}; // 2026-06-15
    // What needs a "now" has one, and the closed dates of two timetables.
    limits_.as_of_s = period_at(day, 47).end_s();
    limits_.closed = {{1, 900'000}, {980'000, 985'000}};
    for (std::size_t i = 0; i < readings_held; ++i) {
      const std::uint32_t meter = static_cast<std::uint32_t>(i % estate_->connections.size());
      const period p = period_at(day, static_cast<int>(i / estate_->connections.size()));
      readings_.push_back({{quantity::active_import, p, 1, {static_cast<std::int64_t>(300 + i), actual, {}}}, {meter}});
      rows_.push_back({to_string(estate_->connections[meter].mpan), format_period(p), "0.250", p.end_s()});
    }
    message_.mpan = estate_->connections[0].mpan;
    message_.days.resize(1);
    message_.days[0].day_s = std::int64_t{day.number} * periods_per_day * seconds_per_period;
    for (int slot = 0; slot < periods_per_day; ++slot)
      message_.days[0].entries.push_back({period_at(day, slot).end_s(), {300 + slot, actual, {}}});
    context_.rows = std::span(estate_->connections).first(1);
    messages_.assign(1, &message_);
  }

  std::vector<question> decoding() {
    const auto local = [this](local_kind kind) {
      return [this, kind](const written_row& r) { return zone_.find(r.local_s, zone_hint_).kind == kind; };
    };
    return {
      ask_of(name_of(verdict::unparseable), rows_,
             [this](const written_row& r) {
               written_time time;
               return !times_.read(r.time, dates_, time) || !parse_energy(r.kwh, energy_unit::kilowatt_hour);
             }),
      ask_of(name_of(verdict::unknown_meter), rows_, [this](const written_row& r) { return !index_->find(r.mpan); }),
      ask_of(name_of(verdict::unknown_quantity), readings_,
             [this](const judged& j) { return (meter_of(j).quantities & mask_of(j.reading.quantity)) == 0; }),
      ask_of(name_of(verdict::null_value), rows_,
             [this](const written_row& r) {
               return std::find(null_words_.begin(), null_words_.end(), r.kwh) != null_words_.end();
             }),
      ask_of(name_of(verdict::nonexistent_local_time), rows_, local(local_kind::never)),
      ask_of(name_of(verdict::ambiguous_local_time), rows_, local(local_kind::twice)),
      ask_of(name_of(verdict::off_grid), rows_, [](const written_row& r) { return breaks_off_grid(r.local_s); }),
    };
  }

  /// Rules on a whole message are asked of it once for its 48 entries; what they take is told an entry.
  template <class Rule>
  question of_message(std::string_view name, Rule rule) {
    question out = ask_of(name, messages_, [rule](const consumption_message* m) { return rule(*m); });
    out.ask = [ask = std::move(out.ask)](std::size_t passes) {
      asked of_messages = ask(passes);
      of_messages.times *= periods_per_day;
      return of_messages;
    };
    return out;
  }
  template <class Rule>
  question of_entries(std::string_view name, Rule rule) {
    return ask_of(name, message_.days[0].entries, rule);
  }

  std::vector<question> messages() {
    const auto any = [](const std::vector<bool>& of) { return std::find(of.begin(), of.end(), true) != of.end(); };
    return {
      of_entries(name_of(verdict::duration),
                 [this](const auto&) { return breaks_duration(message_.days[0].duration_minutes); }),
      of_entries(name_of(verdict::day_not_midnight),
                 [this](const auto&) { return breaks_day_not_midnight(message_.days[0].day_s); }),
      of_message(name_of(verdict::duplicate_in_message), [any](const auto& m) { return any(duplicates_in(m)); }),
      of_message(name_of(verdict::overlap), [any](const auto& m) { return any(overlaps_in(m)); }),
      of_message(name_of(verdict::label_suspect), [](const auto& m) { return is_start_labelled(m.days[0]); }),
      of_entries(name_of(verdict::wrong_event),
                 [this](const auto&) { return breaks_wrong_event(message_.event, message_.quantity); }),
      of_entries(name_of(verdict::status),
                 [this](const auto&) { return breaks_status(context_.status, context_.recordable); }),
      of_entries(name_of(verdict::before_connection),
                 [this](const auto& e) { return breaks_before_connection(e.end_s, message_.connection_from_s); }),
    };
  }

  template <verdict Rule>
  question of_twin() {
    return ask_of(name_of(Rule), readings_,
                  [this](const judged& j) { return breaks<Rule>(j.reading, meter_of(j), limits_); });
  }
  template <warning Rule>
  question of_warning() {
    return ask_of(name_of(Rule), readings_,
                  [this](const judged& j) { return warns<Rule>(j.reading, meter_of(j), limits_); });
  }

  std::vector<question> twins() {
    return {of_twin<verdict::negative>(),
            of_twin<verdict::over_maximum>(),
            of_twin<verdict::zero_estimate_not_zero>(),
            of_twin<verdict::reason_missing>(),
            of_twin<verdict::amendment_reason_missing>(),
            of_twin<verdict::not_appointed>(),
            of_twin<verdict::deenergised_estimate>(),
            of_twin<verdict::future>(),
            of_twin<verdict::past_final_run>(),
            of_warning<warning::over_alarm>(),
            of_warning<warning::deenergised_consumption>()};
  }

  std::vector<question> chains() {
    std::vector<question> out{
      ask_of("usual reading of a usual meter", readings_,
             [this](const judged& j) { return !usual_content_stands(j.reading.content, limits_); }),
      ask_of("all of a twin", readings_,
             [this](const judged& j) { return broken_rule(j.reading, meter_of(j), limits_).has_value(); }),
      of_message("all of a message and its twin",
                 [this](const auto& m) {
                   const auto outcomes = check_message(m, context_, limits_);
                   return std::any_of(outcomes.begin(), outcomes.end(),
                                      [](const entry_outcome& o) { return o.verdict != verdict::accepted; });
                 }),
    };
    for (question& q : out)
      q.chain = true;
    return out;
  }

  const connection& meter_of(const judged& j) const noexcept { return estate_->connections[j.meter.value]; }

  time_format times_;
  zone_table zone_;
  std::vector<std::string> null_words_;
  date_memory dates_;
  std::size_t zone_hint_ = 0;
  std::shared_ptr<const estate> estate_;
  std::unique_ptr<meter_index> index_;
  rule_limits limits_;
  std::vector<judged> readings_;
  std::vector<written_row> rows_;
  consumption_message message_;
  std::vector<const consumption_message*> messages_;
  message_context context_;
};

/// What a question takes: hundredths of a nanosecond.
struct answer {
  std::string name;
  std::uint64_t centi_ns = 0;
  bool chain = false;
};

result<answer> measure(const question& q, std::uint32_t rounds, const microsecond_clock& now) {
  const auto run = [&](std::size_t passes, std::int64_t& us) -> result<std::uint64_t> {
    const std::int64_t begin = now();
    const asked found = q.ask(passes);
    us = now() - begin;
    if (found.objected)
      return error{errc::store_failed,
                   "the rule '" + q.name + "' objects to a reading that passes: a defect of gridtwin"};
    return found.times;
  };
  std::size_t passes = 1;
  std::int64_t us = 0;
  for (;; passes *= 2) { // until a round is long enough for the clock
    if (auto ran = run(passes, us); !ran)
      return ran.failure();
    if (us >= shortest_round_us)
      break;
  }
  std::vector<std::uint64_t> centi_ns;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    if (interrupted())
      return error{errc::interrupted, "interrupted"};
    const auto times = run(passes, us);
    if (!times)
      return times.failure();
    centi_ns.push_back(static_cast<std::uint64_t>(us) * 100'000 / *times);
  }
  std::sort(centi_ns.begin(), centi_ns.end());
  return answer{q.name, centi_ns[centi_ns.size() / 2], q.chain};
}

std::string decimal(std::uint64_t centi_ns) { return format_ratio(centi_ns, 100, 2); }

std::string to_json(const bench_rules_options& o, const std::vector<answer>& answers) {
  std::string rules;
  std::string chains;
  for (const answer& a : answers)
    if (a.chain)
      chains +=
        fmt::format("{}{{\"name\":{},\"ns\":{}}}", chains.empty() ? "" : ",", json_string(a.name), decimal(a.centi_ns));
  for (const rule_row& row : rule_table())
    for (const answer& a : answers)
      if (a.name == row.code)
        rules += fmt::format("{}{{\"code\":{},\"ecs\":{},\"stage\":\"{}\",\"severity\":\"{}\",\"ns\":{}}}",
                             rules.empty() ? "" : ",", json_string(row.code), json_string(row.ecs), name_of(row.stage),
                             name_of(row.severity), decimal(a.centi_ns));
  return fmt::format("{{\"rule_table\":{},\"rounds\":{},\"rules\":[{}],\"chains\":[{}]}}\n", rule_table_version,
                     o.rounds, rules, chains);
}

std::string to_text(const bench_rules_options& o, const std::vector<answer>& answers) {
  std::string out = fmt::format("Nanoseconds a reading that passes (median of {} rounds), rule table {}\n", o.rounds,
                                rule_table_version);
  for (const rule_row& row : rule_table())
    for (const answer& a : answers)
      if (a.name == row.code)
        out += fmt::format("  {:>9}  {:<26}{:<9}{:<11}{}\n", decimal(a.centi_ns), row.code, row.ecs, name_of(row.stage),
                           name_of(row.severity));
  out += "In a chain\n";
  for (const answer& a : answers)
    if (a.chain)
      out += fmt::format("  {:>9}  {}\n", decimal(a.centi_ns), a.name);
  return out;
}

} // namespace

int run_bench_rules(const bench_rules_options& options, const microsecond_clock& now) {
  catch_interrupts();
  const auto questions = rule_questions::make();
  if (!questions)
    return report_failure(bench_rules_command, questions.failure());
  std::vector<answer> answers;
  for (const question& q : (*questions)->all()) {
    auto measured = measure(q, options.rounds, now);
    if (!measured)
      return report_failure(bench_rules_command, measured.failure());
    answers.push_back(std::move(*measured));
  }
  return print_result(bench_rules_command, options.json ? to_json(options, answers) : to_text(options, answers));
}

} // namespace gridtwin
