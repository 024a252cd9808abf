#include "src/commands/line_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// With their line ends, for one without is another line.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

/// Lines of the one, and lines of the other that stand for them.
struct stretch {
  std::size_t before = 0;
  std::size_t before_end = 0;
  std::size_t after = 0;
  std::size_t after_end = 0;
};

class comparison {
public:
  comparison(std::string_view before, std::string_view after) : before_(lines_of(before)), after_(lines_of(after)) {}

  std::string hunks() {
    std::string out;
    std::vector<stretch> open{{0, before_.size(), 0, after_.size()}}; // the first is the last one
    while (!open.empty()) {
      stretch s = open.back();
      open.pop_back();
      trim(s);
      const bool one_sided = s.before == s.before_end || s.after == s.after_end;
      const auto kept = one_sided ? std::vector<std::pair<std::size_t, std::size_t>>() : kept_lines(s);
      if (kept.empty()) {
        append(s, out);
        continue;
      }
      std::vector<stretch> parts;
      for (const auto& [before, after] : kept) {
        parts.push_back({s.before, before, s.after, after});
        s.before = before + 1;
        s.after = after + 1;
      }
      parts.push_back(s);
      open.insert(open.end(), parts.rbegin(), parts.rend());
    }
    return out;
  }

private:
  void trim(stretch& s) const {
    while (s.before < s.before_end && s.after < s.after_end && before_[s.before] == after_[s.after]) {
      ++s.before;
      ++s.after;
    }
    while (s.before < s.before_end && s.after < s.after_end && before_[s.before_end - 1] == after_[s.after_end - 1]) {
      --s.before_end;
      --s.after_end;
    }
  }

  /// Lines that occur once on both sides, as many as keep their order: (before, after), ascending.
  std::vector<std::pair<std::size_t, std::size_t>> kept_lines(const stretch& s) const {
    struct place {
      std::size_t at = 0;
      std::size_t count = 0;
    };
    std::unordered_map<std::string_view, place> there;
    for (std::size_t i = s.after; i < s.after_end; ++i) {
      place& p = there[after_[i]];
      p.at = i;
      ++p.count;
    }
    std::unordered_map<std::string_view, std::size_t> here;
    for (std::size_t i = s.before; i < s.before_end; ++i)
      ++here[before_[i]];
    std::vector<std::pair<std::size_t, std::size_t>> both;
    for (std::size_t i = s.before; i < s.before_end; ++i)
      if (const auto found = there.find(before_[i]);
          found != there.end() && found->second.count == 1 && here[before_[i]] == 1)
        both.emplace_back(i, found->second.at);
    return longest_ascending(both);
  }

  /// The longest part of them in which the second ascends, too; the first does.
  static std::vector<std::pair<std::size_t, std::size_t>>
  longest_ascending(const std::vector<std::pair<std::size_t, std::size_t>>& all) {
    constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::vector<std::size_t> ends;                      // of the best part of each length, as places in `all`
    std::vector<std::size_t> earlier(all.size(), none); // the one before it in its part
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto at = std::lower_bound(ends.begin(), ends.end(), all[i].second,
                                       [&](std::size_t end, std::size_t wanted) { return all[end].second < wanted; });
      if (at != ends.begin())
        earlier[i] = *std::prev(at);
      if (at == ends.end())
        ends.push_back(i);
      else
        *at = i;
    }
    std::vector<std::pair<std::size_t, std::size_t>> out;
    for (std::size_t i = ends.empty() ? none : ends.back(); i != none; i = earlier[i])
      out.push_back(all[i]);
    std::reverse(out.begin(), out.end());
    return out;
  }

  /// A side without lines is named by the line before it, as `diff` does.
  static std::string range(std::size_t first, std::size_t end) {
    const std::size_t count = end - first;
    const std::size_t line = count == 0 ? first : first + 1;
    return count == 1 ? std::to_string(line) : fmt::format("{},{}", line, count);
  }

  static void append_lines(char mark, const std::vector<std::string_view>& lines, std::size_t first, std::size_t end,
                           std::string& out) {
    for (std::size_t i = first; i < end; ++i) {
      out += mark;
      out += lines[i];
      if (!lines[i].ends_with('\n'))
        out += "\n\\ No newline at end of file\n";
    }
  }

  void append(const stretch& s, std::string& out) const {
    if (s.before == s.before_end && s.after == s.after_end)
      return;
    out += fmt::format("@@ -{} +{} @@\n", range(s.before, s.before_end), range(s.after, s.after_end));
    append_lines('-', before_, s.before, s.before_end, out);
    append_lines('+', after_, s.after, s.after_end, out);
  }

  std::vector<std::string_view> before_;
  std::vector<std::string_view> after_;
};

} // namespace

std::string line_diff(std::string_view before_name, std::string_view after_name, std::string_view before,
                      std::string_view after) {
  const std::string hunks = comparison(before, after).hunks();
  return hunks.empty() ? hunks : fmt::format("--- {}\n+++ {}\n{}", before_name, after_name, hunks);
}

} // namespace gridtwin
