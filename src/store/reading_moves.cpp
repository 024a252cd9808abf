#include "src/store/reading_moves.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::uint8_t moves_format = 1;

std::string head_of(std::int64_t change, std::uint32_t before_run) {
  std::string out;
  byte_writer w(out);
  w.byte(moves_format);
  w.number(static_cast<std::uint64_t>(change));
  w.number(before_run);
  return out;
}

void put_place(byte_writer& w, const stored_place& p) {
  w.number(p.transformer.value);
  w.number(p.slot.value);
}

stored_place get_place(byte_reader& in) noexcept {
  stored_place out;
  out.transformer.value = in.number32();
  out.slot.value = in.number32();
  return out;
}

std::int32_t get_period(byte_reader& in) noexcept {
  const std::int64_t value = in.signed_number();
  if (value != static_cast<std::int32_t>(value))
    in.fail();
  return static_cast<std::int32_t>(value);
}

} // namespace

std::vector<std::string> encode_moves(std::int64_t change, std::uint32_t before_run,
                                      std::span<const moved_range> moves) {
  std::vector<std::string> out;
  std::string body;
  std::string one;
  for (const moved_range& m : moves) {
    one.clear();
    byte_writer w(one);
    put_place(w, m.from);
    w.signed_number(m.periods.first);
    w.signed_number(m.periods.end);
    put_place(w, m.to);
    if (!body.empty() && body.size() + one.size() > largest_record)
      out.push_back(std::exchange(body, {}));
    if (body.empty())
      body = head_of(change, before_run);
    body += one;
  }
  if (!body.empty())
    out.push_back(std::move(body));
  return out;
}

bool decode_moves(std::string_view bytes, moves_record& out) {
  byte_reader in(bytes);
  const std::uint8_t version = in.byte();
  out.change = static_cast<std::int64_t>(in.number());
  out.before_run = in.number32();
  if (!in.ok() || version != moves_format)
    return false;
  while (!in.at_end()) {
    moved_range m;
    m.from = get_place(in);
    m.periods.first = get_period(in);
    m.periods.end = get_period(in);
    m.to = get_place(in);
    if (in.ok())
      out.moves.push_back(m);
  }
  return in.ok();
}

void reading_moves::add(const moves_record& record) {
  if (changes_.empty() || changes_.back().number != record.change)
    changes_.push_back({record.change, record.before_run, {}});
  for (const moved_range& m : record.moves) {
    changes_.back().by_place[key_of(m.from)].push_back(m);
    const std::uint32_t from = m.from.transformer.value;
    std::uint32_t& last = left_before_[from];
    last = std::max(last, record.before_run);
    std::set<std::uint32_t>& givers = givers_[m.to.transformer.value];
    givers.insert(from);
    if (const auto before = givers_.find(from); before != givers_.end() && &before->second != &givers)
      givers.insert(before->second.begin(), before->second.end());
  }
}

bool reading_moves::any_from(transformer_number t, std::uint32_t run) const {
  const auto at = left_before_.find(t.value);
  return at != left_before_.end() && run < at->second;
}

bool reading_moves::any_between(transformer_number from, transformer_number to) const {
  const auto at = givers_.find(to.value);
  return at != givers_.end() && at->second.contains(from.value);
}

std::vector<transformer_number> reading_moves::takers_of(transformer_number t) const {
  std::vector<transformer_number> out;
  for (const auto& [taker, givers] : givers_)
    if (taker != t.value && givers.contains(t.value))
      out.push_back({taker});
  std::sort(out.begin(), out.end());
  return out;
}

stored_place reading_moves::place_of(stored_place added, period p, std::uint32_t run, std::uint32_t by_run) const {
  stored_place now = added;
  for (const change& c : changes_) {
    if (run >= c.before_run || c.before_run > by_run)
      continue;
    const auto moves = c.by_place.find(key_of(now));
    if (moves == c.by_place.end())
      continue;
    const auto move = std::find_if(moves->second.begin(), moves->second.end(),
                                   [p](const moved_range& m) { return m.periods.contains(p); });
    if (move != moves->second.end())
      now = move->to;
  }
  return now;
}

void reading_moves::keep(std::vector<stored_reading>& readings, std::size_t first, transformer_number from,
                         transformer_number to, std::uint32_t run) const {
  const auto begin = readings.begin() + static_cast<std::ptrdiff_t>(first);
  const auto gone = std::remove_if(begin, readings.end(), [&](stored_reading& r) {
    const stored_place now = place_of({from, r.twin}, period_at(r.day, r.slot), run);
    r.twin = now.slot;
    return now.transformer != to;
  });
  readings.erase(gone, readings.end());
}

} // namespace gridtwin
