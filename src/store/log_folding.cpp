#include "src/store/log_folding.hpp"

#include <chrono>
#include <utility>

namespace gridtwin {

namespace {

result<void> fold(const store_folder& folder) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  return database->execute("PRAGMA wal_checkpoint(PASSIVE)");
}

} // namespace

bool log_folding::under_way() const {
  return fold_.valid() && fold_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

void log_folding::begin() {
  if (under_way() || !finish())
    return;
  fold_ = std::async(std::launch::async, [folder = folder_] { return fold(*folder); });
}

result<void> log_folding::finish() {
  if (fold_.valid())
    if (auto done = fold_.get(); !done && outcome_)
      outcome_ = std::move(done);
  return outcome_;
}

} // namespace gridtwin
