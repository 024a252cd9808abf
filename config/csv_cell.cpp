#include "config/csv_cell.hpp"

namespace gridtwin {

namespace {

/// What a spreadsheet would reckon with rather than show. A number with a sign is none, nor is one with words behind
/// it.
bool is_formula(std::string_view text) noexcept {
  if (text.empty())
    return false;
  const std::string_view rest = text.substr(1);
  const bool number = !rest.empty() && rest.find_first_not_of("0123456789.") == std::string_view::npos;
  switch (text.front()) {
  case '=':
  case '@':
  case '\t':
  case '\r':
    return true;
  case '+':
    return !number;
  case '-':
    return rest.empty() || rest.front() < '0' || rest.front() > '9'
           || rest.find_first_of("+*/^|!(&") != std::string_view::npos;
  default:
    return false;
  }
}

} // namespace

void append_csv_cell(std::string_view text, std::string& out) {
  const bool formula = is_formula(text);
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"')
      out += '"';
    out += c;
  }
  out += '"';
}

} // namespace gridtwin
