#include "src/node/node_status.hpp"

#include <utility>

namespace gridtwin {

void node_status::set_not_ready(std::string why) {
  const std::lock_guard lock(mutex_);
  not_ready_ = std::move(why);
}

void node_status::committed(const run_counts& of_run, std::int64_t at_s) {
  const std::lock_guard lock(mutex_);
  current_ = of_run;
  last_commit_s_ = at_s;
}

void node_status::run_ended(const run_counts& of_run) {
  const std::lock_guard lock(mutex_);
  ended_ += of_run;
  current_ = {};
  ++runs_;
}

std::string node_status::not_ready() const {
  const std::lock_guard lock(mutex_);
  return not_ready_;
}

node_status::figures node_status::now() const {
  const std::lock_guard lock(mutex_);
  figures out{ended_, last_commit_s_, runs_};
  out.counts += current_;
  return out;
}

} // namespace gridtwin
