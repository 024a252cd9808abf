#pragma once

#include "src/store/store_folder.hpp"

#include <future>

namespace gridtwin {

/// Folds the store's write-ahead log into its file beside the writer, on a thread and a connection of its own: what is
/// committed is durable in the log already, so nothing waits for this.
class log_folding {
public:
  /// `folder` outlives this.
  explicit log_folding(const store_folder& folder) : folder_(&folder) {}

  /// Begins to fold what is committed by now, unless that is under way.
  void begin();
  /// Waits for what is under way. Error: the first that folding met; a sync that failed is not tried again.
  result<void> finish();

private:
  bool under_way() const;

  const store_folder* folder_;
  std::future<result<void>> fold_;
  result<void> outcome_;
};

} // namespace gridtwin
