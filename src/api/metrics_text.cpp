#include "src/api/metrics_text.hpp"

namespace gridtwin {

namespace {

void append_escaped(std::string_view text, bool quotes, std::string& out) {
  for (const char c : text)
    if (c == '\n')
      out += "\\n";
    else if (c == '\\' || (quotes && c == '"'))
      (out += '\\') += c;
    else
      out += c;
}

} // namespace

std::string metrics_text(const std::vector<metric_family>& families) {
  std::string out;
  for (const metric_family& family : families) {
    ((out += "# HELP ") += family.name) += ' ';
    append_escaped(family.help, false, out);
    ((out += "\n# TYPE ") += family.name) += family.type == metric_family::kind::counter ? " counter\n" : " gauge\n";
    for (const metric_family::sample& sample : family.samples) {
      out += family.name;
      const char* separator = "{";
      for (const auto& [name, value] : sample.labels) {
        ((out += separator) += name) += "=\"";
        append_escaped(value, true, out);
        out += '"';
        separator = ",";
      }
      out += sample.labels.empty() ? " " : "} ";
      (out += std::to_string(sample.value)) += '\n';
    }
  }
  return out;
}

} // namespace gridtwin
