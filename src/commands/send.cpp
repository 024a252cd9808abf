#include "src/commands/send.hpp"

#include "config/toml_document.hpp"
#include "src/client/outbox.hpp"
#include "src/client/reading_sender.hpp"
#include "src/client/tls_files.hpp"
#include "src/commands/node_address.hpp"
#include "src/commands/send_intake.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/process/small_file.hpp"
#include "src/replay/run_inputs.hpp"
#include "twins/reading.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view send_command = "send";

struct send_options {
  std::string to;
  std::string certificate;
  std::string key;
  std::string trust;
  std::string spool;
  std::vector<std::string> reads;
  std::string format = "generic";
  std::string meter;
  std::uint32_t version = 1;
  std::uint32_t patience_s = 600;
  bool json = false;
};

/// The outbox, and counts of what it is told.
class counted_source final : public parcel_source {
public:
  explicit counted_source(outbox& of) : of_(of) {}

  result<std::optional<parcel>> next() override { return of_.next(); }
  void give_back(const parcel& p) override { of_.give_back(p); }
  bool done() override { return of_.done(); }
  result<void> answered(const parcel& p, const answer_message& answer) override {
    for (const answer_run& r : answer.runs) {
      by_outcome_[static_cast<std::size_t>(r.answer.outcome)] += r.count;
      if (r.answer.outcome == wire_outcome::quarantined || r.answer.outcome == wire_outcome::rejected)
        by_code_[{r.answer.outcome, name_of(r.answer.code)}] += r.count;
    }
    return of_.answered(p, answer);
  }

  std::uint64_t of(wire_outcome o) const noexcept { return by_outcome_[static_cast<std::size_t>(o)]; }
  /// `{"over-maximum":3}`
  std::string codes_json(wire_outcome o) const {
    std::string out;
    for (const auto& [key, count] : by_code_)
      if (key.first == o)
        out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", key.second, count);
    return "{" + out + "}";
  }
  std::string codes_text() const {
    std::string out;
    for (const auto& [key, count] : by_code_)
      out += fmt::format("  {:<12}{:<28}{:>14}\n", name_of(key.first), key.second, with_thousands(count));
    return out;
  }

private:
  outbox& of_;
  std::array<std::uint64_t, wire_outcome_count> by_outcome_{};
  std::map<std::pair<wire_outcome, std::string>, std::uint64_t> by_code_;
};

result<std::optional<send_intake>> intake_of(const send_options& o) {
  if (o.reads.empty())
    return std::optional<send_intake>();
  if (o.version < 1 || o.version > version_limit)
    return error{errc::usage, "--version must lie between 1 and " + std::to_string(version_limit)};
  send_sources from;
  auto profile = profile_called(o.format);
  if (!profile)
    return profile.failure();
  from.profile = std::move(*profile);
  from.decode.version = o.version;
  if (!o.meter.empty())
    from.decode.meter = o.meter;
  from.options_text = o.format + '\0' + o.meter + '\0' + std::to_string(o.version);
  if (o.format.ends_with(".toml"))
    if (const auto text = read_small_file(o.format, toml_bytes_limit))
      from.options_text += '\0' + *text;
  auto listed = list_sources({o.reads.begin(), o.reads.end()});
  if (!listed)
    return listed.failure();
  from.sources = std::move(listed->sources);
  for (const std::string& name : listed->passed_over)
    std::fprintf(stderr, "note: %s is passed over: in a folder only *.csv, *.txt and *.gz are read\n", name.c_str());
  auto intake = send_intake::make(std::move(from));
  if (!intake)
    return intake.failure();
  return std::optional(std::move(*intake));
}

/// How far it is, on a terminal; and what is wrong with the connection, once, anywhere.
class send_progress_line {
public:
  explicit send_progress_line(const std::function<std::int64_t()>& now_us)
    : now_us_(now_us), start_us_(now_us()), next_us_(start_us_ + 1'000'000), terminal_(isatty(STDERR_FILENO) == 1) {}

  void show(const sender_progress& p, const outbox& box) {
    if (!p.trouble.empty() && p.trouble != told_) {
      clear();
      std::fprintf(stderr, "note: %s; trying again\n", p.trouble.c_str());
      told_ = p.trouble;
    }
    const std::int64_t now = now_us_();
    if (!terminal_ || now < next_us_)
      return;
    next_us_ = now + 250'000;
    const auto elapsed_ms = static_cast<std::uint64_t>((now - start_us_) / 1000 + 1);
    std::fprintf(stderr, "\r%s readings answered, %s/s, %s to go\033[K", with_thousands(p.answered).c_str(),
                 with_thousands(p.answered * 1000 / elapsed_ms).c_str(), with_thousands(box.unanswered()).c_str());
    shown_ = true;
  }
  void clear() {
    if (std::exchange(shown_, false))
      std::fputs("\r\033[K", stderr);
  }
  std::int64_t elapsed_ms() const { return (now_us_() - start_us_) / 1000; }

private:
  const std::function<std::int64_t()>& now_us_;
  std::int64_t start_us_;
  std::int64_t next_us_;
  bool terminal_;
  bool shown_ = false;
  std::string told_;
};

struct send_outcome {
  intake_counts intake;
  sender_progress progress;
  std::uint64_t unanswered = 0;
  std::int64_t elapsed_ms = 0;
};

std::string unsendable_json(const intake_counts& c) {
  std::string out;
  for (std::size_t v = 0; v < verdict_count; ++v)
    if (c.unsendable_by_verdict[v] > 0)
      out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", name_of(static_cast<verdict>(v)),
                         c.unsendable_by_verdict[v]);
  return "{" + out + "}";
}

std::string json_of(const send_outcome& o, const counted_source& c) {
  return fmt::format("{{\"readings\":{},\"known\":{},\"unsendable\":{},\"sent\":{},\"accepted\":{},\"duplicates\":{},"
                     "\"conflicts\":{},\"quarantined\":{},\"rejected\":{},\"busy\":{},\"unanswered\":{},"
                     "\"connections\":{},\"elapsed_s\":{}}}\n",
                     o.intake.readings, o.intake.known, unsendable_json(o.intake), o.progress.sent,
                     c.of(wire_outcome::accepted), c.of(wire_outcome::duplicate), c.of(wire_outcome::conflict),
                     c.codes_json(wire_outcome::quarantined), c.codes_json(wire_outcome::rejected),
                     c.of(wire_outcome::busy), o.unanswered, o.progress.connections, format_seconds(o.elapsed_ms));
}

std::string text_of(const send_outcome& o, const counted_source& c) {
  std::string out;
  const auto line = [&out](std::string_view what, std::uint64_t count) {
    out += fmt::format("{:<42}{:>14}\n", what, with_thousands(count));
  };
  line("readings of the files", o.intake.readings + o.intake.known);
  line("  of them taken by an earlier run", o.intake.known);
  line("rows that are no readings", o.intake.unsendable);
  line("accepted", c.of(wire_outcome::accepted));
  line("duplicates", c.of(wire_outcome::duplicate));
  line("conflicts", c.of(wire_outcome::conflict));
  line("quarantined", c.of(wire_outcome::quarantined));
  line("rejected", c.of(wire_outcome::rejected));
  out += c.codes_text();
  line("unanswered, kept in the spool", o.unanswered);
  return out + fmt::format("{} s, {} connections\n", format_seconds(o.elapsed_ms), o.progress.connections);
}

int run(const send_options& o, const std::function<std::int64_t()>& now_us) {
  catch_interrupts();
  sender_options to;
  if (auto read = read_address(o.to, to); !read)
    return report_failure(send_command, read.failure());
  to.patience = std::chrono::seconds(o.patience_s);
  to.seed = static_cast<std::uint64_t>(now_us()) ^ static_cast<std::uint64_t>(::getpid()) << 40;
  auto tls = tls_from_files(tls_side::client, o.certificate, o.key, o.trust);
  if (!tls)
    return report_failure(send_command, tls.failure());
  auto intake = intake_of(o);
  if (!intake)
    return report_failure(send_command, intake.failure());
  auto box = outbox::open(o.spool);
  if (!box)
    return report_failure(send_command, box.failure());

  send_progress_line line(now_us);
  counted_source source(**box);
  send_outcome outcome;
  std::atomic<bool> ended{false};
  result<void> read;
  std::thread reader([&] {
    if (*intake)
      read = (*intake)->run(**box, [&] { return interrupted() || ended; });
    (*box)->close_intake();
  });
  result<void> sent;
  {
    reading_sender sender(to, std::move(*tls), source, now_us);
    sent = sender.run([&](const sender_progress& p) {
      line.show(p, **box);
      outcome.progress = p;
      return interrupted();
    });
  }
  ended = true;
  reader.join();
  line.clear();
  const result<void> settled = (*box)->settle();
  outcome.unanswered = (*box)->unanswered();
  outcome.elapsed_ms = line.elapsed_ms();
  if (*intake)
    outcome.intake = (*intake)->counts();
  const int printed = print_result(send_command, o.json ? json_of(outcome, source) : text_of(outcome, source));
  const std::string kept =
    fmt::format("{} readings are unanswered; the same command goes on with them", with_thousands(outcome.unanswered));
  for (const result<void>* const one : std::initializer_list<const result<void>*>{&settled, &sent, &read})
    if (!*one && !(one == &read && one->failure().code == errc::interrupted)) {
      error why = one->failure();
      if (one == &sent && why.code == errc::interrupted)
        why.message += ". " + kept;
      return report_failure(send_command, why);
    }
  if (interrupted() && (!read || outcome.unanswered > 0))
    return report_failure(send_command, {errc::interrupted, "stopped: " + kept});
  return printed;
}

} // namespace

void register_send(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                   const std::function<std::int64_t()>& now_us) {
  auto o = std::make_shared<send_options>();
  CLI::App* app =
    parent.add_subcommand("send", "Sends files of half-hourly readings to a live node, until each is answered");
  app->add_option("--to", o->to, "The node, HOST:PORT")->required();
  app->add_option("--cert", o->certificate, "PEM file of this sender's certificate, with what leads to its authority")
    ->required();
  app->add_option("--key", o->key, "PEM file of its key")->required();
  app->add_option("--trust", o->trust, "PEM file of the authorities that the node's certificate may come from")
    ->required();
  app
    ->add_option("--spool", o->spool,
                 "Folder where readings are kept until they are answered; made where it is missing")
    ->required();
  app->add_option("--reads", o->reads,
                  "Files or folders of readings that call meters by their MPANs; none: only what the spool has");
  app->add_option("--format", o->format, "generic (default), lcl, lcl-kaggle, or a profile file (*.toml)");
  app->add_option("--meter", o->meter, "MPAN of files that have no column for it");
  app->add_option("--version", o->version, "Version of readings in files that have no column for it; default 1");
  app->add_option("--patience", o->patience_s, "Seconds without any answer after which it gives up; default 600")
    ->check(CLI::Range(1U, 1'000'000U));
  app->add_flag("--json", o->json, "Print one JSON object instead of text");
  app->footer(
    "A reading is on disk before it is sent and keeps its number, so that after a crash the same command goes on\n"
    "where it was. A file that was taken once is not taken again.\n"
    "Example:\n  gridtwin send --to localhost:7470 --cert head-end.pem --key head-end.key --trust services.pem \\\n"
    "    --spool outbox --reads reads.csv");
  app->callback([o, select, now_us] { select([o, now_us] { return run(*o, now_us); }); });
}

} // namespace gridtwin
