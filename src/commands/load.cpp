#include "src/commands/load.hpp"

#include "src/client/reading_sender.hpp"
#include "src/client/tls_files.hpp"
#include "src/commands/load_report.hpp"
#include "src/commands/node_address.hpp"
#include "src/commands/terminal.hpp"
#include "src/ingest/estate_files.hpp"
#include "src/load/load_follower.hpp"
#include "src/process/interrupt.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view load_command = "load";
constexpr double readings_limit = 1e9;
/// How often the log is looked at while the load runs.
constexpr std::chrono::milliseconds look_again{5};
/// For connections to be made before the first message is due.
constexpr std::chrono::milliseconds head_start{200};

struct load_options {
  std::string to;
  std::vector<std::string> certificates;
  std::vector<std::string> keys;
  std::string trust;
  std::string estate;
  std::string store;
  double rate = 0;
  double seconds = 10;
  std::string form = "half-hour";
  std::string from = "2026-01-01";
  std::uint64_t seed = 1;
  std::uint32_t patience_s = 60;
  bool reader = false;
  bool json = false;
};

/// Meters of an estate, in order of its file, each once.
result<std::vector<mpan>> meters_of(const std::string& folder) {
  const auto texts = read_estate_texts(folder);
  if (!texts)
    return texts.failure();
  const auto estate = parse_estate(*texts, folder);
  if (!estate)
    return estate.failure();
  std::vector<mpan> out;
  std::unordered_set<std::uint64_t> known;
  for (const connection& c : estate->connections)
    if (known.insert(c.mpan.number).second)
      out.push_back(c.mpan);
  return out;
}

/// A load for each sender: meters that follow one another in the estate, in equal parts.
result<std::vector<load_plan>> plans_of(const load_options& o) {
  const auto from = parse_date(o.from);
  if (!from)
    return error{errc::usage, "--from: " + from.failure().message};
  auto meters = meters_of(o.estate);
  if (!meters)
    return meters.failure();
  const load_form form = o.form == "day" ? load_form::day : load_form::half_hour;
  const std::size_t senders = o.certificates.size();
  const double messages = std::floor(o.rate * o.seconds);
  const double readings = messages * (form == load_form::day ? periods_per_day : 1);
  if (meters->size() < senders)
    return error{errc::usage, "the estate has fewer meters than there are senders"};
  if (messages < static_cast<double>(senders) || readings > readings_limit)
    return error{errc::usage,
                 "--rate times --seconds must come to a message a sender at least, and to a thousand million "
                 "readings at most"};
  const utc_day first{days_from_civil(*from)};
  const double turns = messages / static_cast<double>(meters->size()) + 1;
  const double days = form == load_form::day ? turns : turns / periods_per_day + 1;
  if (static_cast<double>(first.number) + days >= static_cast<double>(last_storable_period.day().number))
    return error{errc::usage,
                 "the load would go beyond the last day that can be stored: give more meters, or an earlier "
                 "--from"};
  std::vector<load_plan> out;
  for (std::size_t i = 0; i < senders; ++i) {
    const auto begin = meters->begin() + static_cast<std::ptrdiff_t>(i * meters->size() / senders);
    const auto end = meters->begin() + static_cast<std::ptrdiff_t>((i + 1) * meters->size() / senders);
    const double share = static_cast<double>(end - begin) / static_cast<double>(meters->size());
    out.emplace_back(std::vector<mpan>(begin, end), first, form, o.seed, o.rate * share,
                     static_cast<std::uint64_t>(messages * share));
  }
  return out;
}

/// A sender with its load, on a thread of its own.
struct running_sender {
  running_sender(const load_plan& plan, const std::function<std::int64_t()>& since)
    : source(plan, wire_bounds::sent_batch_readings, since) {}

  load_source source;
  std::unique_ptr<reading_sender> sender;
  result<void> outcome;
  std::thread thread;
};

result<std::vector<std::shared_ptr<boost::asio::ssl::context>>> identities_of(const load_options& o) {
  if (o.certificates.size() != o.keys.size())
    return error{errc::usage, "give as many --key as --cert, in the same order"};
  std::vector<std::shared_ptr<boost::asio::ssl::context>> out;
  for (std::size_t i = 0; i < o.keys.size(); ++i) {
    auto tls = tls_from_files(tls_side::client, o.certificates[i], o.keys[i], o.trust);
    if (!tls)
      return tls.failure();
    out.push_back(std::move(*tls));
  }
  return out;
}

/// Drives the senders to their ends while the log is followed.
result<void> drive(std::vector<std::unique_ptr<running_sender>>& senders, load_follower* follower, progress_line& line,
                   std::uint64_t readings) {
  std::atomic<std::size_t> running{senders.size()};
  std::atomic<std::uint64_t> answered{0};
  for (const auto& s : senders)
    s->thread = std::thread([&running, &answered, one = s.get()] {
      std::uint64_t told = 0;
      one->outcome = one->sender->run([&](const sender_progress& p) {
        answered += p.answered - std::exchange(told, p.answered);
        return interrupted();
      });
      --running;
    });
  result<void> followed;
  while (running > 0) {
    if (follower != nullptr && followed)
      followed = follower->follow();
    line.show(answered, readings);
    std::this_thread::sleep_for(look_again);
  }
  for (const auto& s : senders)
    s->thread.join();
  if (follower != nullptr && followed)
    followed = follower->follow();
  line.clear();
  return followed;
}

load_report report_of(const std::vector<std::unique_ptr<running_sender>>& senders,
                      const std::vector<load_plan>& plans) {
  load_report out;
  for (std::size_t i = 0; i < senders.size(); ++i) {
    const load_source& s = senders[i]->source;
    out.readings += plans[i].readings();
    out.sent += s.first_sent();
    out.unanswered += plans[i].readings() - s.answered_readings();
    out.last_answer_us = std::max(out.last_answer_us, s.last_answer_us());
    out.answer.add(s.latency());
    for (std::size_t k = 0; k < wire_outcome_count; ++k)
      out.by_outcome[k] += s.of(static_cast<wire_outcome>(k));
  }
  return out;
}

std::uint64_t readings_of(const std::vector<load_plan>& plans) {
  std::uint64_t out = 0;
  for (const load_plan& p : plans)
    out += p.readings();
  return out;
}

result<load_findings> check(const std::string& store, const std::vector<std::unique_ptr<running_sender>>& senders,
                            const std::vector<load_plan>& plans) {
  auto log = open_log::of(store);
  if (!log)
    return log.failure();
  std::vector<answered_load> loads;
  for (std::size_t i = 0; i < senders.size(); ++i)
    loads.push_back({&plans[i], senders[i]->source.stretches()});
  return check_load(log->topic(), loads);
}

int run(const load_options& o, const std::function<std::int64_t()>& now_us) {
  catch_interrupts();
  sender_options to;
  if (auto read = read_address(o.to, to); !read)
    return report_failure(load_command, read.failure());
  to.patience = std::chrono::seconds(o.patience_s);
  to.nap = std::chrono::milliseconds(1); // what is late because the load slept would be blamed on the node
  to.seed = o.seed;
  const auto identities = identities_of(o);
  if (!identities)
    return report_failure(load_command, identities.failure());
  const auto plans = plans_of(o);
  if (!plans)
    return report_failure(load_command, plans.failure());

  std::int64_t start_us = 0; // when all is ready: what a log holds already takes a while to pass
  const std::function<std::int64_t()> since = [&now_us, &start_us] { return now_us() - start_us; };
  std::optional<load_follower> follower;
  if (o.reader) {
    auto log = open_log::of(o.store);
    if (!log)
      return report_failure(load_command, log.failure());
    follower.emplace(std::move(*log), *plans, since);
    if (auto skipped = follower->skip(); !skipped)
      return report_failure(load_command, skipped.failure());
  }
  std::vector<std::unique_ptr<running_sender>> senders;
  for (std::size_t i = 0; i < plans->size(); ++i) {
    senders.push_back(std::make_unique<running_sender>((*plans)[i], since));
    to.seed = o.seed + i;
    senders.back()->sender = std::make_unique<reading_sender>(to, (*identities)[i], senders.back()->source, now_us);
  }
  progress_line line("readings", [&now_us] { return now_us() / 1000; });
  start_us = now_us() + std::chrono::microseconds(head_start).count();
  const auto followed = drive(senders, follower ? &*follower : nullptr, line, readings_of(*plans));
  if (!followed)
    return report_failure(load_command, followed.failure());
  load_report report = report_of(senders, *plans);
  report.began_us = start_us;
  if (follower)
    report.reader = follower->latency();
  if (!o.store.empty()) {
    auto checked = check(o.store, senders, *plans);
    if (!checked)
      return report_failure(load_command, checked.failure());
    report.store = *checked;
  }
  const int printed = print_result(load_command, o.json ? load_json(report) : load_text(report));
  for (const auto& s : senders)
    if (!s->outcome)
      return report_failure(load_command, s->outcome.failure());
  if (report.unanswered > 0)
    return report_failure(
      load_command, {errc::interrupted, "stopped: " + with_thousands(report.unanswered) + " readings have no answer"});
  if (report.store && !report.store->holds())
    return report_failure(load_command, {errc::store_failed, "the store does not have what was answered"});
  return printed;
}

} // namespace

void register_load(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                   const std::function<std::int64_t()>& now_us) {
  auto o = std::make_shared<load_options>();
  CLI::App* app = parent.add_subcommand(
    "load", "Sends readings to a live node at a stated rate, and holds each answer against its store");
  app->add_option("--to", o->to, "The node, HOST:PORT")->required();
  app
    ->add_option("--cert", o->certificates,
                 "PEM file of a sender's certificate; several: as many senders, each with its part of the meters")
    ->required();
  app->add_option("--key", o->keys, "PEM file of its key; as many as --cert")->required();
  app->add_option("--trust", o->trust, "PEM file of the authorities that the node's certificate may come from")
    ->required();
  app->add_option("--estate", o->estate, "Folder of the node's estate, for its meters")->required();
  app->add_option("--rate", o->rate, "Messages a second, of all senders together")
    ->required()
    ->check(CLI::Range(0.001, 1e8));
  app->add_option("--form", o->form, "What a message is: half-hour (default), of one meter; or day, a meter's 48")
    ->check(CLI::IsMember({"half-hour", "day"}));
  app->add_option("--seconds", o->seconds, "How long messages fall due; default 10")->check(CLI::Range(0.001, 1e7));
  app->add_option("--from", o->from, "UTC day of the first readings, YYYY-MM-DD; default 2026-01-01");
  app->add_option("--seed", o->seed, "Of the values; the same seed sends the same readings; default 1");
  CLI::Option* const store = app->add_option(
    "--store", o->store, "The node's store, on this machine: at the end, each answer is held against it");
  app->add_flag("--reader", o->reader, "Read the store's log meanwhile: how long each reading took to be there")
    ->needs(store);
  app->add_option("--patience", o->patience_s, "Seconds without any answer after which it gives up; default 60")
    ->check(CLI::Range(1U, 1'000'000U));
  app->add_flag("--json", o->json, "Print one JSON object instead of text");
  app->footer(
    "Open loop: messages fall due at the rate, however slow the node is, and times count from when a message was due.\n"
    "Exit status 1 where a reading has no answer, or the store does not have what was answered.\n"
    "Example, 12,000 half hours a second for a minute:\n"
    "  gridtwin load --to localhost:7470 --cert head-end.pem --key head-end.key --trust services.pem \\\n"
    "    --estate estate --store store --reader --rate 12000 --seconds 60");
  app->callback([o, select, now_us] { select([o, now_us] { return run(*o, now_us); }); });
}

} // namespace gridtwin
