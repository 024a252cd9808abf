// The framed protocol against a hostile peer: the bytes come in pieces, and neither side of the protocol throws, keeps
// more than its bounds, or answers other than once and in order. The first byte of an input says in what pieces.

#include "src/wire/server_conversation.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace gridtwin;
using fuzz::require;

/// Takes every other submission, and answers at once or when it is asked to.
class fuzz_gate final : public submission_gate {
public:
  bool offer(submission s, answered then) override {
    require(!s.readings.empty() && s.readings.size() <= wire_bounds::batch_readings, "a submission has readings");
    require(s.first_number >= 1, "and a number");
    for (const submitted_reading& r : s.readings) {
      require(r.period >= first_storable_period && r.period <= last_storable_period, "a period can be stored");
      require(index_of(r.quantity) < quantity_count && r.version >= 1, "a key is one");
      require(r.content.quality.code < quality_count && r.content.reasons.estimation <= last_estimation_reason,
              "a content is one");
      require(check_digit(r.meter.number / 10) == static_cast<int>(r.meter.number % 10), "a meter is one");
      require(r.meter.number % 3 != 0, "its sender may speak for it");
    }
    if (++offers_ % 4 == 3)
      return false;
    waiting_.emplace_back(s.readings.size(), std::move(then));
    return true;
  }
  void answer_all() {
    for (auto& [count, then] : std::exchange(waiting_, {}))
      then(std::vector<submission_answer>(count, {answer_kind::accepted, verdict::accepted, 1, 7}));
  }

private:
  std::size_t offers_ = 0;
  std::vector<std::pair<std::size_t, answered>> waiting_;
};

/// The node's side reads the stream; what it sends back is whole frames that a sender understands.
void converse(std::string_view bytes, std::size_t piece) {
  fuzz_gate gate;
  wire_counters counters;
  const may_speak_function may_speak = [](std::string_view, mpan m) { return m.number % 3 != 0; };
  std::vector<std::pair<server_conversation::ticket, std::vector<submission_answer>>> answers;
  server_conversation node(
    "fuzzer",
    {gate, may_speak, counters, [](std::uint64_t, std::int64_t) { return std::int64_t{0}; }, session_credit{},
     [&](server_conversation::ticket t, std::vector<submission_answer> a) { answers.emplace_back(t, std::move(a)); },
     [] { return false; }});
  frame_reader reader;
  std::string out;
  bool open = true;
  while (open && !bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    for (frame f; open;) {
      const auto status = reader.read(part, f);
      if (status == frame_reader::status::more)
        break;
      const auto then = status == frame_reader::status::whole ? node.on_frame(f, 1, out) : node.on_broken(status, out);
      if (then == server_conversation::then::welcomed)
        reader.limit(wire_bounds::frame_bytes);
      open = then != server_conversation::then::close;
      require(node.unanswered() <= wire_bounds::credit_batches, "what is in hand is bounded");
      if (node.unanswered() >= 3) {
        gate.answer_all();
        for (auto& [ticket, given] : std::exchange(answers, {}))
          node.on_answers(ticket, given, out);
      }
    }
  }
  frame_reader sender(wire_bounds::frame_bytes);
  std::string_view rest = out;
  for (frame f; !rest.empty();) {
    require(sender.read(rest, f) == frame_reader::status::whole, "the node sends whole frames");
    const bool understood = f.kind == frame_kind::welcome   ? decode_welcome(f.body).has_value()
                            : f.kind == frame_kind::answer  ? decode_answer(f.body).has_value()
                            : f.kind == frame_kind::credit  ? decode_credit(f.body).has_value()
                            : f.kind == frame_kind::goodbye ? decode_goodbye(f.body).has_value()
                                                            : false;
    require(understood, "which a sender understands");
  }
}

/// A body that is read comes back.
void check_bodies(std::string_view body) {
  submitted_batch batch;
  if (decode_submit(body, batch) == submit_fault::none && batch.refusals.empty()) {
    std::string again;
    encode_submit(batch.readings, batch.first_number, again);
    append_batch_name(batch.batch, again);
    submitted_batch back;
    // Unless it is longer in our own form than a frame may be.
    if (again.size() <= wire_bounds::frame_bytes)
      require(decode_submit(again, back) == submit_fault::none && back.readings.size() == batch.readings.size()
                && back.batch == batch.batch && back.first_number == batch.first_number
                && std::equal(batch.readings.begin(), batch.readings.end(), back.readings.begin(),
                              [](const submitted_reading& a, const submitted_reading& b) {
                                return a.meter == b.meter && a.quantity == b.quantity && a.period == b.period
                                       && a.version == b.version && a.content == b.content;
                              }),
              "readings come back");
  }
  if (const auto answer = decode_answer(body)) {
    std::string again;
    encode(*answer, again);
    const auto back = decode_answer(again);
    require(back && back->runs == answer->runs && back->batch == answer->batch, "answers come back");
  }
  if (const auto goodbye = decode_goodbye(body))
    require(std::all_of(goodbye->detail.begin(), goodbye->detail.end(), [](char c) { return c >= ' ' && c <= '~'; }),
            "a peer's text is printable");
  decode_hello(body);
  decode_welcome(body);
  decode_credit(body);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? bytes.size() + 1 : data[0];
  converse(bytes, piece);
  check_bodies(bytes);
  return 0;
}
