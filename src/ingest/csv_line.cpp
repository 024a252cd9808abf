#include "src/ingest/csv_line.hpp"

#include <algorithm>

namespace gridtwin {

bool csv_splitter::split_quoted(std::string_view line) {
  count_ = 0;
  unquoted_.clear();
  unquoted_.reserve(line.size()); // views into it must survive the rest of the line
  std::size_t at = 0;
  for (;;) {
    if (count_ == columns_limit)
      return false;
    std::size_t start = at;
    while (start < line.size() && (line[start] == ' ' || line[start] == '\t') && line[start] != delimiter_)
      ++start;
    if (start == line.size() || line[start] != '"') {
      const std::size_t stop = std::min(line.find(delimiter_, at), line.size());
      fields_[count_++] = line.substr(at, stop - at);
      at = stop;
    } else {
      const std::size_t first = unquoted_.size();
      for (at = start + 1;; ++at) {
        if (at >= line.size())
          return false;
        if (line[at] == '"') {
          if (at + 1 == line.size() || line[at + 1] != '"')
            break;
          ++at;
        }
        unquoted_ += line[at];
      }
      fields_[count_++] = std::string_view(unquoted_).substr(first);
      for (++at; at < line.size() && line[at] != delimiter_; ++at)
        if (line[at] != ' ' && line[at] != '\t')
          return false;
    }
    if (at == line.size())
      return true;
    ++at;
  }
}

} // namespace gridtwin
