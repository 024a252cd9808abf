#include "src/commands/export.hpp"
#include "src/replay/rule_binding.hpp"
#include "twins/register_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view name_of(register_verdict v) noexcept {
  return v == register_verdict::ok ? "ok" : v == register_verdict::outside ? "outside" : "incomplete";
}

/// The half hour that an instant lies in; one on the half hour begins it.
period period_from(std::int64_t at_s) { return {static_cast<std::int32_t>(at_s / seconds_per_period + 1)}; }
/// The half hour that ends then or is under way.
period period_to(std::int64_t at_s) {
  return {static_cast<std::int32_t>((at_s + seconds_per_period - 1) / seconds_per_period)};
}

/// What stands for the half hours of a meter's UTC day, whichever of its rows holds them.
struct standing_day {
  std::uint64_t mask = 0;
  std::array<std::int64_t, periods_per_day> wh{};

  void add(const meter_day& readings) {
    for (int slot = 0; slot < periods_per_day; ++slot)
      if (const auto current = readings.current(slot)) {
        mask |= std::uint64_t{1} << slot;
        wh[static_cast<std::size_t>(slot)] = current->content.wh;
      }
  }
};

/// As many as there are pairs of reads, which are in memory themselves.
struct checked_pair {
  gridtwin::mpan mpan;
  gridtwin::quantity quantity = quantity::active_import;
  register_check check;
};

/// One register of a meter, compared pair by pair as days pass: only days behind the read at hand are held.
class register_walk {
public:
  using pair = std::array<register_read, 2>;

  register_walk(mpan meter, quantity q, std::vector<pair> pairs)
    : meter_(meter), quantity_(q), pairs_(std::move(pairs)) {}

  gridtwin::quantity quantity() const noexcept { return quantity_; }
  /// Whether a day's half hours count, once all pairs that end before it are through.
  bool wants(utc_day day) const noexcept {
    return next_ < pairs_.size() && period_from(pairs_[next_][0].at_s).day() <= day;
  }
  void add(utc_day day, const meter_day& readings) { days_[day].add(readings); }

  /// Compares the pairs that no later day than the one before `day` has a share in.
  void begin_day(utc_day day, const register_tolerance& tolerance, std::vector<checked_pair>& out) {
    while (next_ < pairs_.size() && period_to(pairs_[next_][1].at_s).day() < day)
      compare(tolerance, out);
  }
  void end(const register_tolerance& tolerance, std::vector<checked_pair>& out) {
    while (next_ < pairs_.size())
      compare(tolerance, out);
  }

private:
  void compare(const register_tolerance& tolerance, std::vector<checked_pair>& out) {
    const auto wh_of = [this](period p) -> std::optional<std::int64_t> {
      const auto day = days_.find(p.day());
      if (day == days_.end() || (day->second.mask >> p.slot() & 1U) == 0)
        return std::nullopt;
      return day->second.wh[static_cast<std::size_t>(p.slot())];
    };
    for (const register_check& check : check_registers(pairs_[next_], wh_of, tolerance))
      out.push_back({meter_, quantity_, check});
    if (++next_ < pairs_.size())
      days_.erase(days_.begin(), days_.lower_bound(period_from(pairs_[next_][0].at_s).day()));
    else
      days_.clear();
  }

  mpan meter_;
  gridtwin::quantity quantity_;
  std::vector<pair> pairs_;
  std::size_t next_ = 0;
  std::map<utc_day, standing_day> days_;
};

class register_checker {
public:
  register_checker(store_view& view, const export_scope& scope, const settlement_inputs& inputs,
                   const register_tolerance& tolerance)
    : view_(&view), scope_(&scope), inputs_(&inputs), tolerance_(tolerance) {}

  /// The meters of rows of the estate, of which all rows are given: their transformers are read side by side.
  result<void> check(const std::vector<connection_index>& rows);
  std::vector<checked_pair> take() { return std::move(out_); }

private:
  struct row {
    std::size_t place = 0; ///< within its transformer
    register_walk* walk = nullptr;
  };

  std::vector<register_walk::pair> pairs_of(mpan meter, quantity q) const;
  result<void> walk_days(std::map<std::uint32_t, std::vector<row>>& rows, std::vector<register_walk*>& walks);
  result<void> read_day(utc_day day, transformer_day_reader& reader, const std::vector<row>& rows);

  store_view* view_;
  const export_scope* scope_;
  const settlement_inputs* inputs_;
  register_tolerance tolerance_;
  std::vector<checked_pair> out_;
};

/// Consecutive reads that were known, with a half hour in between that lies within the scope.
std::vector<register_walk::pair> register_checker::pairs_of(mpan meter, quantity q) const {
  std::vector<register_walk::pair> out;
  std::optional<register_read> before;
  const auto reads = settlement_inputs::of(inputs_->registers, meter, q);
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const register_read& read = reads[i].value;
    if (view_->as_known_at() && read.at_s > *view_->as_known_at()) // a read is known when it is taken
      break;
    if (i + 1 < reads.size() && reads[i + 1].value.at_s == read.at_s)
      continue; // see `check_registers`
    if (before && period_to(read.at_s).number >= scope_->range.first
        && period_from(before->at_s).number < scope_->range.end)
      out.push_back({*before, read});
    before = read;
  }
  return out;
}

result<void> register_checker::check(const std::vector<connection_index>& rows) {
  const estate& e = view_->estate();
  std::map<mpan, std::vector<connection_index>> meters;
  for (const connection_index c : rows)
    meters[e.connections[c.value].mpan].push_back(c);
  std::map<std::pair<mpan, quantity>, register_walk> walks;
  std::map<std::uint32_t, std::vector<row>> by_transformer;
  for (const auto& [meter, of_meter] : meters) {
    const bool shown = std::any_of(of_meter.begin(), of_meter.end(), [&](connection_index c) {
      const connection& one = e.connections[c.value];
      return scope_->holds(e, one) && scope_->holds(e, e.transformer_of(one));
    });
    for (const quantity q : quantities_by_name) {
      auto pairs = shown ? pairs_of(meter, q) : std::vector<register_walk::pair>();
      if (pairs.empty())
        continue;
      register_walk& walk = walks.try_emplace({meter, q}, meter, q, std::move(pairs)).first->second;
      for (const connection_index c : of_meter) {
        const transformer_index t = e.transformer_of(e.connections[c.value]);
        by_transformer[t.value].push_back({c.value - connections_of(e, t).first, &walk});
      }
    }
  }
  std::vector<register_walk*> all;
  for (auto& [key, walk] : walks)
    all.push_back(&walk);
  return walk_days(by_transformer, all);
}

result<void> register_checker::walk_days(std::map<std::uint32_t, std::vector<row>>& rows,
                                         std::vector<register_walk*>& walks) {
  std::map<std::uint32_t, transformer_day_reader> readers;
  std::vector<utc_day> days;
  for (const auto& [t, unused] : rows) {
    readers.emplace(t, transformer_day_reader(view_->cut(), {t}));
    const auto& of_transformer = view_->days_of({t});
    days.insert(days.end(), of_transformer.begin(), of_transformer.end());
  }
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  for (const utc_day day : days) {
    for (register_walk* const walk : walks)
      walk->begin_day(day, tolerance_, out_);
    for (auto& [t, reader] : readers)
      if (auto read = read_day(day, reader, rows.at(t)); !read)
        return read;
  }
  for (register_walk* const walk : walks)
    walk->end(tolerance_, out_);
  return {};
}

result<void> register_checker::read_day(utc_day day, transformer_day_reader& reader, const std::vector<row>& rows) {
  if (std::none_of(rows.begin(), rows.end(), [&](const row& r) { return r.walk->wants(day); }))
    return {};
  if (auto loaded = reader.load(day); !loaded)
    return loaded;
  for (const row& r : rows)
    if (r.walk->wants(day))
      if (const meter_day* const readings = reader.twin(r.place).find(day, r.walk->quantity()))
        r.walk->add(day, *readings);
  return {};
}

} // namespace

/// A row for each two consecutive reads of a register (VA-10). Half hours count with the value that stands, whatever
/// its quality.
result<void> export_register_check(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"mpan"},
              {"quantity"},
              {"read_from"},
              {"read_to"},
              {"advance_wh", true},
              {"intervals_wh", true},
              {"missing_half_hours", true},
              {"outcome"}});
  const auto inputs = view.settlement();
  if (!inputs)
    return inputs.failure();
  const auto rules = bind_rules(view.reader().database(), std::nullopt);
  if (!rules)
    return rules.failure();
  register_checker checker(view, scope, **inputs, rules->pack.settings.registers);
  const estate& e = view.estate();
  const auto& across = view.meters_across();
  std::vector<connection_index> moved;
  std::vector<connection_index> rows;
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    const connection_range range = connections_of(e, {t});
    rows.clear();
    for (std::uint32_t i = range.first; i < range.first + range.count; ++i)
      (std::binary_search(across.begin(), across.end(), e.connections[i].mpan) ? moved : rows).push_back({i});
    if (scope.holds(e, transformer_index{t}))
      if (auto checked = checker.check(rows); !checked)
        return checked;
  }
  if (auto checked = checker.check(moved); !checked)
    return checked;
  std::vector<checked_pair> pairs = checker.take();
  const auto key = [](const checked_pair& p) { return std::tuple(p.mpan, name_of(p.quantity), p.check.from_s); };
  std::sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (const checked_pair& p : pairs)
    out.row({to_string(p.mpan), name_of(p.quantity), format_instant(p.check.from_s), format_instant(p.check.to_s),
             std::to_string(p.check.advance_wh), std::to_string(p.check.interval_wh), std::to_string(p.check.missing),
             name_of(p.check.verdict)});
  return {};
}

} // namespace gridtwin
