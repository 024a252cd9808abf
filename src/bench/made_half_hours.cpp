#include "src/bench/made_half_hours.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr period first_period{20'513 * periods_per_day + 1}; // 2026-03-01T00:30:00Z

} // namespace

made_half_hours::made_half_hours(std::shared_ptr<const run_context> run, bool exports)
  : quantities_{quantity::active_import} {
  for (std::uint32_t t = 0; t <= run->estate->transformers.size(); ++t)
    first_meter_.push_back(connections_of(*run->estate, {t}).first);
  if (exports)
    quantities_.push_back(quantity::active_export);
}

std::uint32_t made_half_hours::transformers_of(std::uint32_t readings) const noexcept {
  return std::max(readings / std::max(first_meter_[1], 1U), 1U);
}

period made_half_hours::period() const noexcept { return {first_period.number + round_}; }

bool made_half_hours::day_begins() const noexcept { return round_ > 0 && round_ % periods_per_day == 0; }

std::int64_t made_half_hours::value_of(std::uint32_t meter, quantity q) const noexcept {
  std::uint64_t mixed = (std::uint64_t{meter} << 16 | static_cast<std::uint64_t>(round_) << 2 | index_of(q)) + 1;
  mixed *= 0x9E37'79B9'7F4A'7C15;
  return static_cast<std::int64_t>((mixed >> 32) * 1500 >> 32);
}

std::shared_ptr<reading_group> made_half_hours::group(std::uint32_t first, std::uint32_t end) {
  std::vector<reading_batch> batches(1);
  reading_batch& batch = batches.front();
  std::uint32_t meter = first_meter_[first];
  batch.readings.reserve(std::size_t{first_meter_[end] - meter} * quantities_.size());
  batch.slices.reserve(end - first);
  sourced_reading r;
  r.period = period();
  std::int64_t wh = 0;
  for (std::uint32_t t = first; t < end; ++t) {
    batch.slices.push_back({{t}, static_cast<std::uint32_t>(batch.readings.size())});
    for (; meter < first_meter_[t + 1]; ++meter)
      for (const quantity q : quantities_) {
        r.connection = {meter};
        r.quantity = q;
        r.wh = value_of(meter, q);
        wh += r.wh;
        batch.readings.push_back(r);
      }
  }
  made_.wh += wh;
  made_.readings += batch.readings.size();
  return std::make_shared<reading_group>(++groups_, std::move(batches), std::vector<kept_reject>());
}

} // namespace gridtwin
