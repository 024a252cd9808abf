#pragma once

#include "src/api/http_message.hpp"
#include "src/api/http_target.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view json_lines_type = "application/jsonl";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

http_response answer_of(unsigned status, std::string_view content_type, std::string body);
/// `{"error":"why"}`
http_response refusal_of(unsigned status, std::string_view why);
/// What is not there and what is not shown look the same, to the byte.
http_response not_found();
/// It is not known whether it was done. Why is for who runs the node, not for who asked.
http_response failed();
/// A method that a path does not have. `allowed`: those that it has.
http_response wrong_method(std::string_view allowed);

/// Refuses a query with a parameter that is not one of these: a filter that is misspelt would show everything.
std::optional<http_response> unknown_parameter(const http_target& target,
                                               std::initializer_list<std::string_view> known);

} // namespace gridtwin
