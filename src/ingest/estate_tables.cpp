#include "src/ingest/estate_tables.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/estate_files.hpp"
#include "twins/market_ids.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

void estate_faults::add(std::string_view file, std::uint32_t line, std::string_view what) {
  ++count_;
  if (shown_.size() < shown_estate_faults)
    shown_.push_back(std::string(file) + ":" + std::to_string(line) + ": " + std::string(what));
}

error estate_faults::refusal(std::string_view folder_name) const {
  std::string message = "the estate in " + in_quotes(folder_name, 300) + " is refused; mend its "
                        + std::to_string(count_) + (count_ == 1 ? " fault" : " faults") + ", the first is "
                        + shown_.front();
  for (const std::string& fault : shown_)
    message += "\n" + fault;
  if (count_ > shown_.size())
    message += "\n... and " + std::to_string(count_ - shown_.size()) + " more";
  return {errc::bad_estate, std::move(message)};
}

estate_table::estate_table(std::string_view file, std::string_view text, const std::vector<std::string_view>& columns,
                           std::size_t required, estate_faults& faults)
  : file_(file), lines_(text), fields_(','), places_(columns.size(), absent), faults_(faults) {
  read_header(columns, required);
}

void estate_table::read_header(const std::vector<std::string_view>& columns, std::size_t required) {
  std::string_view header;
  if (!lines_.next(header) || !fields_.split(header)) {
    faults_.add(file_, 1, "the header is missing or broken; its first line must name the columns");
    usable_ = false;
    return;
  }
  width_ = fields_.size();
  for (std::size_t column = 0; column < columns.size(); ++column) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < width_; ++i)
      if (fields_[i] == columns[column]) {
        places_[column] = i;
        ++found;
      }
    if (found > 1 || (found == 0 && column < required)) {
      fault("the column " + in_quotes(columns[column]) + (found == 0 ? " is missing" : " is there twice"));
      usable_ = false;
    }
  }
}

bool estate_table::next() {
  std::string_view line;
  while (usable_ && lines_.next(line)) {
    if (!fields_.split(line))
      fault("a quote is not closed or closed too early");
    else if (fields_.size() != width_)
      fault("has " + std::to_string(fields_.size()) + " fields, the header " + std::to_string(width_));
    else
      return true;
  }
  return false;
}

void estate_table::fault_no_mpan(std::string_view text) {
  const bool digits =
    text.size() == mpan_digits && std::all_of(text.begin(), text.end(), [](char d) { return d >= '0' && d <= '9'; });
  fault(in_quotes(text) + (digits ? " is no MPAN: its check digit is wrong" : " is no MPAN: it must be 13 digits"));
}

void estate_table::fault_no_code(std::string_view name, std::string_view text, std::string_view codes) {
  std::string known;
  for (const char k : codes)
    known.append(known.empty() ? "" : ", ").append(1, k);
  fault(std::string(name) + " " + in_quotes(text) + " is not one of " + known);
}

std::optional<char> estate_table::gsp_group_in(std::size_t column) {
  const std::string_view group = field(column);
  if (const auto letter = parse_gsp_group(group))
    return letter;
  fault("gsp_group " + in_quotes(group) + " is not one of _A to _P (without _I and _O)");
  return std::nullopt;
}

} // namespace gridtwin
