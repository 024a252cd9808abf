#include "src/ingest/clock_change_resolver.hpp"

#include "src/ingest/transformer_groups.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::uint64_t series_factor = 0x9E37'79B9'7F4A'7C15;
constexpr std::size_t smallest_series_table = 64;
constexpr std::uint32_t taken_out = std::numeric_limits<std::uint32_t>::max(); // line of a reject that is held

/// The last local time of each series, in a flat table: asked once a run of rows.
class last_times {
public:
  last_times() : slots_(smallest_series_table) {}

  /// The last time of that series, if it had one; from now on it is `last_s`.
  std::optional<std::int64_t> exchange(series_key series, std::int64_t last_s) {
    if (count_ * 3 >= slots_.size() * 2)
      grow();
    slot& at = slot_of(series);
    const std::optional<std::int64_t> before = at.series.value == 0 ? std::nullopt : std::optional(at.last_s);
    count_ += at.series.value == 0 ? 1 : 0;
    at = {series, last_s};
    return before;
  }

private:
  struct slot {
    series_key series; ///< 0: empty, for a version is never 0
    std::int64_t last_s = 0;
  };

  slot& slot_of(series_key series) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>((series.value * series_factor) >> (64 - std::countr_zero(slots_.size())));
    while (slots_[at].series.value != 0 && !(slots_[at].series == series))
      at = (at + 1) & mask;
    return slots_[at];
  }

  void grow() {
    std::vector<slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const slot& s : old)
      if (s.series.value != 0)
        slot_of(s.series) = s;
  }

  std::vector<slot> slots_;
  std::size_t count_ = 0;
};

/// A local time that occurs twice, in one series.
struct label {
  series_key series;
  std::int64_t local_s = 0;
  bool operator==(const label&) const = default;
};
struct label_hash {
  std::size_t operator()(const label& l) const noexcept {
    return static_cast<std::size_t>(
      (l.series.value ^ std::rotl(static_cast<std::uint64_t>(l.local_s), 40)) * series_factor >> 7);
  }
};
struct series_hash {
  std::size_t operator()(series_key s) const noexcept { return static_cast<std::size_t>(s.value * series_factor >> 7); }
};

/// What is known of a label.
struct occurrences {
  std::uint32_t count = 0;
  bool first_is_later = false;
  bool undecided = false;
};

/// A row that waits.
struct held_row {
  twofold_row row;
  std::uint64_t line = 0; ///< of the file
  std::uint32_t occurrence = 0;
  bool later = false; ///< the decision
  std::string text;
  std::optional<early_reject> rejected;
};

/// Rows of the first label of a series, for only a series' first row has none before it.
struct held_series {
  std::int64_t local_s = 0;
  std::int64_t hour_begin_s = 0;
  std::int64_t hour_end_s = 0;
  std::optional<std::int64_t> next_s; ///< the first other local time after it, inside the hour
  std::vector<held_row> rows;
};

} // namespace

struct clock_change_resolver::state {
  std::shared_ptr<const meter_index> meters;
  std::uint64_t next_line = 2;
  last_times last;
  std::unordered_map<label, occurrences, label_hash> labels;
  std::unordered_map<series_key, held_series, series_hash> held;
  std::size_t held_count = 0;
  std::size_t held_bytes = 0;
  std::vector<held_row> decided; ///< held rows that go out with the next batch of their own

  bool full() const noexcept { return held_count >= held_rows_limit || held_bytes >= held_bytes_limit; }
  void see(const series_run& run, decoded_block& block);
  void see_twofold(series_key series, const twofold_row& row, std::optional<std::int64_t> before, decoded_block& block);
  void hold(series_key series, const twofold_row& row, std::uint32_t occurrence, decoded_block& block);
  void look_ahead(series_key series, std::int64_t local_s);
  void settle(series_key series, bool first_is_later);
  bool place(const twofold_row& row, bool later, reading_batch& batch, early_reject* rejected) const;
  void arrange(reading_batch& batch) const;
  void emit_decided(std::vector<reading_batch>& out);
};

/// Fills in the instant of a row: of its reading, which joins the batch, or of its reject. True: the reading is refused
/// after all; its reject, the batch's last, lacks the raw line.
bool clock_change_resolver::state::place(const twofold_row& row, bool later, reading_batch& batch,
                                         early_reject* rejected) const {
  const std::int64_t end_s = later ? row.later_end_s : row.earlier_end_s;
  ++batch.ambiguous_local_times;
  const bool on_grid = row.whole_seconds && end_s % seconds_per_period == 0;
  if (rejected != nullptr) {
    if (on_grid)
      rejected->period_end = format_instant(end_s);
    return false;
  }
  sourced_reading reading = row.reading;
  reading.period = {static_cast<std::int32_t>(end_s / seconds_per_period)};
  reading.connection = meters->connection_at(row.meter, reading.period);
  if ((meters->at(reading.connection).quantities & mask_of(reading.quantity)) != 0) {
    batch.readings.push_back(reading);
    return false;
  }
  const std::string name(name_of(reading.quantity));
  batch.rejects.push_back({reading.line,
                           reading.item,
                           verdict::unknown_quantity,
                           to_string(meters->at(reading.connection).mpan),
                           name,
                           format_instant(end_s),
                           "the estate lists no " + name + " for this meter",
                           {}});
  return true;
}

void clock_change_resolver::state::hold(series_key series, const twofold_row& row, std::uint32_t occurrence,
                                        decoded_block& block) {
  held_series& waiting = held[series];
  if (waiting.rows.empty()) {
    waiting.local_s = row.local_s;
    waiting.hour_begin_s = row.hour_begin_s;
    waiting.hour_end_s = row.hour_end_s;
  }
  held_row kept;
  kept.row = row;
  kept.line = next_line + row.reading.line;
  kept.occurrence = occurrence;
  kept.text = block.batch.raw->at(row.reading.offset);
  if (row.reject != twofold_row::no_reject) {
    early_reject& rejected = block.batch.rejects[row.reject];
    kept.rejected = rejected;
    rejected.line = taken_out;
  }
  ++held_count;
  held_bytes += kept.text.size();
  waiting.rows.push_back(std::move(kept));
}

void clock_change_resolver::state::settle(series_key series, bool first_is_later) {
  const auto at = held.find(series);
  occurrences& known = labels[{series, at->second.local_s}];
  known.undecided = false;
  known.first_is_later = first_is_later;
  held_count -= at->second.rows.size();
  for (held_row& kept : at->second.rows) {
    held_bytes -= kept.text.size();
    kept.later = first_is_later != (kept.occurrence % 2 == 0);
    decided.push_back(std::move(kept));
  }
  held.erase(at);
}

/// A row of a series may decide those that wait before it.
void clock_change_resolver::state::look_ahead(series_key series, std::int64_t local_s) {
  const auto at = held.find(series);
  if (at == held.end())
    return;
  held_series& waiting = at->second;
  if (local_s < waiting.hour_begin_s || local_s >= waiting.hour_end_s)
    settle(series, local_s < waiting.local_s);
  else if (local_s != waiting.local_s && !waiting.next_s)
    waiting.next_s = local_s;
}

void clock_change_resolver::state::see_twofold(series_key series, const twofold_row& row,
                                               std::optional<std::int64_t> before, decoded_block& block) {
  occurrences& known = labels[{series, row.local_s}];
  ++known.count;
  if (known.count == 1) {
    known.undecided = !before && !full();
    known.first_is_later = before && *before > row.local_s;
  }
  if (known.undecided && full())
    settle(series, false);
  if (known.undecided) {
    hold(series, row, known.count, block);
    return;
  }
  const bool later = known.first_is_later != (known.count % 2 == 0);
  if (place(row, later, block.batch, row.reject == twofold_row::no_reject ? nullptr : &block.batch.rejects[row.reject]))
    block.batch.rejects.back().raw = block.batch.raw->at(row.reading.offset);
}

void clock_change_resolver::state::see(const series_run& run, decoded_block& block) {
  if (!held.empty())
    look_ahead(run.series, run.first_local_s);
  const auto before = last.exchange(run.series, run.last_local_s);
  if (run.twofold != series_run::no_twofold)
    see_twofold(run.series, block.twofold[run.twofold], before, block);
}

/// Puts what was decided now where it would have stood, and leaves out the rejects that wait.
void clock_change_resolver::state::arrange(reading_batch& batch) const {
  std::erase_if(batch.rejects, [](const early_reject& r) { return r.line == taken_out; });
  const auto in_file_order = [](const auto& a, const auto& b) {
    return std::pair(a.line, a.item) < std::pair(b.line, b.item);
  };
  std::sort(batch.readings.begin(), batch.readings.end(), in_file_order);
  std::sort(batch.rejects.begin(), batch.rejects.end(), in_file_order);
  std::vector<std::uint32_t> transformers;
  transformers.reserve(batch.readings.size());
  for (const sourced_reading& r : batch.readings)
    transformers.push_back(meters->transformer_of(r.connection).value);
  group_by_transformer(batch.readings, transformers, batch.slices);
}

/// Held rows go out in a batch of their own, cut where its lines could not be counted in 32 bits.
void clock_change_resolver::state::emit_decided(std::vector<reading_batch>& out) {
  std::sort(decided.begin(), decided.end(), [](const held_row& a, const held_row& b) { return a.line < b.line; });
  for (std::size_t i = 0; i < decided.size();) {
    reading_batch batch;
    batch.first_line = decided[i].line;
    std::string text;
    for (; i < decided.size() && decided[i].line - batch.first_line < taken_out; ++i) {
      held_row& kept = decided[i];
      kept.row.reading.line = static_cast<std::uint32_t>(kept.line - batch.first_line);
      kept.row.reading.offset = static_cast<std::uint32_t>(text.size());
      text += kept.text;
      text += '\n';
      if (place(kept.row, kept.later, batch, kept.rejected ? &*kept.rejected : nullptr))
        batch.rejects.back().raw = kept.text;
      if (kept.rejected) {
        kept.rejected->line = kept.row.reading.line;
        batch.rejects.push_back(std::move(*kept.rejected));
      }
    }
    batch.raw = std::make_shared<const held_lines>(std::move(text));
    arrange(batch);
    out.push_back(std::move(batch));
  }
  decided.clear();
}

clock_change_resolver::clock_change_resolver(std::shared_ptr<const meter_index> meters, std::uint64_t first_line)
  : state_(std::make_unique<state>()) {
  state_->meters = std::move(meters);
  state_->next_line = first_line;
}
clock_change_resolver::~clock_change_resolver() = default;
clock_change_resolver::clock_change_resolver(clock_change_resolver&&) noexcept = default;
clock_change_resolver& clock_change_resolver::operator=(clock_change_resolver&&) noexcept = default;

std::size_t clock_change_resolver::held_rows() const noexcept { return state_->held_count; }

void clock_change_resolver::resolve(decoded_block&& block, std::vector<reading_batch>& out) {
  for (const series_run& run : block.runs)
    state_->see(run, block);
  block.batch.first_line = state_->next_line;
  state_->next_line += block.batch.lines;
  if (!block.twofold.empty())
    state_->arrange(block.batch);
  out.push_back(std::move(block.batch));
  state_->emit_decided(out);
}

void clock_change_resolver::finish(std::vector<reading_batch>& out) {
  std::vector<std::pair<std::uint64_t, series_key>> left; // by line, so that the order is the file's
  for (const auto& [series, waiting] : state_->held)
    left.emplace_back(waiting.rows.front().line, series);
  std::sort(left.begin(), left.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [line, series] : left) {
    const held_series& waiting = state_->held.at(series);
    state_->settle(series, waiting.next_s && *waiting.next_s < waiting.local_s);
  }
  state_->emit_decided(out);
}

} // namespace gridtwin
