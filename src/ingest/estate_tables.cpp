#include "src/ingest/estate_tables.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/estate_files.hpp"

#include <utility>

namespace gridtwin {

void estate_faults::add(std::string_view file, std::uint32_t line, std::string_view what) {
  ++count_;
  if (shown_.size() < shown_estate_faults)
    shown_.push_back(std::string(file) + ":" + std::to_string(line) + ": " + std::string(what));
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

} // namespace gridtwin
