#pragma once

#include "config/printable_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// A JSON object as it is written, member by member, behind what is in `out`.
class json_object {
public:
  explicit json_object(std::string& out) : out_(&out) { out += '{'; }
  void end() { *out_ += '}'; }

  void number(std::string_view name, std::int64_t value) {
    key(name);
    *out_ += std::to_string(value);
  }
  /// `value` needs no escapes.
  void word(std::string_view name, std::string_view value) {
    key(name);
    ((*out_ += '"') += value) += '"';
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    *out_ += json_string(value);
  }
  /// `value` is JSON as it is: a decimal, `true`.
  void plain(std::string_view name, std::string_view value) {
    key(name);
    *out_ += value;
  }
  void nothing(std::string_view name) { plain(name, "null"); }

private:
  void key(std::string_view name) {
    *out_ += first_ ? "\"" : ",\"";
    first_ = false;
    (*out_ += name) += "\":";
  }

  std::string* out_;
  bool first_ = true;
};

} // namespace gridtwin
