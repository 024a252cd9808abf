#include "src/wire/frame_codec.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

using status = frame_reader::status;
using frames = std::vector<std::pair<frame_kind, std::string>>;

/// All frames of a stream that arrives in such pieces; how it ended.
std::pair<frames, status> read_all(std::string_view stream, const std::vector<std::size_t>& pieces,
                                   std::size_t limit = wire_bounds::frame_bytes) {
  frame_reader reader(limit);
  std::pair<frames, status> out{{}, status::more};
  std::size_t at = 0;
  for (std::size_t n = 0; at < stream.size(); ++n) {
    std::string_view piece = stream.substr(at, pieces[n % pieces.size()]);
    at += piece.size();
    for (frame f;;) {
      out.second = reader.read(piece, f);
      if (out.second != status::whole)
        break;
      out.first.emplace_back(f.kind, f.body);
    }
    if (out.second != status::more)
      return out;
  }
  return out;
}

} // namespace

TEST_CASE("a stream gives the same frames however it is cut") {
  seeded_random random(7);
  frames expected;
  std::string stream;
  for (int i = 0; i < 60; ++i) {
    const auto kind = static_cast<frame_kind>(random.between(1, 6));
    std::string body = random.bytes(static_cast<std::size_t>(random.chance(1, 5) ? 0 : random.below(5000)));
    append_frame(stream, kind, body);
    expected.emplace_back(kind, std::move(body));
  }
  for (int turn = 0; turn < 200; ++turn) {
    std::vector<std::size_t> pieces;
    for (int i = 0; i < 7; ++i)
      pieces.push_back(static_cast<std::size_t>(random.between<std::uint64_t>(1, turn % 2 == 0 ? 9 : 9000)));
    const auto [found, end] = read_all(stream, pieces);
    CHECK(end == status::more);
    CHECK(found == expected);
  }
}

TEST_CASE("T10 a frame beyond the limit is refused by its length, before its kind or body is there") {
  for (const std::string& header : {std::string("\xFF\xFF\xFF\xFF", 4), std::string("\x00\x10\x00\x01", 4)}) {
    CHECK(read_all(header, {1}).second == status::too_large);
    CHECK(read_all(header + "\x03", {9}).second == status::too_large);
  }
  const std::string largest = std::string("\x00\x10\x00\x00", 4) + "\x03" + std::string(std::size_t{1} << 20, 'x');
  CHECK(read_all(largest, {100'000}).first.size() == 1);
  CHECK(read_all(std::string("\x00\x00\x40\x01", 4), {4}, wire_bounds::early_frame_bytes).second == status::too_large);
  CHECK(read_all(std::string("\x00\x00\x40\x00", 4), {4}, wire_bounds::early_frame_bytes).second == status::more);
}

TEST_CASE("a kind that is none ends the stream for good") {
  for (const char kind : {'\0', '\x07', '\xFF'}) {
    std::string stream(4, '\0');
    stream += kind;
    append_frame(stream, frame_kind::hello, "");
    frame_reader reader;
    std::string_view bytes = stream;
    frame f;
    CHECK(reader.read(bytes, f) == status::unknown);
    CHECK(reader.read(bytes, f) == status::unknown);
  }
}

TEST_CASE("T9 a reader knows whether it is within a frame") {
  frame_reader reader;
  std::string stream;
  append_frame(stream, frame_kind::submit, "abc");
  frame f;
  CHECK_FALSE(reader.within_frame());
  for (std::size_t i = 0; i + 1 < stream.size(); ++i) {
    std::string_view byte = std::string_view(stream).substr(i, 1);
    CHECK(reader.read(byte, f) == status::more);
    CHECK(reader.within_frame());
  }
  std::string_view last = std::string_view(stream).substr(stream.size() - 1);
  CHECK(reader.read(last, f) == status::whole);
  CHECK(f.body == "abc");
  CHECK_FALSE(reader.within_frame());
}

} // namespace gridtwin::testing
