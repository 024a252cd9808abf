#include "src/commands/settle_run.hpp"

#include "src/commands/store_view.hpp"
#include "src/process/interrupt.hpp"
#include "src/replay/rule_binding.hpp"
#include "src/settlement/settle_all.hpp"
#include "src/store/dead_letters.hpp"
#include "twins/final_runs.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace gridtwin {

namespace {

/// When a run is held, as far as the timetable or the command says so.
struct gate {
  std::string timetable;
  std::optional<civil_date> run_date;
  std::optional<std::int64_t> gate_at_s; ///< of the timetable
  std::int64_t known_at_s = 0;
  bool provisional = false;
};

result<gate> gate_of(const settle_plan& plan, const settlement_basis& basis) {
  const auto timetable = basis.calendar.timetable_of(plan.date);
  if (!timetable)
    return timetable.failure();
  gate out;
  out.timetable = (*timetable)->name;
  const bool held = (*timetable)->runs[index_of(plan.run)].has_value();
  if (!held && plan.as_of) { // such as a dispute run: it is held when somebody says so
    out.known_at_s = *plan.as_of;
    return out;
  }
  const auto date = basis.calendar.date_of(plan.run, plan.date, **timetable);
  if (!date)
    return error{date.failure().code, date.failure().message + (held ? "" : "; --as-of says when it is held")};
  out.run_date = *date;
  out.gate_at_s = gate_s(*date, basis.settings.gate_minute);
  out.known_at_s = *out.gate_at_s - 1; // what becomes known from the gate on is too late
  if (plan.as_of && *plan.as_of < out.known_at_s) {
    out.provisional = true;
    out.known_at_s = *plan.as_of;
  }
  return out;
}

/// What was refused of the date's half hours and known by then.
result<std::vector<refused_half_hour>> list_refused(store_reader& reader, const std::vector<period>& periods,
                                                    std::int64_t known_at_s) {
  auto rows = reader.database().prepare(
    "SELECT meter, quantity, period_end, code, known FROM rejects WHERE period_end BETWEEN ?1 AND ?2");
  if (!rows)
    return rows.failure();
  const std::string first = format_period(periods.front());
  const std::string last = format_period(periods.back());
  rows->bind_text(1, first).bind_text(2, last);
  std::vector<refused_half_hour> out;
  while (rows->step()) {
    const auto meter = parse_mpan(rows->bytes(0));
    const auto of = parse_quantity(rows->bytes(1));
    const auto end = parse_instant(rows->bytes(2));
    const auto code = parse_verdict(rows->bytes(3));
    if (!meter || !of || !end || !code || rows->optional_integer(4).value_or(*end) > known_at_s)
      continue;
    out.push_back({meter->number, *of, {static_cast<std::int32_t>(*end / seconds_per_period)}, *code});
  }
  if (rows->failed())
    return reader.database().failure("cannot read");
  // What a twin could not judge and an operator has not dropped, too.
  const auto listed = for_each_letter(reader.database(), {{}, letter_state::waiting, {}}, [&](const kept_letter& l) {
    const reading& r = l.letter.reading;
    const auto meter = parse_mpan(l.letter.input.meter);
    if (meter && r.period >= periods.front() && r.period <= periods.back() && l.known.of(r.period) <= known_at_s)
      out.push_back({meter->number, r.quantity, r.period, verdict::twin_failed});
    return true;
  });
  if (!listed)
    return listed.failure();
  std::sort(out.begin(), out.end());
  return out;
}

/// Shapes of every day that an estimate may ask for: those of the date, of register windows around it, and totals of
/// the year before.
result<void> prepare_shapes(shape_book& book, const store_cut& cut, const settlement_job& job) {
  const std::vector<period> periods = job.periods();
  const utc_day first = periods.front().day();
  const utc_day last = periods.back().day();
  if (!job.inputs->annual.empty())
    if (auto done = book.prepare_totals(cut, {last.number - (annual_days - 1) - 1}, last); !done)
      return done;
  const std::int32_t window = job.inputs->registers.empty() ? 0 : job.estimation->register_window_days;
  return book.prepare(cut, {first.number - window}, {last.number + window});
}

digest hash_inputs(const settle_plan& plan, const gate& g, const settlement_basis& basis, const std::string& estate,
                   const std::string& rules, const settlement_files& files, const shape_book& book,
                   const std::optional<recorded_settlement>& previous) {
  std::string text = std::string(name_of(plan.run)) + '\n' + format_date(plan.date) + '\n' + g.timetable + '\n'
                     + format_instant(g.known_at_s) + '\n' + estate + '\n' + rules + '\n';
  for (const digest& part : {sha256(basis.settings_text), sha256(basis.holidays_text), files.readings(),
                             version_of(book.shapes()), book.totals_version()})
    text += to_hex(part) + '\n';
  if (previous) // the difference to it is one of the outputs
    text += std::string(name_of(previous->run)) + ' ' + to_hex(previous->outputs) + '\n';
  return sha256(text);
}

digest hash_outputs(const std::vector<settlement_files::written_file>& files) {
  std::string text;
  for (const auto& f : files)
    text += f.name + ' ' + to_hex(f.hash) + '\n';
  return sha256(text);
}

result<void> check_folders(const settle_plan& plan) {
  if (auto exists = store_folder::for_reading(plan.store); !exists)
    return exists.failure();
  std::error_code absent; // a folder that is not there is no store's
  if (std::filesystem::equivalent(plan.out, plan.store, absent))
    return error{errc::usage,
                 "--out: " + plan.out.string() + " is the folder of the store: name another one for the tables"};
  return {};
}

result<void> find_previous(settlement_job& job, store_reader& reader) {
  auto previous = settlement_before(reader.database(), job.date, job.known_at_s);
  if (!previous)
    return previous.failure();
  job.previous = std::move(*previous);
  if (!job.previous)
    return {};
  auto days = earlier_days::after_run(reader, job.previous->last_replay, job.previous->known_at_s);
  if (!days)
    return days.failure();
  job.previous_days = std::move(*days);
  return {};
}

result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed || !std::filesystem::is_directory(folder, failed))
    return error{errc::usage, "cannot make the folder " + folder.string() + ": --out names one to write into"};
  return {};
}

} // namespace

result<settle_outcome> run_settlement(const settle_plan& plan, const settlement_basis& basis,
                                      const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const auto g = gate_of(plan, basis);
  if (!g)
    return g.failure();
  if (auto checked = check_folders(plan); !checked)
    return checked.failure();
  auto folder = store_folder::for_writing(plan.store); // nothing may be added while it is settled
  if (!folder)
    return folder.failure();
  const auto rules = bind_rules(*folder, std::nullopt);
  if (!rules)
    return rules.failure();
  auto view = store_view::open(plan.store);
  if (!view)
    return view.failure();
  view->look_back_to(g->known_at_s);
  const auto inputs = view->settlement();
  if (!inputs)
    return inputs.failure();
  settlement_job job;
  job.date = plan.date;
  job.known_at_s = g->known_at_s;
  job.estate = &view->estate();
  job.topology = &view->topology();
  job.inputs = inputs->get();
  job.estimation = &basis.settings.estimation;
  job.holidays = &basis.calendar.days();
  job.limits.energy = rules->pack.settings.energy;
  list_rows_of_several(job);
  auto refused = list_refused(view->reader(), job.periods(), g->known_at_s);
  if (!refused)
    return refused.failure();
  job.refused = std::move(*refused);
  if (auto found = find_previous(job, view->reader()); !found)
    return found.failure();
  shape_book book({job.estimation->fewest_actuals, job.estimation->off_peak}, job.inputs->shapes);
  if (auto prepared = prepare_shapes(book, view->cut(), job); !prepared)
    return prepared.failure();
  job.shapes = &book;
  const digest shapes = version_of(book.shapes());
  job.shape_version = to_hex(shapes);
  if (auto made = make_folder(plan.out); !made)
    return made.failure();
  settlement_files files(job);
  const std::uint64_t count = job.estate->transformers.size();
  std::uint64_t done = 0;
  const auto settled = settle_all(job, *folder, plan.threads, [&](settled_transformer&& t) -> result<void> {
    if (interrupted())
      return error{errc::interrupted, "interrupted: nothing was recorded; run the same command again"};
    progress(++done, count);
    return files.add(t);
  });
  if (!settled)
    return settled.failure();
  std::error_code absent; // until run.json is written again, the tables may be of two runs
  std::filesystem::remove(plan.out / "run.json", absent);
  auto written = files.write(plan.out);
  if (!written)
    return written.failure();
  const auto estate_hash = bound_estate_hash(view->reader().database());
  if (!estate_hash)
    return estate_hash.failure();
  settle_outcome out;
  out.timetable = g->timetable;
  out.run_date = g->run_date;
  out.gate_at_s = g->gate_at_s;
  out.known_at_s = g->known_at_s;
  out.provisional = g->provisional;
  out.totals = files.totals();
  out.work_items = files.work().size();
  out.shapes = shapes;
  out.previous = std::move(job.previous);
  out.files = std::move(*written);
  out.inputs = hash_inputs(plan, *g, basis, *estate_hash, rules->pack.text, files, book, out.previous);
  out.outputs = hash_outputs(out.files);
  if (out.previous)
    out.previous->estimates.clear();
  if (g->provisional)
    return out;
  if (auto kept = record_shapes(*folder, {g->known_at_s, book.shapes()}); !kept)
    return kept.failure();
  const auto estimates = files.encoded_estimates();
  if (!estimates)
    return estimates.failure();
  const auto recorded =
    record_settlement(*folder, {plan.run, plan.date, g->known_at_s, out.inputs, out.outputs, shapes, {}}, *estimates);
  if (!recorded)
    return recorded.failure();
  out.recorded = *recorded;
  return out;
}

} // namespace gridtwin
