// Signed requests of messages, whatever their fields and bodies hold: what leads to the gate, and what is answered.

#include "src/channel/base64.hpp"
#include "src/channel/channel_bounds.hpp"
#include "src/channel/message_channel.hpp"
#include "src/messages/message_reader.hpp"
#include "tests/fuzz/fuzz_support.hpp"
#include "twins/hash.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gridtwin;
using fuzz::require;

namespace {

constexpr std::int64_t now_s = 1'781'576'100; // 2026-06-16T02:15:00Z
const peer_identity peer{access_role::head_end, "h1"};

/// Takes some and answers in many ways, by the numbers of what it is offered.
class many_sided_gate final : public submission_gate {
public:
  bool offer(submission s, answered then) override {
    require(s.sender == "urn:gridtwin:device:h1", "a submission is of its peer");
    require(!s.readings.empty() && s.first_number > 0, "a submission has readings and numbers");
    require(s.first_number + s.readings.size() <= std::uint64_t{1} << 53, "numbers fit where they must");
    std::int64_t before = -1;
    for (const refused_reading& r : s.refusals) {
      require(r.index > before && r.index < s.readings.size(), "refusals ascend");
      require(!r.raw.empty() && !r.detail.empty(), "and have their text and a reason");
      require(is_rejected(r.verdict) || is_quarantined(r.verdict), "and refuse");
      before = r.index;
    }
    for (const submitted_reading& r : s.readings)
      require(r.period >= first_storable_period && r.period <= last_storable_period, "half hours can be stored");
    if (s.first_number % 7 == 0)
      return false;
    std::vector<submission_answer> answers(s.readings.size());
    for (std::size_t i = 0; i < answers.size(); ++i)
      answers[i] = {static_cast<answer_kind>((s.first_number + i) % 5), static_cast<verdict>(i % verdict_count)};
    if (s.first_number % 5 == 0)
      answers.clear();
    waiting.emplace_back(std::move(then), std::move(answers));
    return true;
  }
  std::deque<std::pair<answered, std::vector<submission_answer>>> waiting;
};

std::size_t count_of(std::string_view part, std::string_view text) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++out;
  return out;
}

void check_answer(const channel_answer& a, std::string_view body) {
  require(a.status == 201 || a.status == 207 || a.status == 400 || a.status == 403 || a.status == 500
            || a.status == 503,
          "a status that the document names");
  const read_request read =
    message_reader({{}, environment_tag::development, channel_bounds::body_bytes, channel_bounds::messages, 1})
      .read(body);
  const std::size_t messages = read.faults.empty() ? read.messages.size() : 1;
  require(count_of("\"serviceTicketURL\":null}", a.body) == messages, "each message has its answer");
  for (const char c : a.body)
    require(static_cast<unsigned char>(c) >= 0x20 || c == '\n', "an answer has no control characters");
  require(count_of("\n", a.body) == 1, "and is one line");
  require(a.body.size() <= (messages + 1) * 16'384, "and is bounded");
}

void check_fields(std::string_view head, std::string_view body) {
  signature_fields fields;
  fields.date = fuzz::take_until(head, '|');
  fields.content_hash = fuzz::take_until(head, '|');
  fields.signature = fuzz::take_until(head, '|');
  fields.certificate = head;
  bool asked = false;
  const auto done = check_signature({"POST", "https://node.example/v1/if-021", body, peer}, fields, now_s, 300,
                                    [&](const std::string&, std::string_view, std::string_view) {
                                      asked = true;
                                      return result<peer_identity>(peer);
                                    });
  require(bool(done) == asked, "a signer that believes all is asked last");
  require(!done || fields.content_hash == base64_of(bytes_of(sha256(body))), "what is believed is of this body");
  if (const auto date = parse_signature_date(fields.date))
    require(!done || (*date >= now_s - 300 && *date <= now_s + 300), "and of this time");
  for (const std::string& text : {fields.signature, fields.certificate})
    if (const auto bytes = parse_base64(text))
      require(base64_of(*bytes) == text, "a value has one text");
}

} // namespace

/// The first line is date, hash, signature and certificate with | between, the rest a body, which is also signed well.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body = fuzz::text_of(data, size);
  const std::string_view head = fuzz::take_until(body, '\n');
  check_fields(head, body);

  many_sided_gate gate;
  const message_channel channel(
    {&gate, [](const peer_identity&, mpan meter) { return meter.number % 3 != 0; },
     [](const std::string&, std::string_view, std::string_view) { return result<peer_identity>(peer); },
     [](const peer_identity&, channel_refusal, const std::string& why, std::uint64_t count) {
       require(!why.empty() && count > 0, "a refusal has a reason");
     }},
    {"https://node.example", environment_tag::development, 300});
  channel_request request;
  request.method = "POST";
  request.target = "/v1/if-021";
  request.signature = {base64_of("s"), "2026-06-16T02:15:00Z", base64_of(bytes_of(sha256(body))), base64_of("p")};
  request.body = body;
  request.peer = peer;
  const auto batch = channel.take(request, now_s);
  require(bool(batch), "a good signature is believed");
  while (!gate.waiting.empty()) {
    require(!(*batch)->answer(now_s), "nothing is answered while something waits");
    auto [then, answers] = std::move(gate.waiting.front());
    gate.waiting.pop_front();
    then(std::move(answers));
  }
  const auto answer = (*batch)->answer(now_s);
  require(answer.has_value(), "all is answered in the end");
  check_answer(*answer, body);
  return 0;
}
