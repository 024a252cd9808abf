#include "src/commands/settle_files.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <tuple>
#include <utility>
#include <variant>

namespace gridtwin {

namespace {

/// Columns of a settlement date's half hours, the longest of which has 50.
constexpr std::size_t most_periods = 50;

std::string kwh(std::int64_t wh) {
  return (wh < 0 ? "-" : "") + format_ratio(static_cast<uint128>(wh < 0 ? -wh : wh), 1000, 3);
}

std::string mwh(std::int64_t wh) { return format_ratio(static_cast<uint128>(wh), 1'000'000, 6); }

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? std::string() : format_ratio(static_cast<uint128>(part) * 100, whole, 2);
}

std::string text_of(char code) { return std::string(1, code); }

template <class Code>
std::string code_of(Code code) {
  return std::string(1, static_cast<char>(code));
}

std::string text_of(const std::array<char, 4>& mpid) { return {mpid.data(), mpid.size()}; }

std::string joined(const std::vector<estimation_exception>& exceptions) {
  std::string out;
  for (const estimation_exception e : exceptions)
    out += (out.empty() ? "" : ";") + std::string(name_of(e));
  return out;
}

std::string cause_text(missing_cause cause, const std::optional<verdict>& refusal) {
  return refusal ? std::string(name_of(*refusal)) : std::string(name_of(cause));
}

std::vector<table_writer::column> meter_day_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const char letter : {'p', 'q'})
      for (std::size_t i = 1; i <= most_periods; ++i)
        out.push_back(letter + std::to_string(i));
    return out;
  }();
  std::vector<table_writer::column> out{{"mpan"}, {"quantity"}, {"settlement_date"}};
  for (const std::string& name : names)
    out.push_back({name, name.front() == 'p'});
  return out;
}

} // namespace

settlement_files::settlement_files(const settlement_job& job)
  : job_(&job), periods_(job.periods()), date_(format_date(job.date)),
    settled_again_(job.previous ? job.previous->estimates.size() : 0) {
  for (const period p : periods_)
    period_texts_.push_back(format_period(p));
}

result<void> settlement_files::add(const settled_transformer& t) {
  totals_.add(*job_, t);
  list_work(t, work_);
  hash_readings(t);
  for (const settled_series& series : t.series) {
    add_meter_day(series);
    add_estimates(series);
    add_changes(series);
    mark_settled(series);
  }
  for (sorted_rows* rows : {&meter_days_, &changes_})
    if (auto kept = rows->keep(); !kept)
      return kept;
  for (sorted_blocks* blocks : {&estimates_, &recorded_})
    if (auto kept = blocks->keep(); !kept)
      return kept;
  return {};
}

void settlement_files::add_meter_day(const settled_series& series) {
  const mpan meter = job_->estate->connections[series.connection.value].mpan;
  const std::string number = to_string(meter);
  std::array<std::string, most_periods> values;
  std::vector<std::string_view> fields(3 + 2 * most_periods);
  fields[0] = number;
  fields[1] = name_of(series.quantity);
  fields[2] = date_;
  for (const settled_half_hour& h : series.half_hours) {
    values[h.place] = kwh(h.content.wh);
    fields[3 + h.place] = values[h.place];
    fields[3 + most_periods + h.place] = name_of(h.content.quality);
  }
  meter_days_.add({meter, series.quantity, series.half_hours.front().place}, fields);
}

/// Valid until the next call.
const std::string& settlement_files::inputs_text(const estimate_inputs& inputs) {
  const auto* const history = std::get_if<history_mean>(&inputs);
  if (history != nullptr && last_history_ && history->same_kind == last_history_->same_kind
      && history->days == last_history_->days)
    return inputs_text_;
  last_history_ = history != nullptr ? std::optional(*history) : std::nullopt;
  inputs_text_ = to_string(inputs);
  return inputs_text_;
}

void settlement_files::add_estimates(const settled_series& series) {
  if (series.estimates.empty())
    return;
  const mpan meter = job_->estate->connections[series.connection.value].mpan;
  const std::string number = to_string(meter);
  std::string lines;
  std::vector<recorded_estimate> recorded;
  for (const settled_estimate& e : series.estimates) {
    const content& settled = series.half_hours[e.place - series.half_hours.front().place].content;
    const std::array<std::string, 5> texts{std::to_string(e.place + 1), kwh(settled.wh),
                                           std::to_string(settled.reasons.estimation), cause_text(e.cause, e.refusal),
                                           e.made ? joined(e.made->exceptions) : std::string()};
    append_csv(lines,
               std::array<std::string_view, 12>{
                 number, name_of(series.quantity), date_, texts[0], period_texts_[e.place], texts[1],
                 name_of(settled.quality), texts[2], e.made ? name_of(e.made->method) : std::string_view("received"),
                 texts[3], e.made ? std::string_view(inputs_text(e.made->inputs)) : std::string_view(), texts[4]});
    if (e.made)
      recorded.push_back({meter, series.quantity, periods_[e.place], settled, e.made->method});
  }
  const std::uint8_t place = series.half_hours.front().place;
  estimates_.add({meter, rank_by_name(series.quantity), place}, lines);
  recorded_.add({meter, static_cast<std::uint8_t>(index_of(series.quantity)), place}, encode_estimates(recorded));
}

void settlement_files::add_changes(const settled_series& series) {
  if (series.changes.empty())
    return;
  const mpan meter = job_->estate->connections[series.connection.value].mpan;
  std::int64_t before = 0;
  std::int64_t after = 0;
  std::array<std::uint32_t, change_cause_count> causes{};
  for (const settled_change& c : series.changes) {
    before += c.before_wh;
    after += c.after_wh;
    ++causes[index_of(c.cause)];
  }
  std::string text;
  for (std::size_t i = 0; i < change_cause_count; ++i)
    if (causes[i] != 0)
      text += (text.empty() ? "" : ";") + std::string(name_of(static_cast<change_cause>(i))) + ":"
              + std::to_string(causes[i]);
  changes_.add({meter, series.quantity, series.changes.front().place},
               {to_string(meter), name_of(series.quantity), date_, std::to_string(series.changes.size()), kwh(before),
                kwh(after), kwh(after - before), text});
}

void settlement_files::mark_settled(const settled_series& series) {
  if (!job_->previous)
    return;
  const auto& before = job_->previous->estimates;
  const mpan meter = job_->estate->connections[series.connection.value].mpan;
  const auto key_at = [&](const settled_half_hour& h) { return std::tuple(meter, series.quantity, periods_[h.place]); };
  const auto last = key_at(series.half_hours.back());
  auto at = std::lower_bound(before.begin(), before.end(), key_at(series.half_hours.front()),
                             [](const recorded_estimate& e, const auto& key) { return e.key() < key; });
  for (; at != before.end() && at->key() <= last; ++at)
    settled_again_[static_cast<std::size_t>(at - before.begin())] = true;
}

/// Energy of the run before that no meter has now: without it differences would not sum to the difference.
result<void> settlement_files::add_no_longer_settled() {
  for (std::size_t i = 0; i < settled_again_.size();) {
    const recorded_estimate& first = job_->previous->estimates[i];
    std::uint64_t half_hours = 0;
    std::int64_t before = 0;
    for (; i < settled_again_.size(); ++i) {
      const recorded_estimate& e = job_->previous->estimates[i];
      if (std::tie(e.mpan, e.quantity) != std::tie(first.mpan, first.quantity))
        break;
      if (settled_again_[i])
        continue;
      ++half_hours;
      before += e.content.wh;
    }
    if (half_hours == 0)
      continue;
    totals_.add_no_longer_settled(half_hours);
    const auto place = std::lower_bound(periods_.begin(), periods_.end(), first.period) - periods_.begin();
    changes_.add({first.mpan, first.quantity, static_cast<std::uint8_t>(place)},
                 {to_string(first.mpan), name_of(first.quantity), date_, std::to_string(half_hours), kwh(before),
                  kwh(0), kwh(-before),
                  std::string(name_of(change_cause::no_longer_settled)) + ":" + std::to_string(half_hours)});
  }
  return changes_.keep();
}

/// What was settled as it was received, why the rest was not, and what its estimates were made from: in the order of
/// the estate.
void settlement_files::hash_readings(const settled_transformer& t) {
  std::string text;
  for (const settled_series& series : t.series) {
    for (const settled_half_hour& h : series.half_hours)
      if (h.version != 0)
        text += std::to_string(job_->estate->connections[series.connection.value].mpan.number) + ','
                + std::string(name_of(series.quantity)) + ',' + std::to_string(h.place) + ','
                + std::to_string(h.content.wh) + ',' + std::to_string(h.content.quality.code) + ','
                + std::to_string(h.content.reasons.estimation) + ',' + text_of(h.content.reasons.amendment) + ','
                + std::to_string(h.version) + '\n';
    for (const settled_estimate& e : series.estimates)
      if (e.made)
        text += std::to_string(e.place) + ',' + cause_text(e.cause, e.refusal) + '\n';
    for (const settled_change& c : series.changes) // the rest follows from the outputs of the run before
      if (c.cause == change_cause::correction_back_dated)
        text += std::to_string(c.place) + ",back-dated\n";
  }
  text += to_hex(t.estimated_from);
  const digest hash = sha256(text);
  reading_hashes_.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

digest settlement_files::readings() const { return sha256(reading_hashes_); }

result<std::string> settlement_files::encoded_estimates() {
  estimate_encoder out;
  std::vector<recorded_estimate> of_series;
  auto encoded = recorded_.for_each([&](const sorted_blocks::key&, std::string_view bytes) -> result<void> {
    if (!decode_estimates(bytes, of_series))
      return error{errc::store_failed, "the temporary file of the run's estimates does not give back what was written"};
    for (const recorded_estimate& e : of_series)
      out.add(e);
    return {};
  });
  return encoded ? result<std::string>(out.bytes()) : encoded.failure();
}

/// Sorted as bytes, as all exports are: of the group, and then of the period.
result<void> settlement_files::write_groups(table_writer& out) const {
  std::map<std::array<std::string, 6>, const std::vector<group_half_hour>*> sorted;
  for (const auto& [group, sums] : totals_.groups())
    sorted.emplace(std::array{"_" + text_of(group.gsp_group), text_of(group.supplier_mpid), code_of(group.segment),
                              code_of(group.type), std::string(group.domestic ? "T" : "F"),
                              std::string(name_of(group.quantity))},
                   &sums);
  std::map<std::string, std::size_t> numbers;
  for (std::size_t place = 0; place < periods_.size(); ++place)
    numbers.emplace(std::to_string(place + 1), place);
  for (const auto& [key, sums] : sorted)
    for (const auto& [number, place] : numbers) {
      const group_half_hour& sum = (*sums)[place];
      if (sum.meters != 0)
        out.row({key[0], key[1], key[2], key[3], key[4], key[5], date_, number, mwh(sum.actual_wh + sum.estimated_wh),
                 std::to_string(sum.meters), mwh(sum.actual_wh), mwh(sum.estimated_wh)});
    }
  return {};
}

result<void> settlement_files::write_shares(table_writer& out) const {
  std::map<std::array<std::string, 3>, settlement_totals::share> sorted;
  for (const auto& [key, share] : totals_.shares())
    sorted.emplace(
      std::array{text_of(std::get<0>(key)), code_of(std::get<1>(key)), std::string(name_of(std::get<2>(key)))}, share);
  for (const auto& [key, s] : sorted) {
    const std::int64_t all_wh = s.actual_wh + s.estimated_wh;
    out.row({key[0], key[1], key[2], date_, std::to_string(s.actual_half_hours), std::to_string(s.estimated_half_hours),
             mwh(s.actual_wh), mwh(s.estimated_wh),
             share_text(static_cast<std::uint64_t>(s.actual_wh), static_cast<std::uint64_t>(all_wh))});
  }
  return {};
}

result<void> settlement_files::write_work(table_writer& out) {
  sort_work(*job_->estate, work_);
  for (const work_item& item : work_) {
    const connection& meter = job_->estate->connections[item.connection.value];
    out.row({to_string(meter.mpan), name_of(item.quantity), date_, std::to_string(item.first_place + 1),
             std::to_string(item.first_place + item.half_hours), std::to_string(item.half_hours), kwh(item.wh),
             cause_text(item.cause, item.refusal), item.refusal ? ecs_code_of(*item.refusal) : std::string_view(),
             item.method ? name_of(*item.method) : "received", joined(item.exceptions), remedy_of(item),
             text_of(meter.supplier_mpid), code_of(meter.segment),
             job_->estate->transformers[job_->estate->transformer_of(meter).value].id});
  }
  return {};
}

result<std::vector<settlement_files::written_file>> settlement_files::write(const std::filesystem::path& folder) {
  struct table {
    std::string name;
    std::vector<table_writer::column> columns;
    std::function<result<void>(table_writer&)> write;
  };
  const std::vector<table> tables{
    {"difference.csv",
     {{"mpan"},
      {"quantity"},
      {"settlement_date"},
      {"half_hours", true},
      {"before_kwh", true},
      {"after_kwh", true},
      {"difference_kwh", true},
      {"causes"}},
     [this](table_writer& out) { return changes_.write(out, false); }},
    {"estimates.csv",
     {{"mpan"},
      {"quantity"},
      {"settlement_date"},
      {"period", true},
      {"period_end"},
      {"kwh", true},
      {"quality"},
      {"reason"},
      {"method"},
      {"cause"},
      {"inputs"},
      {"exceptions"}},
     [this](table_writer& out) {
       return estimates_.for_each([&](const sorted_blocks::key&, std::string_view lines) -> result<void> {
         out.lines(lines);
         return {};
       });
     }},
    {"meter-days.csv", meter_day_columns(), [this](table_writer& out) { return meter_days_.write(out, true); }},
    {"settlement-local.csv",
     {{"gsp_group"},
      {"supplier_mpid"},
      {"market_segment"},
      {"connection_type"},
      {"domestic"},
      {"quantity"},
      {"settlement_date"},
      {"period", true},
      {"mwh", true},
      {"meters", true},
      {"actual_mwh", true},
      {"estimated_mwh", true}},
     [this](table_writer& out) { return write_groups(out); }},
    {"shares.csv",
     {{"supplier_mpid"},
      {"market_segment"},
      {"quantity"},
      {"settlement_date"},
      {"actual_half_hours", true},
      {"estimated_half_hours", true},
      {"actual_mwh", true},
      {"estimated_mwh", true},
      {"actual_pct", true}},
     [this](table_writer& out) { return write_shares(out); }},
    {"worklist.csv",
     {{"mpan"},
      {"quantity"},
      {"settlement_date"},
      {"first_period", true},
      {"last_period", true},
      {"half_hours", true},
      {"kwh", true},
      {"cause"},
      {"ecs_code"},
      {"method"},
      {"exceptions"},
      {"remedy"},
      {"supplier_mpid"},
      {"market_segment"},
      {"transformer_id"}},
     [this](table_writer& out) { return write_work(out); }},
  };
  if (auto added = add_no_longer_settled(); !added)
    return added.failure();
  std::vector<written_file> out;
  for (const table& t : tables) {
    const std::filesystem::path path = folder / t.name;
    auto writer = table_writer::open(path.string(), table_writer::form::csv);
    if (!writer)
      return writer.failure();
    writer->keep_hash();
    writer->header(t.columns);
    if (auto written = t.write(*writer); !written)
      return written.failure();
    const std::uint64_t rows = writer->rows();
    if (auto finished = writer->finish(); !finished)
      return finished.failure();
    out.push_back({t.name, writer->hash(), rows});
  }
  return out;
}

} // namespace gridtwin
