#pragma once

#include "twins/meter_day.hpp"
#include "twins/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gridtwin {

/// What one reading came to, and what it changed of earlier ones.
struct assessment {
  gridtwin::verdict verdict = verdict::accepted;
  /// With a conflict: a reading that the run under way had accepted stands no more; it had these watt-hours.
  bool withdraws = false;
  /// With a duplicate: its equal became known later than this one.
  bool known_earlier = false;
  std::int64_t withdrawn_wh = 0;

  /// What is known has grown: the reading must reach the journal.
  bool changes_state() const noexcept {
    return verdict == verdict::accepted || verdict == verdict::conflict || known_earlier;
  }
};

/// A day of one quantity that is held in memory.
struct open_day {
  utc_day day;
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  meter_day readings;
};

/// Stands for no day; no reading has it.
inline constexpr utc_day no_day{std::numeric_limits<std::int32_t>::min()};

/// The days that a twin holds, sorted by day and quantity. Most twins hold one day or two: the first stands in the twin
/// itself, where the processor finds it without another step; the others follow elsewhere.
class open_day_list {
public:
  class iterator {
  public:
    iterator(const open_day_list& list, std::size_t at) noexcept : list_(&list), at_(at) {}
    const open_day& operator*() const noexcept { return (*list_)[at_]; }
    const open_day* operator->() const noexcept { return &**this; }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

  private:
    const open_day_list* list_;
    std::size_t at_;
  };

  std::size_t size() const noexcept { return more_ ? more_->size() + 1 : (empty() ? 0 : 1); }
  bool empty() const noexcept { return first_.day == no_day; }
  const open_day& operator[](std::size_t at) const noexcept { return at == 0 ? first_ : (*more_)[at - 1]; }
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size()}; }

  bool holds(utc_day day) const noexcept { return first_.day == day || (more_ && holds_behind(day)); }
  const meter_day* find(utc_day day, quantity q) const noexcept {
    if (first_.day == day && first_.quantity == q)
      return &first_.readings;
    return more_ ? find_behind(day, q) : nullptr;
  }
  /// Where the value of a half hour stands in the first day.
  const std::uint16_t* first_value(int slot) const noexcept {
    return &first_.readings.plain_wh()[static_cast<std::size_t>(slot)];
  }
  /// The readings of a day of which active import is held and nothing else: the usual case.
  const meter_day* lone_import(utc_day day) const noexcept {
    if (more_)
      return lone_import_of_many(day);
    return first_.day == day && first_.quantity == quantity::active_import ? &first_.readings : nullptr;
  }
  /// Calls `f(open_day)` for each quantity that is held of a day.
  template <class F>
  void for_each_of(utc_day day, F&& f) const {
    if (first_.day == day)
      f(first_);
    for (std::size_t at = more_ ? first_behind(day) : 0; more_ && at < more_->size() && (*more_)[at].day == day; ++at)
      f((*more_)[at]);
  }
  /// Finds a day or begins it.
  meter_day& open(utc_day day, quantity q) {
    if (first_.day == day && first_.quantity == q)
      return first_.readings;
    return open_behind(day, q);
  }
  /// The same, to be added to.
  meter_day* lone_import(utc_day day) noexcept { return const_cast<meter_day*>(std::as_const(*this).lone_import(day)); }
  /// Forgets the days for which `f(open_day)`; returns how many.
  template <class F>
  std::size_t forget_if(F&& f);

private:
  bool holds_behind(utc_day day) const noexcept;
  std::size_t first_behind(utc_day day) const noexcept;
  const meter_day* find_behind(utc_day day, quantity q) const noexcept;
  meter_day& open_behind(utc_day day, quantity q);
  const meter_day* lone_import_of_many(utc_day day) const noexcept;

  std::unique_ptr<std::vector<open_day>> more_; ///< none or at least one
  open_day first_{no_day, quantity::active_import, {}};
};

/// The state machine of one meter at one connection point: a set of readings, of which the days that are being worked
/// on are held here. Pure: no clock, no I/O, no actor. The same function serves runtime, tests and simulation.
///
/// Two lines of the processor's cache that it fetches as one, for a batch's cost is that of fetching its twins.
class alignas(128) meter_twin {
public:
  /// Judges a reading against the rules for its meter and against the set, and adds it to the set if it belongs there.
  /// The day of the reading must be complete in memory (see `restore`). A verdict that refuses leaves the set as it
  /// was. `appointed`: see `broken_rule`.
  assessment assess(const reading& r, const connection& meter, const rule_limits& limits,
                    std::span<const period_range> appointed = {}) {
    if (const auto refusal = broken_rule(r, meter, limits, appointed))
      return {*refusal};
    return record(r);
  }

  /// `assess` for a reading that no rule objects to.
  assessment record(const reading& r) {
    meter_day& day = days_.open(r.period.day(), r.quantity);
    if (!day.take_plain(r.period.slot(), static_cast<std::uint16_t>(r.version), r.content, true))
      return record_beside(day, r);
    return {};
  }

  /// `record` for active import, version 1, of a content that `usual_content_stands`, where nothing but import is held
  /// of the day, and nothing of the half hour: nearly every reading. False: nothing is done.
  bool record_usual(utc_day day, int slot, std::int64_t wh) {
    meter_day* const held = days_.lone_import(day);
    return held != nullptr && held->take_plain(slot, 1, {wh, actual, {}}, true);
  }

  /// Adds a reading that was judged before: from the journal or the day store. `fresh`, `late`: see `meter_day::offer`.
  void restore(utc_day day, quantity q, int slot, std::uint16_t version, const content& c, bool fresh,
               bool late = false);

  /// Nothing where the twin holds no reading of that day and quantity.
  const meter_day* find(utc_day day, quantity q) const noexcept { return days_.find(day, q); }

  /// Half hours of a day in its compact part.
  std::uint64_t compact_mask(utc_day day, quantity q) const noexcept {
    const meter_day* const held = days_.find(day, q);
    return held == nullptr ? 0 : held->plain_mask();
  }

  /// Days held, sorted by day and quantity.
  const open_day_list& days() const noexcept { return days_; }

  /// Asks memory for the lines that `assess` will want, of the first day held.
  void prefetch(int slot) const noexcept {
    __builtin_prefetch(this, 1);
    __builtin_prefetch(days_.first_value(slot), 1);
  }

  /// Whether anything of a day is held; then all that is known of it is.
  bool holds(utc_day day) const noexcept { return days_.holds(day); }

  /// Forgets every day. Returns how many days of quantities were held.
  std::size_t release_all() noexcept;
  /// Forgets a day that is safe elsewhere. Returns how many quantities of it were held.
  std::size_t release(utc_day day) noexcept;

private:
  /// `record` where something is known of the half hour already, or the reading is not plain.
  static assessment record_beside(meter_day& day, const reading& r);

  open_day_list days_;
};
static_assert(sizeof(meter_twin) == 128);

// -- implementation ---------------------------------------------------------------------------------------------------

template <class F>
std::size_t open_day_list::forget_if(F&& f) {
  const std::size_t before = size();
  if (more_) {
    std::erase_if(*more_, f);
    if (more_->empty())
      more_.reset();
  }
  if (!empty() && f(std::as_const(first_))) {
    first_ = {no_day, quantity::active_import, {}};
    if (more_) {
      first_ = std::move(more_->front());
      more_->erase(more_->begin());
      if (more_->empty())
        more_.reset();
    }
  }
  return before - size();
}

} // namespace gridtwin
