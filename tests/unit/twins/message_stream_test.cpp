#include "tests/support/test_messages.hpp"
#include "twins/gaps.hpp"
#include "twins/lateness.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr int meter_count = 26;
constexpr int day_count = 40;
constexpr std::int64_t morning_s = 6 * 3600; // a day's message comes at 06:00 of the next

/// A day's message of one meter and quantity, and when it was known.
struct sent_message {
  consumption_message message;
  std::int64_t known_s = 0;
};

/// What is said of a meter and quantity.
struct findings {
  std::map<verdict, std::vector<period>> verdicts; ///< of entries that are not simply accepted, in order of their ends
  std::vector<gap> gaps;
  std::vector<period> late; ///< half hours of messages that came more than a day after them
  bool operator==(const findings&) const = default;
};
using series = std::pair<int, quantity>;

/// The stream of an estate: 26 meters, import and export, 40 days of 48 half hours: 99,840 events.
struct stream {
  stream() {
    for (int day = 0; day < day_count; ++day)
      for (int meter = 0; meter < meter_count; ++meter)
        for (const quantity q : {quantity::active_import, quantity::active_export}) {
          sent_message m;
          m.message.mpan = test_mpan(static_cast<std::uint64_t>(meter));
          m.message.quantity = q;
          m.message.connection_from_s = instant("2020-01-01");
          m.message.days = {message_scenario::day_of(format_day({first_day.number + day}))};
          m.known_s = m.message.days.front().day_s + 86'400 + morning_s;
          messages.push_back(std::move(m));
        }
  }

  std::size_t place(int meter, quantity q, int day) const {
    return static_cast<std::size_t>((day * meter_count + meter) * 2 + (q == quantity::active_import ? 0 : 1));
  }
  consumption_day& day_of(int meter, quantity q, int day) {
    return messages[place(meter, q, day)].message.days.front();
  }
  period half_hour(int day, int slot) const { return period_at({first_day.number + day}, slot); }

  std::size_t events() const {
    std::size_t sum = 0;
    for (const sent_message& m : messages)
      sum += m.message.days.front().entries.size();
    return sum;
  }

  /// As a receiver has it: each message is checked, what stands goes to its twin. Only what is worth a word comes back.
  std::map<series, findings> receive() const {
    std::map<series, findings> out;
    std::vector<meter_twin> twins(meter_count);
    for (const sent_message& m : messages)
      take(m, twins, out);
    for (int meter = 0; meter < meter_count; ++meter)
      for (const quantity q : {quantity::active_import, quantity::active_export}) {
        gap_finder finder;
        for (int day = 0; day < day_count; ++day)
          if (const meter_day* held = twins[static_cast<std::size_t>(meter)].find({first_day.number + day}, q))
            finder.add_day({first_day.number + day}, held->current_mask(), [&](const gap& g) {
              out[{meter, q}].gaps.push_back(g);
            });
      }
    return out;
  }

  const utc_day first_day{days_from_civil({2026, 3, 1})};
  std::vector<sent_message> messages;

private:
  void take(const sent_message& m, std::vector<meter_twin>& twins, std::map<series, findings>& out) const {
    std::uint64_t number = 0;
    while (test_mpan(number) != m.message.mpan)
      ++number;
    connection meter = test_connection(number);
    const series from{static_cast<int>(number), m.message.quantity};
    message_context context;
    context.rows = std::span(&meter, 1);
    const auto outcomes = check_message(m.message, context, {});
    const auto& entries = m.message.days.front().entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const period p{static_cast<std::int32_t>((entries[i].end_s + seconds_per_period - 1) / seconds_per_period)};
      verdict v = outcomes[i].verdict;
      if (v == verdict::accepted)
        v = twins[number].assess({m.message.quantity, p, 1, entries[i].content}, meter, {}).verdict;
      if (v != verdict::accepted)
        out[from].verdicts[v].push_back(p);
      if (v == verdict::accepted && lateness_s({m.known_s}, p) > 86'400 + morning_s)
        out[from].late.push_back(p);
    }
  }
};

} // namespace

TEST_CASE("message stream: TM-07 of a stream without fault nothing is reported") {
  stream s;
  CHECK(s.events() == 99'840);
  CHECK(s.receive().empty());
}

TEST_CASE(
  "message stream: TM-07 each fault, once in a hundred thousand events, is reported once, with its meter and time") {
  using enum quantity;
  stream s;
  std::map<series, findings> expected;

  auto& holed = s.day_of(3, active_import, 10).entries; // a gap over midnight
  holed.pop_back();
  s.day_of(3, active_import, 11).entries.erase(s.day_of(3, active_import, 11).entries.begin());
  expected[{3, active_import}].gaps = {{s.half_hour(10, 47), s.half_hour(11, 0)}};

  auto& repeated = s.day_of(5, active_export, 7).entries; // twice in one message
  repeated.push_back(repeated[12]);
  expected[{5, active_export}].verdicts[verdict::duplicate_in_message] = {s.half_hour(7, 12)};

  sent_message again = s.messages[s.place(8, active_import, 20)]; // the same half hour in another message
  again.message.days.front().entries = {again.message.days.front().entries[30]};
  expected[{8, active_import}].verdicts[verdict::duplicate] = {s.half_hour(20, 30)};

  // An entry across the last half hour of a meter and what is behind it; the last one is refused with it, which leaves
  // no gap for nothing is known behind it.
  auto& across = s.day_of(11, active_export, day_count - 1).entries;
  across.push_back({across.back().end_s - 900, actual_of(1)});
  across.erase(across.end() - 3); // the neighbour before it, that it would overlap, too
  expected[{11, active_export}].verdicts[verdict::off_grid] = {s.half_hour(day_count - 1, 47)};
  expected[{11, active_export}].verdicts[verdict::overlap] = {s.half_hour(day_count - 1, 47)};

  // A half hour that comes behind those of two days later: taken, and seen to be late.
  auto& delayed = s.day_of(17, active_import, 25).entries;
  sent_message behind = s.messages[s.place(17, active_import, 25)];
  behind.message.days.front().entries = {delayed[5]};
  behind.known_s += 2 * 86'400;
  delayed.erase(delayed.begin() + 5);
  expected[{17, active_import}].late = {s.half_hour(25, 5)};

  const auto later = static_cast<std::ptrdiff_t>(s.place(0, active_import, 28));
  s.messages.insert(s.messages.begin() + later, {again, behind});
  const auto found = s.receive();
  CHECK(found.size() == expected.size());
  for (const auto& [from, f] : expected) {
    CAPTURE(from.first);
    REQUIRE(found.contains(from));
    CHECK((found.at(from) == f));
  }

  // A gap is no gap where another quantity or meter has the half hour; and the order of messages reports nothing more.
  std::reverse(s.messages.begin(), s.messages.end());
  auto backwards = s.receive();
  for (auto& [from, f] : backwards)
    for (auto& [v, periods] : f.verdicts)
      std::sort(periods.begin(), periods.end());
  CHECK((backwards == found));
}
