#pragma once

#include "src/alarms/alarm_book.hpp"
#include "src/api/alarm_log.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace gridtwin {

/// The book of a store's alarms, as readers and operators are told of it; empty until there is one.
class told_alarms final : public alarm_log {
public:
  explicit told_alarms(std::filesystem::path store) : store_(std::move(store)) {}

  result<std::vector<told_alarm>> after(std::int64_t number, std::size_t most) override;
  result<std::int64_t> last() override;
  result<std::int64_t> before(std::int64_t at_s) override;

private:
  /// None where there is none yet; of whoever holds the lock.
  result<alarm_book*> book();

  std::filesystem::path store_;
  std::mutex mutex_;
  std::optional<alarm_book> book_;
};

} // namespace gridtwin
