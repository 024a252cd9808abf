#pragma once

#include "src/commands/store_view.hpp"
#include "src/store/gap_scan.hpp"

#include <cstdint>
#include <functional>

namespace gridtwin {

struct gap_totals {
  std::uint64_t gaps = 0;
  std::uint64_t periods = 0;
};

/// Gaps of the whole store: those counted with the summaries, and those of what no summary covers.
result<gap_totals> count_gaps(store_view& view);

/// Every gap of the meters of one transformer that hang on no other.
result<void> find_gaps(store_view& view, transformer_index t, const gap_scan::found_function& found);
/// Every gap of the meters that have moved from one transformer to another.
result<void> find_gaps_across(store_view& view, const gap_scan::found_function& found);

} // namespace gridtwin
