#include "src/settled_days/estimate_index.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

std::optional<estimate_index> estimate_index::over(std::string bytes) {
  std::vector<entry> meters;
  estimate_decoder in(bytes);
  recorded_estimate before;
  recorded_estimate e;
  for (estimate_decoder::place at = in.here(); in.next(e); at = in.here()) {
    const bool first = meters.empty();
    if (!first && before.key() >= e.key())
      return std::nullopt;
    if (first || before.mpan != e.mpan)
      meters.push_back({e.mpan.number, at});
    before = e;
  }
  return in.damaged() ? std::nullopt : std::optional(estimate_index(std::move(bytes), std::move(meters)));
}

void estimate_index::append_of(mpan meter, std::vector<recorded_estimate>& out) const {
  const auto at = std::lower_bound(meters_.begin(), meters_.end(), meter.number,
                                   [](const entry& e, std::uint64_t wanted) { return e.meter < wanted; });
  if (at == meters_.end() || at->meter != meter.number)
    return;
  estimate_decoder in(bytes_, at->first);
  for (recorded_estimate e; in.next(e) && e.mpan == meter;)
    out.push_back(e);
}

} // namespace gridtwin
