#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace gridtwin {

// Where parts of a JSON text stand in it, for what is kept as it came. The text is well formed; of any other the
// answers mean nothing, but lie within it.

/// A part of a text.
struct text_place {
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// The elements of the array that the text is; of another value the value itself. Without blanks around them.
std::vector<text_place> elements_of(std::string_view json);

/// The objects that begin inside so many braces and brackets: 0 are those that the text itself is. In their order, at
/// most `most`; `skip` first ones are left out.
std::vector<text_place> objects_within(std::string_view json, std::size_t depth, std::size_t skip, std::size_t most);

/// Braces and brackets around a half hour: the message, payload, CustomBlock, B900, the list of days, a day, its list.
inline constexpr std::size_t half_hour_depth = 7;

/// A message's n-th half hour, `{"sp":...}`, counted over all of its days; empty where it has none. Of a message that
/// keeps to the schema, where nothing else is nested as deep.
std::string_view half_hour_text(std::string_view message, std::size_t number);

} // namespace gridtwin
