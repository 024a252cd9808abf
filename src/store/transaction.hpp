#pragma once

#include "src/store/sqlite.hpp"

namespace gridtwin {

/// Does `work`, a function that returns a `result<void>`, in a transaction: what it wrote is synced when this returns,
/// or gone.
template <class Work>
result<void> in_one_transaction(sqlite_database& database, const Work& work) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun)
    return begun;
  result<void> done = work();
  if (done)
    done = database.execute("COMMIT");
  if (!done)
    (void)database.execute("ROLLBACK"); // what failed first is what the user must hear
  return done;
}

} // namespace gridtwin
