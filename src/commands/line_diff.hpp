#pragma once

#include <string>
#include <string_view>

namespace gridtwin {

/// What made one text the other, line by line, as `diff -U0` writes it and `patch` takes it; empty where they are the
/// same. Not always the shortest: lines that occur once in both stay where they keep their order (patience diff), and
/// what lies between two of them is replaced whole, so that the time is that of a sort also for a file of a million
/// meters.
std::string line_diff(std::string_view before_name, std::string_view after_name, std::string_view before,
                      std::string_view after);

} // namespace gridtwin
