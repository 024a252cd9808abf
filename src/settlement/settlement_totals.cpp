#include "src/settlement/settlement_totals.hpp"

#include <numeric>

namespace gridtwin {

settlement_group group_of(const estate& e, const connection& meter, quantity q) {
  return {e.transformers[e.transformer_of(meter).value].gsp_group,
          meter.supplier_mpid,
          meter.segment,
          meter.type,
          meter.domestic,
          q};
}

void settlement_totals::add(const settlement_job& job, const settled_transformer& t) {
  const estate& e = *job.estate;
  const auto periods = static_cast<std::size_t>(settlement_periods_of(job.date));
  const connection* last = nullptr;
  for (const settled_series& series : t.series) {
    const connection& meter = e.connections[series.connection.value];
    if (meter.effective != period_range{})
      meters_of_several_rows_.insert(meter.mpan.number);
    else if (last != &meter) // series of one row follow one another
      ++meters_;
    last = &meter;
    const settlement_group group = group_of(e, meter, series.quantity);
    std::vector<group_half_hour>& sums = groups_.try_emplace(group, periods).first->second;
    half_hour_counts& counts = counts_[group];
    quantity_sum& total = by_quantity_[index_of(series.quantity)];
    for (const settled_half_hour& h : series.half_hours) {
      group_half_hour& sum = sums[h.place];
      ++sum.meters;
      const bool actual = is_actual(h.content.quality);
      (actual ? sum.actual_wh : sum.estimated_wh) += h.content.wh;
      (actual ? total.actual_wh : total.estimated_wh) += h.content.wh;
      ++(actual ? counts.actual : counts.estimated);
      actual_ += actual ? 1 : 0;
    }
    for (const settled_estimate& estimated : series.estimates)
      if (estimated.made)
        ++by_method_[index_of(estimated.made->method)];
      else
        ++received_estimates_;
    for (const settled_change& change : series.changes)
      ++by_change_[index_of(change.cause)];
  }
}

std::uint64_t settlement_totals::estimated() const noexcept {
  return std::accumulate(by_method_.begin(), by_method_.end(), std::uint64_t{0});
}

std::map<settlement_totals::share_key, settlement_totals::share> settlement_totals::shares() const {
  std::map<share_key, share> out;
  for (const auto& [group, sums] : groups_) {
    share& of_supplier = out[{group.supplier_mpid, group.segment, group.quantity}];
    for (const group_half_hour& sum : sums) {
      of_supplier.actual_wh += sum.actual_wh;
      of_supplier.estimated_wh += sum.estimated_wh;
    }
    const half_hour_counts& counts = counts_.at(group);
    of_supplier.actual_half_hours += counts.actual;
    of_supplier.estimated_half_hours += counts.estimated;
  }
  return out;
}

} // namespace gridtwin
