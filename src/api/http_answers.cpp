#include "src/api/http_answers.hpp"

#include "config/printable_text.hpp"

#include <algorithm>

namespace gridtwin {

http_response answer_of(unsigned status, std::string_view content_type, std::string body) {
  http_response out;
  out.status = status;
  out.content_type = content_type;
  out.body = std::move(body);
  return out;
}

http_response refusal_of(unsigned status, std::string_view why) {
  return answer_of(status, json_type, "{\"error\":" + json_string(why) + "}\n");
}

http_response not_found() { return refusal_of(404, "there is nothing here for you"); }

http_response failed() { return refusal_of(500, "the store could not be read or written: come again"); }

http_response wrong_method(std::string_view allowed) {
  http_response out = refusal_of(405, "this is answered to " + std::string(allowed));
  out.fields.emplace_back("Allow", allowed);
  return out;
}

std::optional<http_response> unknown_parameter(const http_target& target,
                                               std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : target.query)
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string list;
      for (const std::string_view one : known)
        (list += list.empty() ? "" : ", ") += one;
      return refusal_of(400, "there is no parameter " + in_quotes(name) + ", but: " + list);
    }
  return std::nullopt;
}

} // namespace gridtwin
