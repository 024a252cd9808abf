#pragma once

#include "twins/run_counts.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace gridtwin {

/// How a node is, for whoever asks while it works. Any thread may tell or ask.
class node_status {
public:
  /// Why nothing is taken at the moment; empty: it is.
  void set_not_ready(std::string why);
  /// A run has committed something: what it has counted so far.
  void committed(const run_counts& of_run, std::int64_t at_s);
  /// A run has ended, with such counts.
  void run_ended(const run_counts& of_run);

  std::string not_ready() const;

  struct figures {
    run_counts counts;              ///< of all runs since the node began
    std::int64_t last_commit_s = 0; ///< seconds since the epoch; 0: none yet
    std::int64_t runs = 0;          ///< that have ended
  };
  figures now() const;

private:
  mutable std::mutex mutex_;
  std::string not_ready_ = "the node is starting";
  run_counts ended_;
  run_counts current_;
  std::int64_t last_commit_s_ = 0;
  std::int64_t runs_ = 0;
};

} // namespace gridtwin
