#pragma once

#include "src/store/commit.hpp"
#include "src/store/sqlite.hpp"
#include "twins/mpan.hpp"
#include "twins/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// What has become of a dead letter.
enum class letter_state : std::uint8_t {
  waiting, ///< to be played again, or dropped
  settled, ///< its twin has judged it after all
  dropped, ///< an operator said that it is not wanted, for good
};
inline constexpr std::size_t letter_state_count = 3;
std::string_view name_of(letter_state state) noexcept; ///< "waiting", "settled", "dropped"
std::optional<letter_state> parse_letter_state(std::string_view name) noexcept;

/// A dead letter as the store keeps it.
struct kept_letter {
  std::int64_t id = 0;
  letter_state state = letter_state::waiting;
  /// As it came last, with all attempts that were ever made; cause and reason as when its twin was asked last. Its
  /// input's quantity and period end are those of the reading, as gridtwin writes them.
  dead_letter letter;
  transformer_number transformer; ///< with `letter.twin`: where it stood then. An estate may have moved it since.
  std::string source;             ///< name of `letter.input.source`
  std::uint32_t run = 0;          ///< that brought it last
  known_time known;               ///< the earliest that it came with
};

/// Which letters are asked for: all, but for what is said here.
struct letter_filter {
  std::optional<std::int64_t> id;
  std::optional<letter_state> state;
  std::optional<gridtwin::mpan> meter;
};

/// Calls `f` for each letter asked for, in the order in which they came first; false from `f` ends it. Error:
/// store_failed where a row makes no sense.
result<void> for_each_letter(sqlite_database& database, const letter_filter& wanted,
                             const std::function<bool(const kept_letter&)>& f);

/// The same, gathered.
result<std::vector<kept_letter>> list_letters(sqlite_database& database, const letter_filter& wanted = {});

/// Writes letters, inside its owner's transactions.
class letter_table {
public:
  static result<letter_table> open(sqlite_database& database);

  /// Keeps a letter. The same input of the same source is one letter: when it comes again its attempts add up and the
  /// rest is as it came last, but what it waits for where its twin, parked by now, was not asked; one that had been
  /// settled waits again, one that was dropped stays as it was. Its id where that changed anything; nothing where it is
  /// known as it is.
  result<std::optional<std::int64_t>> keep(transformer_number t, const dead_letter& letter, std::uint32_t run,
                                           known_time known);

  /// Gives a letter that waits another state. The state that it had before; nothing where there is no such letter.
  result<std::optional<letter_state>> end(std::int64_t id, letter_state to);

private:
  letter_table(sqlite_database& database, sqlite_statement keep, sqlite_statement find, sqlite_statement end)
    : database_(&database), keep_(std::move(keep)), find_(std::move(find)), end_(std::move(end)) {}

  sqlite_database* database_;
  sqlite_statement keep_;
  sqlite_statement find_;
  sqlite_statement end_;
};

} // namespace gridtwin
