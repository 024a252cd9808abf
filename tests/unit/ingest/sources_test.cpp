#include "src/ingest/source_list.hpp"
#include "src/ingest/source_reader.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <zlib.h>

#include <sys/stat.h>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
namespace fs = std::filesystem;
using texts = std::vector<std::string>;

texts names(const std::vector<fs::path>& paths) {
  const auto listed = list_sources(paths);
  REQUIRE_MESSAGE(listed, listed.failure().message);
  texts out;
  for (const source& s : listed->sources)
    out.push_back(s.name);
  return out;
}

std::string refusal(const std::vector<fs::path>& paths) {
  const auto listed = list_sources(paths);
  REQUIRE(!listed);
  CHECK(listed.failure().code == errc::unreadable_input);
  return listed.failure().message;
}

TEST_CASE("source list: folders in order of name") {
  const temporary_folder folder;
  for (const char* name :
       {"b.csv", "a/z.csv", "a/B.TXT", "c.csv.gz", ".hidden.csv", ".hidden/x.csv", "notes.pdf", "a.csv"})
    folder.write(name, "x");
  const auto listed = list_sources({folder.path()});
  REQUIRE(listed);
  CHECK(names({folder.path()}) == texts{"a/B.TXT", "a/z.csv", "a.csv", "b.csv", "c.csv.gz"});
  CHECK(listed->passed_over == texts{"notes.pdf"});
  CHECK(listed->sources[0].bytes == 1);
  CHECK(listed->sources[0].path == folder.path() / "a/B.TXT");
}

TEST_CASE("source list: files by name, each once") {
  const temporary_folder folder;
  const auto a = folder.write("a.csv", "x");
  const auto b = folder.write("deep/b.dat", "x");
  CHECK(names({b, a, b, folder.path()}) == texts{"b.dat", "a.csv"});
  CHECK(names({a, folder.path() / "." / "a.csv"}) == texts{"a.csv"});
}

TEST_CASE("source list: what cannot be read") {
  const temporary_folder folder;
  CHECK(refusal({folder.path() / "nothing.csv"}).find("does not exist") != std::string::npos);
  CHECK(refusal({folder.write("empty.csv", "")}).find("is empty") != std::string::npos);
  fs::create_directories(folder.path() / "none");
  CHECK(refusal({folder.path() / "none"}).find("holds no") != std::string::npos);
  CHECK(refusal({folder.write("file.csv", "x") / "below"}).find("file.csv") != std::string::npos);
  fs::create_directories(folder.path() / "loop");
  folder.write("loop/a.csv", "x");
  fs::create_directory_symlink(folder.path() / "loop", folder.path() / "loop" / "again");
  CHECK(names({folder.path() / "loop"}) == texts{"a.csv"});
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(refusal({pipe}).find("neither") != std::string::npos);
  CHECK(list_sources({}).failure().code == errc::usage);
}

std::string gzip(std::string_view text) {
  std::string out(text.size() + 1000, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

struct read_back {
  std::string header;
  std::string text;
  std::size_t blocks = 0;
  std::uint64_t consumed = 0;
  std::string failure;
};

read_back read(std::string_view bytes, std::size_t target = 1000) {
  const temporary_folder folder;
  const fs::path path = folder.write("the.csv", bytes);
  read_back out;
  auto reader = source_reader::open({path, "the.csv", bytes.size()});
  if (!reader) {
    CHECK(reader.failure().code == errc::unreadable_input);
    CHECK(reader.failure().message.find("the.csv") != std::string::npos);
    out.failure = reader.failure().message;
    return out;
  }
  out.header = (*reader)->header();
  std::vector<std::unique_ptr<source_block>> blocks;
  for (;;) {
    auto more = (*reader)->next(target);
    if (!more) {
      CHECK(more.failure().code == errc::unreadable_input);
      CHECK(more.failure().message.find("the.csv") != std::string::npos);
      out.failure = more.failure().message;
      break;
    }
    if (!*more)
      break;
    blocks.push_back(std::move(*more));
  }
  CHECK((out.failure.empty() ? !*(*reader)->next(target) : true));
  // Blocks may be fetched in any order, and each again.
  read_buffer buffer;
  std::vector<std::string> fetched(blocks.size());
  for (std::size_t i = blocks.size(); i-- > 0;) {
    const auto text = blocks[i]->fetch(buffer);
    REQUIRE(text);
    fetched[i] = *text;
    CHECK(fetched[i].size() < target + 3 * line_bytes_limit);
    const std::size_t second = fetched[i].find('\n') + 1;
    if (second != 0 && second < fetched[i].size()) // a line asked for when the buffer is in other use
      CHECK(blocks[i]->raw()->at(static_cast<std::uint32_t>(second))
            == raw_lines::first_of(std::string_view(fetched[i]).substr(second, line_bytes_limit)));
  }
  for (const std::string& text : fetched) {
    if (!out.text.empty() && !text.empty())
      CHECK(out.text.back() == '\n'); // only the last block may lack its line end
    out.text += text;
    if (text.size() - (text.rfind('\n') + 1) == line_bytes_limit) // a line that was cut
      out.text += '\n';
  }
  out.blocks = blocks.size();
  out.consumed = (*reader)->bytes_consumed();
  return out;
}

std::string many_lines(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += "line " + std::to_string(i * 7919) + "\n";
  return out;
}

TEST_CASE("source reader: plain files") {
  const std::string body = many_lines(50'000);
  const auto file = read("mpan,kwh\r\n" + body);
  CHECK(file.header == "mpan,kwh");
  CHECK(file.text == body);
  CHECK(file.blocks > 3);
  CHECK(file.consumed == body.size() + 10);
  CHECK(read("\xEF\xBB\xBFmpan,kwh\n1,2").header == "mpan,kwh");
  CHECK(read("\xEF\xBB\xBFmpan,kwh\n1,2").text == "1,2");
  CHECK(read("mpan,kwh").header == "mpan,kwh");
  CHECK(read("mpan,kwh").text.empty());
  CHECK(read("\nx\n").header.empty());
  CHECK(read("h\n\n\nx\n\n").text == "\n\nx\n\n");
}

TEST_CASE("source reader: blocks of any size hold every line once") {
  std::string body = many_lines(300);
  body += "\n\n" + std::string(700, 'x') + "\r\n" + "the last one";
  for (std::size_t target = 1; target < 2000; target += 1 + target / 7) {
    CAPTURE(target);
    CHECK(read("mpan,kwh\n" + body, target).text == body);
  }
}

TEST_CASE("source reader: a plain file that becomes shorter while it is read") {
  const temporary_folder folder;
  const fs::path path = folder.write("the.csv", "h\n" + many_lines(50'000));
  auto reader = source_reader::open({path, "the.csv", fs::file_size(path)});
  REQUIRE(reader);
  const auto first = (*reader)->next(100'000);
  const auto second = (*reader)->next(100'000);
  REQUIRE((first && *first && second && *second));
  fs::resize_file(path, 150'000);
  read_buffer buffer;
  CHECK((*first)->fetch(buffer));
  const auto cut = (*second)->fetch(buffer);
  REQUIRE(!cut);
  CHECK(cut.failure().code == errc::unreadable_input);
  CHECK(cut.failure().message.find("shorter") != std::string::npos);
}

TEST_CASE("source reader: compressed files, also of several members") {
  const std::string body = many_lines(200'000);
  const std::string whole = "h\n" + body;
  const std::size_t half = whole.size() / 2;
  for (const std::string& bytes : {gzip(whole), gzip(whole.substr(0, half)) + gzip(whole.substr(half)),
                                   gzip("") + gzip(whole) + gzip(""), gzip(whole) + std::string(1000, '\0'),
                                   gzip(whole.substr(0, 1)) + std::string(3, '\0') + gzip(whole.substr(1))}) {
    const auto file = read(bytes, 1 << 16);
    CHECK(file.failure.empty());
    CHECK(file.header == "h");
    CHECK(file.text == body);
    CHECK(file.consumed == bytes.size());
  }
}

TEST_CASE("source reader: compressed files that are cut or corrupt") {
  std::string body = many_lines(100'000);
  const std::string whole = gzip("h\n" + body);
  CHECK(read(whole.substr(0, whole.size() / 2)).failure.find("cut short") != std::string::npos);
  CHECK(read(whole.substr(0, whole.size() - 1)).failure.find("cut short") != std::string::npos);
  CHECK(read(whole.substr(0, 5)).failure.find("cut short") != std::string::npos);
  CHECK(read(whole.substr(0, 10)).failure.find("cut short") != std::string::npos);
  std::string wrong = whole;
  wrong[wrong.size() / 2] = static_cast<char>(wrong[wrong.size() / 2] ^ 0x55);
  CHECK(read(wrong).failure.find("corrupt") != std::string::npos);
  wrong = whole;
  wrong[wrong.size() - 6] = static_cast<char>(wrong[wrong.size() - 6] ^ 1); // of the check sum
  CHECK(read(wrong).failure.find("corrupt") != std::string::npos);
  CHECK(read(whole + "more").failure.find("followed") != std::string::npos);
  CHECK(read("\x1F\x8B"
             "text")
          .failure.find("c")
        != std::string::npos);
}

TEST_CASE("source reader: what is no text") {
  CHECK(read(gzip("")).failure.find("nothing") != std::string::npos);
  CHECK(read("\xEF\xBB\xBF").failure.find("nothing") != std::string::npos);
  CHECK(read(std::string("a\0b\n", 4)).failure.find("binary") != std::string::npos);
  CHECK(read(std::string("\xFF\xFEm\0p\0", 6)).failure.find("UTF-16") != std::string::npos);
  CHECK(read(std::string(header_bytes_limit + 1, 'x')).failure.find("64 KiB") != std::string::npos);
  CHECK(read(std::string(header_bytes_limit, 'x')).failure.empty());
  const auto missing = source_reader::open({"/nonexistent/x.csv", "x.csv", 1});
  REQUIRE(!missing);
  CHECK(missing.failure().message.find("cannot be opened") != std::string::npos);
  CHECK(!source_reader::open({"/", "x.csv", 1}));
}

TEST_CASE("source reader: a line without end keeps to its bounds, and lines keep their numbers") {
  const std::string huge(5 * line_bytes_limit, 'x');
  for (const bool compressed : {false, true}) {
    const std::string bytes = "h\none\n" + huge + "\nthree\n" + huge;
    const auto file = read(compressed ? gzip(bytes) : bytes);
    CHECK(std::count(file.text.begin(), file.text.end(), '\n') == 4);
    CHECK(file.text.substr(0, 8) == "one\nxxxx");
    CHECK(file.text.find("\nthree\n") != std::string::npos);
    CHECK(file.text.find('\n', 4) - 4 == line_bytes_limit);
  }
}

} // namespace
} // namespace gridtwin
