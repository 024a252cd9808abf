#pragma once

#include "src/settlement/known_days.hpp"
#include "src/settlement/settlement_job.hpp"
#include "twins/estimation_facts.hpp"
#include "twins/hash.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What the meters of a transformer need for estimates, beside the job: days of its twins and, where meters have moved,
/// of other transformers'; totals of shapes, each worked out once. One thread.
class estimation_sources {
public:
  estimation_sources(const settlement_job& job, const store_cut& cut) : job_(&job), cut_(cut) {}

  const settlement_job& job() const noexcept { return *job_; }
  /// Days of a connection's twin will be asked for.
  void want(connection_index c, quantity q);
  const known_day* day_of(connection_index c, quantity q, utc_day day);
  const shape_totals& annual_totals(const shape_category& category, utc_day last);
  const shape_totals& seven_day_totals(const shape_category& category, utc_day last);
  /// Of all days that estimates were made from.
  digest days() const;
  /// Error: the store could not be read, and estimates since are worth nothing.
  result<void> outcome() const;

private:
  struct place_in {
    transformer_index transformer;
    std::uint32_t place = 0;
  };
  place_in place_of(connection_index c) const;
  known_days& days_of(transformer_index t);

  const settlement_job* job_;
  store_cut cut_;
  std::map<transformer_index, std::unique_ptr<known_days>> days_;
  std::map<std::pair<shape_category, utc_day>, shape_totals> annual_;
  std::map<std::pair<shape_category, utc_day>, shape_totals> seven_days_;
};

/// Facts of one meter and quantity, whichever of the meter's rows holds a half hour. Days of all twins that will be
/// asked for are wanted before. One thread.
class meter_facts final : public estimation_facts {
public:
  meter_facts(estimation_sources& sources, connection_index one, quantity q);

  std::optional<std::int64_t> actual_at(period p) const override;
  std::optional<std::int64_t> received_estimate_at(period p) const override;
  bool refused_at(period p) const override;
  bool energised_at(period p) const override;
  shape_value shape_at(period p) const override;
  shape_totals annual_shape_totals(utc_day last) const override;
  shape_totals seven_day_shape_totals(utc_day last) const override;
  std::string_view shape_version() const override { return sources_->job().shape_version; }
  std::span<const register_read> register_reads() const override { return reads_; }
  std::span<const annual_figure> annual_figures() const override { return annual_; }
  bool is_holiday(const civil_date& local_date) const override;

  /// Readings were received for the half hour and contradict each other.
  bool contradicted_at(period p) const;

private:
  const connection& row(connection_index c) const noexcept { return sources_->job().estate->connections[c.value]; }
  std::optional<connection_index> row_at(period p) const noexcept;
  const known_day* day_at(period p) const;
  shape_category category_of(connection_index c) const;

  /// A day that was looked up; history comes back to the same few for each half hour.
  struct recent_day {
    std::optional<utc_day> day;
    connection_index row;
    const known_day* known = nullptr;
  };

  estimation_sources* sources_;
  connection_index one_;
  quantity quantity_;
  mutable std::array<recent_day, 64> recent_; ///< by the day's number
  std::vector<connection_index> rows_;
  std::vector<register_read> reads_;
  std::vector<annual_figure> annual_;
};

} // namespace gridtwin
