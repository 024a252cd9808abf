#include "twins/meter_day.hpp"

#include <algorithm>

namespace gridtwin {

meter_day::offer_result meter_day::offer_beside(int slot, std::uint16_t version, const content& offered, bool fresh,
                                                bool late) {
  const std::uint64_t here = std::uint64_t{1} << slot;
  const bool plain_taken = version == 1 && bit(plain_, slot);
  const bool fits = is_plain(version, offered);
  // How many other contents this key has, and which stood alone.
  int others = 0;
  offer_result out;
  const auto meet = [&](const content& c, bool c_fresh) {
    if (c == offered)
      return true;
    ++others;
    out.displaced = c;
    out.displaced_fresh = c_fresh;
    return false;
  };
  const auto known_already = [late](bool known_late) {
    return offer_result{verdict::duplicate, {}, false, known_late && !late};
  };
  if (plain_taken && meet({wh_[static_cast<std::size_t>(slot)], actual, {}}, bit(fresh_mask(), slot))) {
    const offer_result known = known_already(rare_ && (rare_->late & here) != 0);
    if (known.known_earlier)
      rare_->late &= ~here;
    return known;
  }
  if (rare_)
    for (exception& e : rare_->exceptions)
      if (e.slot == slot && e.version == version && meet(e.content, e.fresh)) {
        const offer_result known = known_already(e.late);
        e.late = e.late && !known.known_earlier;
        return known;
      }
  if (fits && !plain_taken) {
    put_plain(slot, static_cast<std::uint16_t>(offered.wh), fresh, late);
  } else {
    rare().exceptions.push_back({version, static_cast<std::uint8_t>(slot), fresh, late, offered});
    rare().special |= here;
  }
  if (others == 0)
    return {};
  out.verdict = verdict::conflict;
  if (others > 1) {
    out.displaced.reset();
    out.displaced_fresh = false;
  }
  return out;
}

int meter_day::contents_of(int slot, std::uint16_t version) const noexcept {
  int found = version == 1 && bit(plain_, slot) ? 1 : 0;
  if (rare_)
    for (const exception& e : rare_->exceptions)
      found += e.slot == slot && e.version == version ? 1 : 0;
  return found;
}

std::optional<meter_day::current_value> meter_day::current(int slot) const noexcept {
  std::optional<current_value> best;
  if (bit(plain_, slot))
    best = current_value{1, {wh_[static_cast<std::size_t>(slot)], actual, {}}};
  if (!bit(special_mask(), slot))
    return best;
  bool contradicted = false;
  for (const exception& e : rare_->exceptions) {
    if (e.slot != slot || (best && e.version < best->version))
      continue;
    contradicted = best && e.version == best->version;
    best = current_value{e.version, e.content};
  }
  if (contradicted)
    return std::nullopt;
  return best;
}

std::uint32_t meter_day::accepted_versions(int slot) const noexcept {
  if (!bit(special_mask(), slot))
    return bit(plain_, slot) ? 1 : 0;
  std::uint32_t standing = bit(plain_, slot) && contents_of(slot, 1) == 1 ? 1 : 0;
  for (const exception& e : rare_->exceptions)
    standing += e.slot == slot && contents_of(slot, e.version) == 1 ? 1U : 0U;
  return standing;
}

std::uint64_t meter_day::current_mask() const noexcept {
  const std::uint64_t special = special_mask();
  std::uint64_t mask = plain_ & ~special;
  for (std::uint64_t left = special; left != 0; left &= left - 1) {
    const int slot = std::countr_zero(left);
    if (current(slot))
      mask |= std::uint64_t{1} << slot;
  }
  return mask;
}

} // namespace gridtwin
