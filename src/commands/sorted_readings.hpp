#pragma once

#include "src/commands/export.hpp"
#include "src/commands/spool.hpp"
#include "src/store/transformer_day_reader.hpp"
#include "twins/standing_half_hour.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace gridtwin {

/// The half hours of a store that stand, by meter. A store has them by transformer: they are spooled in its order and
/// read back.
class sorted_readings {
public:
  sorted_readings(store_view& view, const export_scope& scope) : view_(&view), scope_(&scope) {}

  /// Takes all that is in the scope.
  result<void> gather();

  /// Half hours that follow one another in time: of one meter and quantity, while it was connected in one way.
  using visitor = std::function<result<void>(connection_index, quantity, std::span<const standing_half_hour>)>;
  /// Calls `f` for all of them in order of MPAN, name of quantity, and time; an error from it ends that.
  result<void> for_each(const visitor& f);

private:
  struct block {
    std::uint64_t mpan = 0;
    std::uint64_t offset = 0;
    connection_index connection;
    std::uint32_t size = 0;
    std::int32_t first_period = 0;
    std::uint8_t rank = 0; ///< of the quantity's name

    auto key() const noexcept { return std::tuple(mpan, rank, first_period); }
  };
  struct pending_rows {
    std::string bytes;
    std::int32_t first_period = 0;
  };

  result<void> add_transformer(transformer_index t);
  void add_day(const meter_day& readings, utc_day day, pending_rows& rows);
  result<void> flush(connection_index first);

  store_view* view_;
  const export_scope* scope_;
  spool spool_;
  std::vector<block> blocks_;
  std::vector<pending_rows> pending_; ///< by place and quantity's rank
  std::size_t pending_bytes_ = 0;
};

} // namespace gridtwin
