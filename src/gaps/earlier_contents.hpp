#pragma once

#include "src/store/day_codec.hpp"
#include "src/store/journal.hpp"
#include "src/store/reading_moves.hpp"
#include "src/store/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace gridtwin {

/// How a record of the journal stands to the one that is looked at.
enum class record_age : std::uint8_t { before, not_before, of_no_concern };

/// What was accepted of a day before some record of the journal: from fragments of the day store where all that went
/// into them was written before, else from the journal. One thread at a time.
class earlier_contents {
public:
  static result<earlier_contents> over(sqlite_database& database);

  using age_function = std::function<result<record_age>(record_id)>;
  /// Without lineage. A content may come more than once, and under the place that it was added at or belongs to now.
  using take_function = std::function<void(stored_place, const stored_reading&)>;

  /// Of some transformers; also gives what else those hold of the day. A record of no concern may be given or not.
  result<void> read(std::span<const transformer_number> of, utc_day day, const age_function& age,
                    const take_function& take);

private:
  earlier_contents(sqlite_database& database, sqlite_statement fragments, sqlite_statement body)
    : database_(&database), fragments_(std::move(fragments)), body_(std::move(body)) {}

  result<void> read_fragments(transformer_number t, utc_day day, const age_function& age, const take_function& take);
  result<void> read_record(record_id record, std::span<const transformer_number> of, utc_day day,
                           const take_function& take);

  sqlite_database* database_;
  sqlite_statement fragments_;
  sqlite_statement body_;          ///< of a record
  std::vector<record_id> records_; ///< to be read
  std::vector<stored_reading> section_;
};

} // namespace gridtwin
