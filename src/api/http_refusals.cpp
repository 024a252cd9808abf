#include "src/api/http_refusals.hpp"

#include "src/api/http_answers.hpp"

#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t us_per_s = 1'000'000;

} // namespace

http_response last_answer(unsigned status, std::string why) {
  http_response out = answer_of(status, text_type, std::move(why) + "\n");
  out.close = true;
  return out;
}

http_response no_place() {
  http_response out = last_answer(503, "too many connections: come again");
  out.fields.emplace_back("Retry-After", "5");
  return out;
}

http_response over_rate(std::int64_t wait_us) {
  http_response out = answer_of(429, text_type, "more requests than you may send: come again\n");
  out.fields.emplace_back("Retry-After", std::to_string((wait_us + us_per_s - 1) / us_per_s));
  return out;
}

} // namespace gridtwin
