#include "src/commands/load_report.hpp"

#include "src/commands/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

double answered_per_s(const load_report& r) {
  return static_cast<double>(r.readings - r.unanswered) * 1e6
         / static_cast<double>(std::max<std::int64_t>(r.last_answer_us, 1));
}

std::string json_of(const latency_histogram& h) {
  const auto ms = [&h](std::uint32_t thousandth) { return static_cast<double>(h.at_thousandth_us(thousandth)) / 1e3; };
  return fmt::format("{{\"count\":{},\"p50\":{:.3f},\"p90\":{:.3f},\"p99\":{:.3f},\"p999\":{:.3f},\"max\":{:.3f}}}",
                     h.count(), ms(500), ms(900), ms(990), ms(999), static_cast<double>(h.most_us()) / 1e3);
}

std::string text_of(std::string_view what, const latency_histogram& h) {
  if (h.count() == 0)
    return {};
  const auto ms = [&h](std::uint32_t thousandth) { return static_cast<double>(h.at_thousandth_us(thousandth)) / 1e3; };
  return fmt::format("{}, ms: p50 {:.1f}, p90 {:.1f}, p99 {:.1f}, p99.9 {:.1f}, at most {:.1f}\n", what, ms(500),
                     ms(900), ms(990), ms(999), static_cast<double>(h.most_us()) / 1e3);
}

} // namespace

std::string load_json(const load_report& r) {
  std::string out = fmt::format(
    "{{\"readings\":{},\"sent\":{},\"accepted\":{},\"duplicates\":{},\"conflicts\":{},\"quarantined\":{},\"rejected\":{"
    "},"
    "\"busy\":{},\"unanswered\":{},\"began_us\":{},\"elapsed_s\":{},\"answered_per_s\":{:.0f},\"answer_ms\":{}",
    r.readings, r.sent, r.of(wire_outcome::accepted), r.of(wire_outcome::duplicate), r.of(wire_outcome::conflict),
    r.of(wire_outcome::quarantined), r.of(wire_outcome::rejected), r.of(wire_outcome::busy), r.unanswered, r.began_us,
    format_seconds(r.last_answer_us / 1000), answered_per_s(r), json_of(r.answer));
  if (r.reader.count() > 0)
    out += fmt::format(",\"reader_ms\":{}", json_of(r.reader));
  if (r.store)
    out += fmt::format(",\"store\":{{\"found\":{},\"missing\":{},\"twice\":{},\"misplaced\":{},"
                       "\"different\":{},\"unasked\":{}}}",
                       r.store->found, r.store->missing, r.store->twice, r.store->misplaced, r.store->different,
                       r.store->unasked);
  return out + "}\n";
}

std::string load_text(const load_report& r) {
  std::string out;
  const auto line = [&out](std::string_view what, std::uint64_t count) {
    out += fmt::format("{:<42}{:>14}\n", what, with_thousands(count));
  };
  line("readings", r.readings);
  static constexpr std::array<std::pair<std::string_view, wire_outcome>, 5> final_outcomes{
    {{"accepted", wire_outcome::accepted},
     {"duplicates", wire_outcome::duplicate},
     {"conflicts", wire_outcome::conflict},
     {"quarantined", wire_outcome::quarantined},
     {"rejected", wire_outcome::rejected}}};
  for (const auto& [name, outcome] : final_outcomes)
    line(name, r.of(outcome));
  line("busy, sent again", r.of(wire_outcome::busy));
  line("without an answer", r.unanswered);
  out += fmt::format("{} answered a second, in {} s\n", with_thousands(static_cast<std::uint64_t>(answered_per_s(r))),
                     format_seconds(r.last_answer_us / 1000));
  out += text_of("from due to answered", r.answer);
  out += text_of("from due to read from the log", r.reader);
  if (!r.store)
    return out + "answers were not held against the store: it was not named (--store)\n";
  const load_findings& f = *r.store;
  if (f.holds())
    return out
           + fmt::format("the store has all {} that were accepted, once, where the answers say\n",
                         with_thousands(f.accepted));
  return out
         + fmt::format("THE STORE DIFFERS: {} missing, {} twice, {} misplaced, {} different, {} that were refused\n",
                       f.missing, f.twice, f.misplaced, f.different, f.unasked);
}

} // namespace gridtwin
