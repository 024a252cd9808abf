// What the framed protocol costs a reading: encoding, decoding, and the whole way over TLS on loopback into a gate that
// accepts all, from encoded batches, as a sender has them on disk.
//   cmake --build --preset release --target wire_bench && build/release/tests/wire_bench

#include "src/client/reading_sender.hpp"
#include "src/client/tls_files.hpp"
#include "src/process/clock.hpp"
#include "src/wire/submit_codec.hpp"
#include "src/wire/wire_listener.hpp"
#include "tests/bench/bench_support.hpp"
#include "tests/support/seeded_random.hpp"

#include <boost/asio/ssl/context.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

constexpr std::int32_t some_period = 985'000;
constexpr std::int64_t usual_most_wh = 1500;

std::vector<submitted_reading> readings_of(bool by_day, std::size_t count) {
  seeded_random random(1);
  std::vector<submitted_reading> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t twelve = 100'000'000'000 + (by_day ? i / periods_per_day : i) * 7919;
    const auto slot = static_cast<std::int32_t>(by_day ? i % periods_per_day : 0);
    out.push_back({{twelve * 10 + static_cast<std::uint64_t>(check_digit(twelve))},
                   quantity::active_import,
                   {some_period + slot},
                   1,
                   {random.between<std::int64_t>(0, usual_most_wh), actual, {}}});
  }
  return out;
}

std::string body_of(const std::vector<submitted_reading>& readings) {
  std::string out;
  encode_submit(readings, 1, out);
  return out;
}

void encode(benchmark::State& state, bool by_day) {
  const auto readings = readings_of(by_day, wire_bounds::sent_batch_readings);
  for (auto _ : state)
    benchmark::DoNotOptimize(body_of(readings));
  set_readings(state, readings.size());
  state.counters["bytes_a_reading"] =
    static_cast<double>(body_of(readings).size()) / static_cast<double>(readings.size());
}

void decode(benchmark::State& state, bool by_day) {
  const auto readings = readings_of(by_day, wire_bounds::sent_batch_readings);
  const std::string body = body_of(readings);
  for (auto _ : state) {
    submitted_batch batch;
    if (decode_submit(body, batch) != submit_fault::none || batch.readings.size() != readings.size())
      state.SkipWithError("not everything came back");
  }
  set_readings(state, readings.size());
}

class open_gate final : public submission_gate {
public:
  bool offer(submission s, answered then) override {
    then(std::vector<submission_answer>(s.readings.size(), {answer_kind::accepted, verdict::accepted, 1, ++offset_}));
    return true;
  }

private:
  std::int64_t offset_ = 0;
};

class same_parcels final : public parcel_source {
public:
  same_parcels(std::string body, std::uint32_t readings, std::uint64_t count)
    : body_(std::move(body)), readings_(readings), to_send_(count), unanswered_(count) {}

  result<std::optional<parcel>> next() override {
    if (to_send_ == 0)
      return std::optional<parcel>();
    return std::optional(parcel{to_send_--, 0, readings_, body_});
  }
  result<void> answered(const parcel&, const answer_message& answer) override {
    good_ = good_ && answer.runs.size() == 1 && answer.runs[0].answer.outcome == wire_outcome::accepted;
    --unanswered_;
    return {};
  }
  void give_back(const parcel&) override { good_ = false; }
  bool done() override { return unanswered_ == 0; }
  bool good() const noexcept { return good_; }

private:
  std::string body_;
  std::uint32_t readings_;
  std::uint64_t to_send_;
  std::uint64_t unanswered_;
  bool good_ = true;
};

/// A certificate that trusts itself, for both sides.
std::string made_certificate() {
  const std::string folder = (std::filesystem::temp_directory_path() / "gridtwin_wire_bench").string();
  std::filesystem::create_directories(folder);
  const std::string made =
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
    "-addext subjectAltName=DNS:localhost -keyout "
    + folder + "/key -out " + folder + "/certificate 2>/dev/null";
  if (std::system(made.c_str()) != 0)
    std::abort();
  return folder;
}

void over_tls(benchmark::State& state, bool by_day) {
  constexpr std::uint64_t batches = 400;
  const std::string folder = made_certificate();
  const auto tls = [&](tls_side side) {
    return tls_from_files(side, folder + "/certificate", folder + "/key", folder + "/certificate").value();
  };
  const auto server_tls = tls(tls_side::server);
  const auto client_tls = tls(tls_side::client);
  open_gate gate;
  wire_listener_options options;
  options.rate = {1'000'000'000, 1'000'000'000};
  auto listener = wire_listener::open({gate, [&] { return server_tls; },
                                       [](const x509_st&) { return result<std::string>(std::string("bench")); },
                                       [](std::string_view, mpan) { return true; }, monotonic_us},
                                      options);
  if (!listener) {
    state.SkipWithError("no listener");
    return;
  }
  const auto readings = readings_of(by_day, wire_bounds::sent_batch_readings);
  const std::string body = body_of(readings);
  for (auto _ : state) {
    same_parcels parcels(body, static_cast<std::uint32_t>(readings.size()), batches);
    sender_options to;
    to.host = "localhost";
    to.port = (*listener)->port();
    reading_sender sender(to, client_tls, parcels, monotonic_us);
    if (!sender.run([](const sender_progress&) { return false; }) || !parcels.good())
      state.SkipWithError("not everything was accepted");
  }
  set_readings(state, readings.size() * batches);
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  using namespace gridtwin::testing;
  for (const bool by_day : {true, false}) {
    const std::string form = by_day ? "/days" : "/half_hours";
    benchmark::RegisterBenchmark(("encode" + form).c_str(), encode, by_day)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("decode" + form).c_str(), decode, by_day)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("over_tls" + form).c_str(), over_tls, by_day)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MeasureProcessCPUTime();
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
