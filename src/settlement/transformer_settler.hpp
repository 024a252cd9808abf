#pragma once

#include "src/settlement/meter_facts.hpp"
#include "src/settlement/settled_transformer.hpp"
#include "src/settlement/settlement_job.hpp"
#include "src/store/store_reader.hpp"
#include "twins/own_history.hpp"

#include <vector>

namespace gridtwin {

/// Settles transformers one by one: each half hour of the date of each meter and quantity has the current value known
/// at the gate, if that is an actual; else the estimate that was received; else one of its own. One thread.
class transformer_settler {
public:
  /// Both outlive it.
  transformer_settler(const settlement_job& job, store_reader& reader);

  /// Error: the store could not be read.
  result<settled_transformer> settle(transformer_index t);

private:
  using current_values = std::vector<std::optional<meter_day::current_value>>; ///< by series and place

  store_cut cut_at(std::int64_t known_at_s, const earlier_days* as_stood = nullptr) const;
  void begin_series(transformer_index t);
  result<current_values> read_currents(transformer_index t, const store_cut& cut);
  void fill(const current_values& now, settled_transformer& out);
  void estimate_rest(settled_series& series, const std::vector<period>& missing, estimation_sources& sources);
  result<void> compare_with_previous(settled_transformer& out);
  void compare(const current_values& before, const current_values& told_since, settled_transformer& out) const;

  const settlement_job* job_;
  store_reader* reader_;
  std::vector<period> periods_; ///< of the date
  history_calendar calendar_;
  std::vector<settled_series> series_;
};

} // namespace gridtwin
