#pragma once

#include <string>
#include <string_view>

namespace gridtwin {

/// Appends a cell of CSV, in quotes where it needs them (RFC 4180). What a spreadsheet would reckon with rather than
/// show (T24: it begins with `=`, `@`, a tab, or with `+` or `-` and is no number) is made a text by an apostrophe.
void append_csv_cell(std::string_view text, std::string& out);

} // namespace gridtwin
