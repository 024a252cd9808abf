#pragma once

#include <cstddef>
#include <string_view>

namespace gridtwin {

/// Constants of SQL, one behind the other.
template <std::size_t Size>
struct joined_sql {
  char text[Size]{};
};
template <std::size_t... Sizes>
consteval auto join_sql(const char (&... parts)[Sizes]) {
  joined_sql<(Sizes + ...) - sizeof...(Sizes) + 1> out;
  std::size_t at = 0;
  const auto append = [&](const char* part, std::size_t size) {
    for (std::size_t i = 0; i + 1 < size; ++i)
      out.text[at++] = part[i];
  };
  (append(parts, Sizes), ...);
  return out;
}

/// SQL that was known when the program was built: nothing from outside can be part of it, it goes in as bound values.
class sql_text {
public:
  consteval sql_text(const char* constant) : text_(constant) {}
  consteval sql_text(std::string_view constant) : text_(constant) {}
  template <std::size_t Size>
  consteval sql_text(const joined_sql<Size>& constant) : text_(constant.text, Size - 1) {}

  /// For tests alone.
  static constexpr sql_text of_a_test(std::string_view made) noexcept { return sql_text(made, 0); }

  constexpr std::string_view text() const noexcept { return text_; }

private:
  constexpr sql_text(std::string_view text, int) noexcept : text_(text) {}

  std::string_view text_;
};

} // namespace gridtwin
