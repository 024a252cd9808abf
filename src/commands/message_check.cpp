#include "src/commands/message_check.hpp"

#include "config/printable_text.hpp"
#include "src/commands/terminal.hpp"
#include "src/ingest/message_source.hpp"
#include "src/messages/message_checks.hpp"
#include "twins/bounds.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view message_check_command = "message check";
/// Faults that are told of a file.
constexpr std::size_t faults_shown = 100;

struct check_options {
  std::vector<std::string> files;
  std::string check_digits = "strict";
  bool json = false;
};

constexpr std::array<std::pair<std::string_view, check_digit_mode>, 3> modes{
  {{"strict", check_digit_mode::strict}, {"quarantine", check_digit_mode::quarantine}, {"log", check_digit_mode::log}}};

struct placed_fault {
  std::size_t line = 1;
  message_fault fault;
};

/// What a file came to.
struct checked_file {
  std::string name;
  std::size_t lines = 0; ///< that hold something
  std::size_t messages = 0;
  std::size_t half_hours = 0;
  std::size_t set_apart = 0; ///< messages
  std::uint64_t wrong_check_digits = 0;
  std::vector<placed_fault> faults;
  bool more = false; ///< faults than are shown
};

class file_checker {
public:
  file_checker(std::string name, check_digit_mode mode) : reader_(options_for(mode)) { out_.name = std::move(name); }

  result<checked_file> check() {
    auto opened = message_source::open({out_.name, out_.name, 0});
    if (!opened)
      return opened.failure();
    read_buffer buffer;
    for (;;) {
      auto block = opened->reader->next(bounds::block_bytes);
      if (!block)
        return block.failure();
      if (!*block)
        break;
      const auto text = (*block)->fetch(buffer);
      if (!text)
        return text.failure();
      if (opened->layout == message_layout::document)
        check_request(*text);
      else
        check_lines(*text);
    }
    out_.wrong_check_digits = reader_.wrong_check_digits();
    return std::move(out_);
  }

private:
  static message_reader_options options_for(check_digit_mode mode) {
    message_reader_options out;
    out.check_digits = mode;
    out.bytes = message_document_limit;
    out.messages = messages_in_request_limit;
    out.faults = faults_shown;
    return out;
  }

  void check_lines(std::string_view text) {
    for (; !text.empty(); ++line_) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.size() >= line_bytes_limit)
        refuse_line();
      else if (line.find_first_not_of(" \t\r") != std::string_view::npos)
        check_request(line);
    }
  }

  /// It was cut.
  void refuse_line() {
    ++out_.lines;
    add({"$", "is longer than 1 MiB"});
  }

  void check_request(std::string_view text) {
    ++out_.lines;
    const read_request request = reader_.read(text);
    for (const message_fault& f : request.faults)
      add(f);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool list = first != std::string_view::npos && text[first] == '[';
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
      const read_message& m = request.messages[i];
      ++out_.messages;
      for (const message_fault& f : m.faults)
        add(f);
      if (!m.message)
        continue;
      out_.half_hours += half_hours_of(*m.message);
      out_.set_apart += m.quarantined ? 1 : 0;
      for (const message_fault& f :
           faults_by_rule(*m.message, list ? "$[" + std::to_string(i) + "]" : "$", faults_shown))
        add(f);
    }
  }

  void add(const message_fault& f) {
    if (out_.faults.size() < faults_shown)
      out_.faults.push_back({line_, f});
    else
      out_.more = true;
  }

  message_reader reader_;
  checked_file out_;
  std::size_t line_ = 1;
};

std::string as_json(const checked_file& f) {
  std::string out = "{\"file\":" + json_string(printable(f.name, 1000)) + ",\"messages\":" + std::to_string(f.messages)
                    + ",\"half_hours\":" + std::to_string(f.half_hours)
                    + ",\"quarantined\":" + std::to_string(f.set_apart)
                    + ",\"wrong_check_digits\":" + std::to_string(f.wrong_check_digits) + ",\"faults\":[";
  bool first = true;
  for (const placed_fault& p : f.faults) {
    out += std::string(first ? "" : ",") + "{\"line\":" + std::to_string(p.line)
           + ",\"path\":" + json_string(p.fault.path) + ",\"fault\":" + json_string(p.fault.what) + "}";
    first = false;
  }
  return out + "],\"more_faults\":" + (f.more ? "true" : "false") + "}\n";
}

/// The line is told where there are several.
void tell_faults(const checked_file& f) {
  const std::string name = printable(f.name, 1000);
  for (const placed_fault& p : f.faults) {
    const std::string place = f.lines > 1 ? ":" + std::to_string(p.line) : std::string();
    std::fprintf(stderr, "%s%s: %s: %s\n", name.c_str(), place.c_str(), p.fault.path.c_str(), p.fault.what.c_str());
  }
  if (f.more)
    std::fprintf(stderr, "%s: $: has more faults than these\n", name.c_str());
}

std::string counted(std::size_t count, std::string_view what) {
  return with_thousands(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string as_text(const checked_file& f) {
  std::string out =
    printable(f.name, 1000) + ": " + counted(f.messages, "message") + ", " + counted(f.half_hours, "half hour");
  if (f.set_apart > 0)
    out += ", " + with_thousands(f.set_apart) + " of them quarantined for their check digit";
  else if (f.wrong_check_digits > 0)
    out += ", " + with_thousands(f.wrong_check_digits) + " MPANs with a wrong check digit";
  return out + "\n";
}

int run(const check_options& o) {
  const auto mode = std::find_if(modes.begin(), modes.end(), [&](const auto& m) { return m.first == o.check_digits; });
  if (mode == modes.end())
    return report_failure(message_check_command, {errc::usage, "--check-digits must be strict, quarantine or log"});
  int status = 0;
  for (const std::string& name : o.files) {
    const auto file = file_checker(name, mode->second).check();
    if (!file) {
      status = std::max(status, report_failure(message_check_command, file.failure()));
      continue;
    }
    const bool good = file->faults.empty();
    if (!good)
      status = exit_status_of(errc::unreadable_input);
    if (!good && !o.json)
      tell_faults(*file);
    if (good || o.json)
      if (const int printed = print_result(message_check_command, o.json ? as_json(*file) : as_text(*file));
          printed != 0)
        return printed;
  }
  return status;
}

} // namespace

void register_message(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  auto o = std::make_shared<check_options>();
  CLI::App* message = parent.add_subcommand("message", "Looks at messages that are exchanged with the market");
  message->require_subcommand(1);
  message->footer("Example:\n  gridtwin message check messages.jsonl");
  CLI::App* check = message->add_subcommand("check", "Holds messages IF-021 against the schema and the rules on them");
  check->add_option("files", o->files, "Files: a message or a list of messages, or one a line; .gz is read as it is")
    ->required();
  check->add_option(
    "--check-digits", o->check_digits,
    "An MPAN with a wrong check digit is a fault (strict, default), sets its message apart (quarantine) "
    "or is counted (log)");
  check->add_flag("--json", o->json, "Print one JSON object a file instead of text");
  check->footer(
    "Exit status 0 and a line for each file, or 2 and FILE: PATH: FAULT on standard error for each fault, as\n"
    "  m.json: $.payload.CommonBlock.S1.subText: is missing\n"
    "with FILE:LINE where a file has several lines. Rules that need to know the meter are not asked.\n"
    "Example:\n  gridtwin message check messages.jsonl\n"
    "  gridtwin message check --json --check-digits log request.json other.json.gz");
  check->callback([o, select] { select([o] { return run(*o); }); });
}

} // namespace gridtwin
