#include "src/verify/store_check.hpp"

#include "src/store/reading_scan.hpp"
#include "src/store/store_reader.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// Sums that are held at a time; the journal is read once for so many.
constexpr std::size_t days_at_once = 1'000'000;
constexpr std::size_t readings_at_once = 65'536;

struct listed_day {
  std::int64_t key = 0; ///< see `day_key`
  bool summarised = false;
  bool contradicted = false;

  utc_day day() const noexcept { return {static_cast<std::int32_t>(key >> 32)}; }
  transformer_number transformer() const noexcept { return {static_cast<std::uint32_t>(key)}; }
};

using sums_by_day = std::unordered_map<std::int64_t, reading_sum>;

class store_walk {
public:
  store_walk(const store_cut& cut, store_faults& faults,
             const std::function<void(std::uint64_t, std::uint64_t)>& progress)
    : cut_(cut), faults_(&faults), progress_(&progress) {
    for (std::uint32_t i = 0; i < cut.topology->number_of.size(); ++i)
      index_of_.emplace(cut.topology->number_of[i].value, transformer_index{i});
  }

  result<void> list_days();
  /// Part by part, each of whole days: all transformers of the estate that have readings of them.
  result<void> check_days(day_facts& facts);

private:
  result<sums_by_day> sum_journal(std::int32_t first, std::int32_t last, day_facts& facts);
  result<void> check_transformer(std::span<const listed_day> days, sums_by_day& journal, day_facts& facts);

  std::string place_of(std::int64_t key) const;

  store_cut cut_;
  store_faults* faults_;
  const std::function<void(std::uint64_t, std::uint64_t)>* progress_;
  std::unordered_map<std::uint32_t, transformer_index> index_of_;
  std::vector<listed_day> days_;
  std::uint64_t done_ = 0;
};

result<void> store_walk::list_days() {
  const auto listed = cut_.reader->for_each_day([this](transformer_number t, utc_day day, bool summarised) {
    days_.push_back({day_key(day, t), summarised, false});
  });
  if (!listed)
    return listed;
  const auto contradicted = cut_.reader->contradicted_days();
  if (!contradicted)
    return contradicted.failure();
  for (const auto& [t, day] : *contradicted)
    std::lower_bound(days_.begin(), days_.end(), day_key(day, t), [](const listed_day& d, std::int64_t key) {
      return d.key < key;
    })->contradicted = true;
  return {};
}

result<void> store_walk::check_days(day_facts& facts) {
  facts.transformer_days = days_.size();
  for (std::size_t first = 0, end = 0; first == 0 || first < days_.size(); first = end) {
    end = std::min(first + days_at_once, days_.size());
    while (end < days_.size() && days_[end].day() == days_[end - 1].day())
      ++end;
    const std::int32_t first_day = first == 0 ? std::numeric_limits<std::int32_t>::min() : days_[first].day().number;
    const std::int32_t last_day =
      end == days_.size() ? std::numeric_limits<std::int32_t>::max() : days_[end - 1].day().number;
    auto journal = sum_journal(first_day, last_day, facts);
    if (!journal)
      return journal.failure();
    auto part = std::span(days_).subspan(first, end - first);
    std::sort(part.begin(), part.end(), [](const listed_day& a, const listed_day& b) {
      return std::pair(a.transformer(), a.key) < std::pair(b.transformer(), b.key);
    });
    for (std::size_t at = 0, next = 0; at < part.size(); at = next) {
      while (next < part.size() && part[next].transformer() == part[at].transformer())
        ++next;
      if (auto checked = check_transformer(part.subspan(at, next - at), *journal, facts); !checked)
        return checked;
    }
    for (const auto& [key, sum] : *journal)
      faults_->add(place_of(key),
                   "the journal has " + std::to_string(sum.count()) + " readings of it, and the day is missing");
    if (end == days_.size())
      break;
  }
  return {};
}

/// Of the journal's readings of these days, wherever they belong by now.
result<sums_by_day> store_walk::sum_journal(std::int32_t first, std::int32_t last, day_facts& facts) {
  const auto moves = read_moves(cut_.reader->database());
  if (!moves)
    return moves.failure();
  auto scan = reading_scan::over(cut_.reader->database());
  if (!scan)
    return scan.failure();
  result<sums_by_day> out{sums_by_day()};
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    for (reading_scan::progress at; !at.at_end;) {
      const auto read =
        scan->read(shard, at.last_offset, readings_at_once, [&](const scanned_reading& s) -> result<void> {
          if (s.reading.day.number < first || s.reading.day.number > last)
            return {};
          stored_reading r = s.reading;
          transformer_number t = s.transformer;
          if (moves->any_from(t, s.run)) {
            const stored_place now = moves->place_of({t, r.twin}, period_at(r.day, r.slot), s.run);
            t = now.transformer;
            r.twin = now.slot;
          }
          (*out)[day_key(r.day, t)].add(t, r);
          ++facts.readings;
          return {};
        });
      if (!read)
        return read.failure();
      at = *read;
    }
  return out;
}

result<void> store_walk::check_transformer(std::span<const listed_day> days, sums_by_day& journal, day_facts& facts) {
  const auto at = index_of_.find(days.front().transformer().value);
  if (at == index_of_.end()) {
    for (const listed_day& one : days)
      faults_->add(place_of(one.key), "the estate does not have that transformer");
    return {};
  }
  day_check check(cut_, at->second, *faults_);
  for (const listed_day& one : days) {
    const auto sum = check.check({one.day(), one.summarised, one.contradicted});
    if (!sum)
      return sum.failure();
    const auto recorded = journal.find(one.key);
    if (const reading_sum in_journal = recorded == journal.end() ? reading_sum() : recorded->second; in_journal != *sum)
      faults_->add(place_of(one.key), "its readings (" + std::to_string(sum->count())
                                        + ") are not those of the journal (" + std::to_string(in_journal.count())
                                        + ")");
    if (recorded != journal.end())
      journal.erase(recorded);
    facts.not_summarised += one.summarised ? 0 : 1;
    (*progress_)(++done_, days_.size());
  }
  for (const auto& [of, wh] : check.energy())
    facts.energy[of] += wh;
  return {};
}

std::string store_walk::place_of(std::int64_t key) const {
  const listed_day one{key};
  const auto at = index_of_.find(one.transformer().value);
  return "transformer "
         + (at == index_of_.end() ? "number " + std::to_string(one.transformer().value)
                                  : cut_.estate->transformers[at->second.value].id)
         + " on " + format_day(one.day());
}

} // namespace

result<log_facts> check_log(sqlite_database& database, store_faults& faults) {
  const auto journal = check_journal(database, faults);
  if (!journal)
    return journal.failure();
  const auto acts = check_acts(database, faults);
  if (!acts)
    return acts.failure();
  const auto estates = check_bindings(database, faults);
  if (!estates)
    return estates.failure();
  return log_facts{*journal, *acts, *estates};
}

result<day_facts> check_days(const store_cut& cut, store_faults& faults,
                             const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  day_facts out;
  store_walk walk(cut, faults, progress);
  if (auto listed = walk.list_days(); !listed)
    return listed.failure();
  if (auto checked = walk.check_days(out); !checked)
    return checked.failure();
  return out;
}

} // namespace gridtwin
