// A node's edge for tests: the listener over a gate that keeps readings in a log, and that may kill its own process at
// any moment. What it prints: `port N`, then on a line of `counters` on standard input its counters as JSON, on `stop`
// or the end of the input it stops in good order.
//
//   wire_server CERTIFICATE KEY TRUST LOG [name=value ...]

#include "src/client/tls_files.hpp"
#include "src/process/clock.hpp"
#include "src/wire/wire_listener.hpp"
#include "tests/support/seeded_random.hpp"

#include <boost/asio/ssl/context.hpp>
#include <openssl/x509.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

using settings = std::map<std::string, long>;

long setting(const settings& s, const std::string& name, long otherwise) {
  const auto at = s.find(name);
  return at == s.end() ? otherwise : at->second;
}

/// Readings to a log, a line each: `outcome sender number mpan quantity period version wh quality`. What the log has is
/// known over restarts. Synced before anything is answered.
class log_gate final : public submission_gate {
public:
  using key = std::tuple<std::uint64_t, int, std::int32_t, int>;

  log_gate(const std::string& path, const settings& s)
    : deaths_in_(setting(s, "deaths_in", 0)), depth_(static_cast<std::size_t>(setting(s, "depth", 8))),
      random_(static_cast<std::uint64_t>(setting(s, "seed", 1))) {
    const long long whole = recover(path);
    log_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log_ < 0 || ::ftruncate(log_, whole) != 0)
      std::abort();
    worker_ = std::thread([this] { work(); });
  }
  ~log_gate() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    worker_.join();
    ::close(log_);
  }

  bool offer(submission s, answered then) override {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= depth_)
        return false;
      waiting_.emplace_back(std::move(s), std::move(then));
    }
    changed_.notify_all();
    return true;
  }

private:
  /// Bytes of whole lines.
  long long recover(const std::string& path) {
    std::ifstream in(path);
    long long whole = 0;
    for (std::string line; std::getline(in, line) && !in.eof();) {
      whole += static_cast<long long>(line.size()) + 1;
      std::istringstream words(line);
      std::string outcome;
      std::string sender;
      std::uint64_t number = 0;
      key k;
      content c;
      words >> outcome >> sender >> number >> std::get<0>(k) >> std::get<1>(k) >> std::get<2>(k) >> std::get<3>(k)
        >> c.wh;
      if (outcome == "accepted")
        contents_[k] = {c.wh, next_offset_++};
    }
    return whole;
  }

  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty())
        return;
      auto [s, then] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      perhaps_die();
      auto answers = judge(s);
      perhaps_die();
      then(std::move(answers));
      perhaps_die();
    }
  }

  std::vector<submission_answer> judge(const submission& s) {
    std::vector<submission_answer> out;
    std::string lines;
    for (std::size_t i = 0; i < s.readings.size(); ++i) {
      const submitted_reading& r = s.readings[i];
      const key k{r.meter.number, static_cast<int>(r.quantity), r.period.number, r.version};
      const auto [at, fresh] = contents_.try_emplace(k, std::pair(r.content.wh, next_offset_));
      const bool same = at->second.first == r.content.wh;
      next_offset_ += fresh ? 1 : 0;
      out.push_back({fresh  ? answer_kind::accepted
                     : same ? answer_kind::duplicate
                            : answer_kind::conflict,
                     verdict::accepted, 1, at->second.second});
      lines += std::string(fresh  ? "accepted"
                           : same ? "duplicate"
                                  : "conflict")
               + " " + s.sender + " " + std::to_string(s.first_number + i) + " " + std::to_string(r.meter.number) + " "
               + std::to_string(static_cast<int>(r.quantity)) + " " + std::to_string(r.period.number) + " "
               + std::to_string(r.version) + " " + std::to_string(r.content.wh) + " "
               + std::to_string(r.content.quality.code) + "\n";
    }
    if (::write(log_, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()) || ::fdatasync(log_) != 0)
      std::abort();
    return out;
  }

  void perhaps_die() {
    if (deaths_in_ > 0 && random_.chance(1, static_cast<std::uint64_t>(deaths_in_)))
      ::raise(SIGKILL);
  }

  long deaths_in_;
  std::size_t depth_;
  seeded_random random_;
  int log_ = -1;
  std::map<key, std::pair<std::int64_t, std::int64_t>> contents_; ///< of the worker
  std::int64_t next_offset_ = 1;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::deque<std::pair<submission, answered>> waiting_;
  std::thread worker_;
};

/// The common name; `nobody` may not come.
result<std::string> common_name(const X509& certificate) {
  char name[128] = {};
  if (X509_NAME_get_text_by_NID(X509_get_subject_name(&certificate), NID_commonName, name, sizeof name) <= 0
      || std::string_view(name) == "nobody")
    return error{errc::usage, "no name that may come"};
  return std::string(name);
}

/// `foreign` is a meter that nobody may speak for.
bool may_speak(const settings& s, mpan meter) { return static_cast<long>(meter.number) != setting(s, "foreign", 0); }

void print_counters(const wire_counters& c) {
  std::printf("{\"accepted_connections\":%llu,\"refused_by_address\":%llu,\"accept_pauses\":%llu,"
              "\"failed_handshakes\":%llu,\"refused_identities\":%llu,\"welcomed\":%llu,\"superseded\":%llu,"
              "\"deadlines\":%llu,\"malformed\":%llu,\"too_large\":%llu,\"not_permitted\":%llu,\"busy_gate\":%llu,"
              "\"half_open\":%lld,\"sessions\":%lld}\n",
              static_cast<unsigned long long>(c.accepted_connections),
              static_cast<unsigned long long>(c.refused_by_address), static_cast<unsigned long long>(c.accept_pauses),
              static_cast<unsigned long long>(c.failed_handshakes),
              static_cast<unsigned long long>(c.refused_identities), static_cast<unsigned long long>(c.welcomed),
              static_cast<unsigned long long>(c.superseded), static_cast<unsigned long long>(c.deadlines),
              static_cast<unsigned long long>(c.malformed), static_cast<unsigned long long>(c.too_large),
              static_cast<unsigned long long>(c.not_permitted), static_cast<unsigned long long>(c.busy_gate),
              static_cast<long long>(c.half_open), static_cast<long long>(c.sessions));
  std::fflush(stdout);
}

int serve(int argc, char** argv) {
  if (argc < 5)
    return 2;
  settings s;
  for (int i = 5; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = word.find('=');
    s[std::string(word.substr(0, equals))] = std::strtol(argv[i] + equals + 1, nullptr, 10);
  }
  auto tls = tls_from_files(tls_side::server, argv[1], argv[2], argv[3]);
  if (!tls) {
    std::fprintf(stderr, "%s\n", tls.failure().message.c_str());
    return 2;
  }
  log_gate gate(argv[4], s);
  wire_listener_options options;
  options.port = static_cast<std::uint16_t>(setting(s, "port", 0));
  options.threads = static_cast<unsigned>(setting(s, "threads", 2));
  options.handshake = std::chrono::milliseconds(setting(s, "handshake_ms", 5000));
  options.hello = std::chrono::milliseconds(setting(s, "hello_ms", 5000));
  options.frame = std::chrono::milliseconds(setting(s, "frame_ms", 10'000));
  options.idle = std::chrono::milliseconds(setting(s, "idle_ms", 120'000));
  options.half_open = static_cast<std::size_t>(setting(s, "half_open", 1024));
  options.half_open_of_address = static_cast<std::size_t>(setting(s, "half_open_of_address", 64));
  auto listener =
    wire_listener::open({gate, [&tls] { return *tls; }, common_name,
                         [&s](std::string_view, mpan meter) { return may_speak(s, meter); }, monotonic_us},
                        options);
  if (!listener) {
    std::fprintf(stderr, "%s\n", listener.failure().message.c_str());
    return 2;
  }
  std::printf("port %d\n", (*listener)->port());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line) && line != "stop";)
    if (line == "counters")
      print_counters((*listener)->counters());
  (*listener)->stop();
  return 0;
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) { return gridtwin::testing::serve(argc, argv); }
