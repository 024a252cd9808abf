#include "sim/reads_generator.hpp"

#include "sim/demand_model.hpp"
#include "sim/reads_output.hpp"
#include "sim/reads_series.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::size_t most_rows_a_cell = 12;
constexpr std::size_t longest_source_name = 1024; ///< quoted twice over it still fits a row
constexpr std::size_t shapes_held = 512;
constexpr std::uint64_t cells_between_progress = 1 << 20;

/// More than any connection of its type carries in half an hour: 250 kWh at a whole-current meter; elsewhere the 50 GW
/// that published feeder data has been seen to say.
constexpr std::int64_t too_large_whole_current_wh = 250'000;
constexpr std::int64_t too_large_wh = 25'000'000'000;

/// Places in a cell's random sequence. Never renumber.
enum class cell_draw : std::uint64_t {
  negative = 300,
  too_large,
  second,
  third,
  has_third,
  repeat,
  repeat_late,
  correction,
  contradicted,
  correction_repeat,
  correction_late,
  off_grid,
  unknown,
  late_slot = 600,
};
std::uint64_t draw_of(std::uint64_t cell_key, cell_draw what, std::uint64_t plus = 0) noexcept {
  return draw(cell_key, static_cast<std::uint64_t>(what) + plus);
}
bool one_in(std::uint32_t n, std::uint64_t random) noexcept { return below(random, n) == 0; }

/// A valid value that differs from `wh` by 1 to 1000 Wh.
std::int64_t other_wh(std::int64_t wh, std::uint64_t random) noexcept {
  const std::int64_t difference = 1 + below(random, 1000);
  return wh + difference > most_simulated_wh ? wh - difference : wh + difference;
}

/// The rows of one cell, in the order of their places.
struct cell_rows {
  std::array<simulated_row, most_rows_a_cell> rows{};
  std::size_t count = 0;
  std::uint32_t late = 0; ///< bits of the rows that come late whatever `shuffled` says

  void add(simulated_row row, std::int64_t wh, bool is_late = false) noexcept {
    assert(count < most_rows_a_cell);
    row.wh = wh;
    late |= is_late ? 1U << count : 0U;
    rows[count++] = row;
  }
};

class reads_run {
public:
  reads_run(const estate& source, const reads_plan& plan, byte_sink& sink, const progress_callback& progress)
    : source_(source), plan_(plan), faults_(plan.seed, plan.faults), progress_(progress), truth_(plan.from, plan.days),
      writer_(source, sink), queue_(writer_, plan.order == row_order::random, plan.seed),
      first_(period_at(plan.from, 0)), end_{first_.number + plan.days * periods_per_day},
      table_(make_series(source, plan.seed, faults_, first_, plan.faults.of(fault::unknown_meter) > 0)) {}

  result<reads_truth> run();

private:
  /// A day's shape and which day it is.
  struct held_shape {
    utc_day day{-1};
    day_shape shape;
  };

  void generate_by_time();
  void generate_by_meter();
  void generate_cell(reads_series& s, period when, const half_hour_shape& shape);
  void generate_faulty_cell(reads_series& s, const simulated_row& good, std::uint64_t key, fault_set faults,
                            bool outage);
  void add_value_rows(cell_rows& cell, const simulated_row& good, std::uint64_t key, fault_set faults);
  void add_correction_rows(cell_rows& cell, const simulated_row& good, std::uint64_t key);
  void add_extra_rows(cell_rows& cell, const simulated_row& good, std::uint64_t key, fault_set faults);
  void pass(const simulated_row& row, std::uint64_t key, unsigned ordinal, bool late);
  bool in_outage(reads_series& s, period when) const noexcept;
  std::uint64_t unknown_number(std::uint64_t random) const noexcept;
  const day_shape& shape_at(utc_day day);
  bool report(std::uint64_t cells);

  const estate& source_;
  const reads_plan& plan_;
  fault_plan faults_;
  const progress_callback& progress_;
  truth_counter truth_;
  row_writer writer_;
  row_queue queue_;
  period first_;
  period end_;
  reads_series_table table_;
  std::vector<held_shape> shapes_{shapes_held};
  std::uint64_t done_ = 0;
  std::uint64_t next_progress_ = cells_between_progress;
};

const day_shape& reads_run::shape_at(utc_day day) {
  held_shape& held = shapes_[static_cast<std::size_t>(day.number) % shapes_held];
  if (held.day != day)
    held = {day, shape_of(day)};
  return held.shape;
}

/// Counts cells done; false when there is no use in going on.
bool reads_run::report(std::uint64_t cells) {
  done_ += cells;
  if (progress_ && done_ >= next_progress_) {
    next_progress_ = done_ + cells_between_progress;
    progress_(done_, table_.series.size() * static_cast<std::uint64_t>(end_.number - first_.number));
  }
  return !writer_.failed();
}

void reads_run::generate_by_time() {
  for (period p = first_; p < end_; ++p.number) {
    const half_hour_shape& shape = shape_at(p.day())[static_cast<std::size_t>(p.slot())];
    for (std::size_t at = 0; at < table_.series.size();) {
      const std::size_t stop = std::min<std::size_t>(at + cells_between_progress, table_.series.size());
      const std::size_t cells = stop - at;
      for (; at < stop; ++at)
        generate_cell(table_.series[at], p, shape);
      if (!report(cells))
        return;
    }
  }
}

void reads_run::generate_by_meter() {
  for (reads_series& s : table_.series) {
    for (std::int32_t day = 0; day < plan_.days; ++day) {
      const utc_day date{plan_.from.number + day};
      const day_shape& shape = shape_at(date);
      for (int slot = 0; slot < periods_per_day; ++slot)
        generate_cell(s, period_at(date, slot), shape[static_cast<std::size_t>(slot)]);
    }
    if (!report(static_cast<std::uint64_t>(end_.number - first_.number)))
      return;
  }
}

/// Periods of a series must ascend: an outage is noted when it begins.
bool reads_run::in_outage(reads_series& s, period when) const noexcept {
  if (const int length = faults_.outage_starting(table_.outage_keys[s.feeder.value], when); length > 0)
    s.outage_end = std::max(s.outage_end, when.number + length);
  return when.number < s.outage_end;
}

void reads_run::generate_cell(reads_series& s, period when, const half_hour_shape& shape) {
  const bool outage = faults_.has_outages() && in_outage(s, when);
  if (!s.effective.contains(when))
    return;
  simulated_row good;
  good.meter = s.source_name == 0 ? s.mpan.number : simulated_row::by_source_name | s.source_name;
  good.wh = demand_model::energy_wh(s.who, s.quantity, when, shape);
  good.period = when;
  good.quantity = s.quantity;
  std::int32_t& last_current = table_.series[s.chain].last_current;
  if (!faults_.any()) {
    truth_.count_good(when, s.quantity, good.wh, last_current);
    queue_.pass(good);
    return;
  }
  const std::uint64_t key = fault_plan::cell_key(faults_.series_key(s.mpan, s.quantity), when);
  const fault_set faults = faults_.faults_of(key);
  if (outage || faults.bits != 0) {
    generate_faulty_cell(s, good, key, faults, outage);
    return;
  }
  truth_.count_good(when, s.quantity, good.wh, last_current);
  pass(good, key, 0, false);
}

/// What becomes of the reading itself is the first that applies of outage, gap, null, negative, too large and a good
/// value; only a good value is repeated or contradicted. A correction and extra rows come whatever became of it.
void reads_run::generate_faulty_cell(reads_series& s, const simulated_row& good, std::uint64_t key, fault_set faults,
                                     bool outage) {
  reads_truth& counts = truth_.counts();
  cell_rows cell;
  if (outage) {
    counts.inject(fault::outage);
  } else if (faults.has(fault::gap)) {
    counts.inject(fault::gap);
  } else if (faults.has(fault::null)) {
    counts.inject(fault::null);
    cell.add(good, simulated_row::null_wh);
  } else if (faults.has(fault::negative)) {
    counts.inject(fault::negative);
    cell.add(good, -1 - std::int64_t{below(draw_of(key, cell_draw::negative), 999)});
  } else if (faults.has(fault::too_large)) {
    counts.inject(fault::too_large);
    const std::int64_t base = s.whole_current ? too_large_whole_current_wh : too_large_wh;
    cell.add(good, base + below(draw_of(key, cell_draw::too_large), 100'000));
  } else {
    add_value_rows(cell, good, key, faults);
  }
  if (faults.has(fault::correction))
    add_correction_rows(cell, good, key);
  truth_.count_cell(good.period, {cell.rows.data(), cell.count}, table_.series[s.chain].last_current);
  add_extra_rows(cell, good, key, faults);
  for (std::size_t i = 0; i < cell.count; ++i)
    pass(cell.rows[i], key, static_cast<unsigned>(i), ((cell.late >> i) & 1U) != 0);
}

void reads_run::add_value_rows(cell_rows& cell, const simulated_row& good, std::uint64_t key, fault_set faults) {
  cell.add(good, good.wh);
  if (faults.has(fault::duplicate)) {
    truth_.counts().inject(fault::duplicate);
    cell.add(good, good.wh, one_in(2, draw_of(key, cell_draw::repeat_late)));
  }
  if (!faults.has(fault::conflict))
    return;
  truth_.counts().inject(fault::conflict);
  const std::int64_t second = other_wh(good.wh, draw_of(key, cell_draw::second));
  cell.add(good, second, one_in(2, draw_of(key, cell_draw::repeat_late, 1)));
  if (one_in(4, draw_of(key, cell_draw::repeat)))
    cell.add(good, second);
  if (one_in(4, draw_of(key, cell_draw::has_third))) // may equal the first again, which is one more repeat
    cell.add(good, other_wh(second, draw_of(key, cell_draw::third)), true);
}

void reads_run::add_correction_rows(cell_rows& cell, const simulated_row& good, std::uint64_t key) {
  truth_.counts().inject(fault::correction);
  simulated_row corrected = good;
  corrected.version = 2;
  const std::int64_t value = other_wh(good.wh, draw_of(key, cell_draw::correction));
  const bool late = one_in(2, draw_of(key, cell_draw::correction_late));
  cell.add(corrected, value, late);
  if (one_in(8, draw_of(key, cell_draw::correction_repeat)))
    cell.add(corrected, value);
  if (one_in(8, draw_of(key, cell_draw::contradicted)))
    cell.add(corrected, other_wh(value, draw_of(key, cell_draw::contradicted, 100)), !late);
}

/// Rows that touch no key of the cell. They are counted here, not as rows of the cell.
void reads_run::add_extra_rows(cell_rows& cell, const simulated_row& good, std::uint64_t key, fault_set faults) {
  if (faults.has(fault::off_grid)) {
    truth_.counts().inject(fault::off_grid);
    truth_.count_off_grid();
    simulated_row extra = good;
    extra.early_s = static_cast<std::uint16_t>(1 + below(draw_of(key, cell_draw::off_grid), seconds_per_period - 1));
    cell.add(extra, good.wh);
  }
  if (faults.has(fault::unknown_meter)) {
    truth_.counts().inject(fault::unknown_meter);
    truth_.count_unknown_meter();
    simulated_row extra = good;
    extra.meter = unknown_number(draw_of(key, cell_draw::unknown));
    cell.add(extra, good.wh);
  }
}

std::uint64_t reads_run::unknown_number(std::uint64_t random) const noexcept {
  for (;; random = mix64(random + 1)) {
    const std::uint64_t twelve =
      (10 + std::uint64_t{below(random, 14)}) * 10'000'000'000 + mix64(random) % 10'000'000'000;
    const std::uint64_t number = twelve * 10 + static_cast<std::uint64_t>(check_digit(twelve));
    if (!std::binary_search(table_.known.begin(), table_.known.end(), number))
      return number;
  }
}

void reads_run::pass(const simulated_row& row, std::uint64_t key, unsigned ordinal, bool late) {
  if (faults_.is_shuffled(key, ordinal)) {
    truth_.counts().inject(fault::shuffled);
    late = true;
  }
  if (late)
    queue_.pass_late(row, draw_of(key, cell_draw::late_slot, ordinal));
  else
    queue_.pass(row);
}

result<reads_truth> reads_run::run() {
  reads_truth& counts = truth_.counts();
  counts.meters = table_.meters;
  counts.feeders = source_.feeders.size();
  counts.transformers = source_.transformers.size();
  counts.quantities = table_.quantities;
  const std::uint64_t cells = table_.series.size() * static_cast<std::uint64_t>(end_.number - first_.number);
  if (plan_.order == row_order::random && cells > most_rows_in_random_order)
    return error{errc::usage, std::to_string(cells)
                                + " readings are too many for a random order, which is held in memory"
                                  " (at most "
                                + std::to_string(most_rows_in_random_order)
                                + "); take fewer days or meters, or --order time with --faults shuffled=0.5"};
  writer_.write_header();
  if (plan_.order == row_order::time)
    generate_by_time();
  else
    generate_by_meter();
  queue_.finish();
  if (auto done = writer_.flush(); !done)
    return done.failure();
  return truth_.finish();
}

result<void> check(const estate& source, const reads_plan& plan) {
  if (plan.days < 1 || plan.days > most_simulated_days)
    return error{errc::usage, std::to_string(plan.days) + " days cannot be simulated; give 1 to "
                                + std::to_string(most_simulated_days)};
  const std::int32_t last_day = last_storable_period.day().number;
  if (plan.from.number < first_storable_period.day().number || plan.from.number > last_day - plan.days + 1)
    return error{errc::usage, "readings from " + format_day(plan.from) + " for " + std::to_string(plan.days)
                                + " days do not lie within 1970-01-01 to " + format_day({last_day})};
  for (const std::string& name : source.source_names)
    if (name.size() > longest_source_name)
      return error{errc::bad_estate, "a source_id of " + std::to_string(name.size()) + " bytes is too long; at most "
                                       + std::to_string(longest_source_name)};
  return {};
}

} // namespace

std::optional<row_order> parse_row_order(std::string_view name) noexcept {
  if (name == "time")
    return row_order::time;
  if (name == "meter")
    return row_order::meter;
  if (name == "random")
    return row_order::random;
  return std::nullopt;
}

result<reads_truth> generate_reads(const estate& source, const reads_plan& plan, byte_sink& sink,
                                   const progress_callback& progress) {
  if (auto valid = check(source, plan); !valid)
    return valid.failure();
  return reads_run(source, plan, sink, progress).run();
}

} // namespace gridtwin
