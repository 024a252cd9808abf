// What messages IF-021 cost: made and written, read_messages, decoded into readings. Bytes are those of the JSON.
//   cmake --build --preset release --target message_bench && build/release/tests/message_bench

#include "src/ingest/message_decoder.hpp"
#include "src/messages/message_builder.hpp"
#include "src/messages/message_reader.hpp"
#include "src/messages/message_writer.hpp"
#include "tests/bench/bench_support.hpp"
#include "tests/support/message_fixture.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

constexpr int days_written = 200;

std::vector<standing_half_hour> half_hours(bool estimates) {
  std::vector<standing_half_hour> out = ramp("2026-01-01", days_written);
  for (std::size_t i = 0; estimates && i < out.size(); i += 3)
    out[i].content = estimate_of(out[i].content.wh, "E3");
  return out;
}

std::string text_of_all(const std::vector<if021_message>& messages) {
  std::string out;
  for (const if021_message& m : messages) {
    append_message(out, m);
    out += '\n';
  }
  return out;
}

void set_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

/// Messages of so many days each.
void write_messages(benchmark::State& state, std::size_t days, bool estimates) {
  const std::vector<if021_message> messages = built(half_hours(estimates), {days, 1 << 20});
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (const if021_message& m : messages)
      append_message(out, m);
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, out.size());
  set_readings(state, std::size_t{days_written} * periods_per_day);
}

/// As an export does it.
void build_and_write(benchmark::State& state) {
  const auto all = half_hours(false);
  const market_settings market = example_market();
  const message_subject subject = example_subject();
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (std::size_t day = 0; day < days_written; ++day) {
      const auto messages = build_messages(
        market, subject, std::span(all).subspan(day * periods_per_day, periods_per_day), {1, request_bytes_limit});
      append_message(out, messages.value().front());
    }
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, out.size());
  set_readings(state, std::size_t{days_written} * periods_per_day);
}

void read_messages(benchmark::State& state, std::size_t days) {
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (const if021_message& m : built(half_hours(true), {days, 1 << 20})) {
    texts.push_back(text_of(m));
    bytes += texts.back().size();
  }
  message_reader reader;
  for (auto _ : state)
    for (const std::string& text : texts)
      if (!reader.read(text).messages.at(0).message)
        state.SkipWithError("a message was not read");
  set_bytes(state, bytes);
  set_readings(state, std::size_t{days_written} * periods_per_day);
}

void decode_lines(benchmark::State& state) {
  estate e;
  e.transformers.push_back({"T1", "", 500'000, 950'000, 'H'});
  e.feeders.push_back({{0}, "F1", "", 0});
  connection c;
  c.mpan = example_subject().mpan;
  e.connections.push_back(c);
  const auto index = std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(e)));
  const message_decoder decoder(index, message_layout::lines, {});
  const auto lines = std::make_shared<const held_lines>(text_of_all(built(half_hours(true), {1, 1 << 20})));
  for (auto _ : state)
    if (decoder.decode(lines->text(), lines).batch.readings.size() != std::size_t{days_written} * periods_per_day)
      state.SkipWithError("not every half hour was decoded");
  set_bytes(state, lines->text().size());
  set_readings(state, std::size_t{days_written} * periods_per_day);
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  using namespace gridtwin::testing;
  benchmark::RegisterBenchmark("write/a_day", write_messages, std::size_t{1}, false)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("write/a_day_with_estimates", write_messages, std::size_t{1}, true)
    ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("write/200_days", write_messages, std::size_t{200}, false)
    ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("build_and_write/a_day", build_and_write)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("read/a_day", read_messages, std::size_t{1})->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("read/200_days", read_messages, std::size_t{200})->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("decode/a_day", decode_lines)->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
