#pragma once

#include "twins/reading.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gridtwin {

/// The set of readings of one meter, one quantity and one UTC day: every version and every contradicting content.
///
/// Order does not matter: two days that were offered the same readings in any order are in the same state, but for
/// which of two equal readings was called the duplicate. The usual reading (version 1, actual, no reason, below 65.536
/// kWh, of the run under way) takes two bytes; everything else stands in a block of its own, by exception.
class meter_day {
public:
  /// A reading that does not fit the compact form.
  struct exception {
    std::uint16_t version = 1;
    std::uint8_t slot = 0;
    bool fresh = false; ///< accepted by the run that is under way
    bool late = false;  ///< see `offer`
    gridtwin::content content;
  };

  /// What offering a reading came to.
  struct offer_result {
    gridtwin::verdict verdict = verdict::accepted; ///< accepted, duplicate or conflict
    /// With a conflict: the content that stood until now and stands no more.
    std::optional<content> displaced;
    bool displaced_fresh = false; ///< it was accepted by the run that is under way
    bool known_earlier = false;   ///< with a duplicate: what was kept was `late`, and is so no more
  };

  /// The value of a half hour.
  struct current_value {
    std::uint16_t version = 1;
    gridtwin::content content;
  };

  /// Adds a reading to the set. `slot` below 48, `version` at least 1; `fresh`: it comes with the run under way;
  /// `late`: it became known later than what comes with the run under way, so that its equal tells something new.
  offer_result offer(int slot, std::uint16_t version, const content& offered, bool fresh, bool late = false) {
    return take_plain(slot, version, offered, fresh, late) ? offer_result{}
                                                           : offer_beside(slot, version, offered, fresh, late);
  }

  /// Adds a reading in the usual case, and says so: it has the compact form and nothing was known of its half hour.
  bool take_plain(int slot, std::uint16_t version, const content& offered, bool fresh, bool late = false) {
    const std::uint64_t here = std::uint64_t{1} << slot;
    if (!is_plain(version, offered) || (occupied_mask() & here) != 0)
      return false;
    put_plain(slot, static_cast<std::uint16_t>(offered.wh), fresh, late);
    return true;
  }

  /// The content of the highest version received, if that is not contradicted; else the half hour is open.
  std::optional<current_value> current(int slot) const noexcept;

  /// Versions of the half hour that stand.
  std::uint32_t accepted_versions(int slot) const noexcept;

  /// Bit n: half hour n has a current value.
  std::uint64_t current_mask() const noexcept;

  /// Bit n: half hour n was offered something that is kept.
  std::uint64_t occupied_mask() const noexcept { return plain_ | special_mask(); }

  /// Calls `f(slot, version, content, fresh)` for every content in the set: slot by slot, compact ones first.
  template <class F>
  void for_each(F&& f) const {
    for (std::uint64_t rest = plain_; rest != 0; rest &= rest - 1) {
      const int slot = std::countr_zero(rest);
      f(slot, std::uint16_t{1}, content{wh_[static_cast<std::size_t>(slot)], actual, {}}, bit(fresh_mask(), slot));
    }
    for_each_exception([&](const exception& e) { f(int{e.slot}, e.version, e.content, e.fresh); });
  }

  /// Calls `f(exception)` for what has not the compact form, or found its place taken.
  template <class F>
  void for_each_exception(F&& f) const {
    if (rare_)
      for (const exception& e : rare_->exceptions)
        f(e);
  }

  /// Calls `f(slot, version, content)` for every content of a key that has more than one.
  template <class F>
  void for_each_conflict(F&& f) const {
    if (!has_exceptions())
      return;
    for_each([&](int slot, std::uint16_t version, const content& c, bool) {
      if (contents_of(slot, version) > 1)
        f(slot, version, c);
    });
  }

  // -- the compact part, for roll-ups that run over many meters -------------------------------------------------------

  std::uint64_t plain_mask() const noexcept { return plain_; }
  /// Half hours with exceptions: their current value must be asked for.
  std::uint64_t special_mask() const noexcept { return rare_ ? rare_->special : 0; }
  /// Of the compact part: accepted by the run that is under way.
  std::uint64_t fresh_mask() const noexcept { return rare_ ? plain_ & ~rare_->earlier : plain_; }
  const std::array<std::uint16_t, periods_per_day>& plain_wh() const noexcept { return wh_; }
  bool has_exceptions() const noexcept { return rare_ && !rare_->exceptions.empty(); }

  /// Whether a reading has the compact form.
  static constexpr bool is_plain(std::uint16_t version, const content& c) noexcept {
    return version == 1 && c.quality == actual && c.reasons == reasons{} && c.wh >= 0 && c.wh <= 0xFFFF;
  }

private:
  /// What most days have nothing of.
  struct rare_part {
    std::uint64_t special = 0; ///< half hours with exceptions
    std::uint64_t earlier = 0; ///< half hours whose compact value came with an earlier run
    std::uint64_t late = 0;    ///< half hours whose compact value is late
    std::vector<exception> exceptions;
  };

  static constexpr bool bit(std::uint64_t mask, int slot) noexcept { return (mask >> slot & 1U) != 0; }

  /// `offer` where something is known of the half hour already, or the reading is not plain.
  offer_result offer_beside(int slot, std::uint16_t version, const content& offered, bool fresh, bool late);
  int contents_of(int slot, std::uint16_t version) const noexcept;
  void put_plain(int slot, std::uint16_t wh, bool fresh, bool late) {
    const std::uint64_t here = std::uint64_t{1} << slot;
    plain_ |= here;
    wh_[static_cast<std::size_t>(slot)] = wh;
    if (!fresh)
      rare().earlier |= here;
    if (late)
      rare().late |= here;
  }
  rare_part& rare() {
    if (!rare_)
      rare_ = std::make_unique<rare_part>();
    return *rare_;
  }

  std::uint64_t plain_ = 0;
  std::unique_ptr<rare_part> rare_;
  std::array<std::uint16_t, periods_per_day> wh_{};
};

} // namespace gridtwin
