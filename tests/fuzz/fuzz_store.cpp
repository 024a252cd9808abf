// Bytes of a store, whole or damaged, are refused or decode to what is in range, and fill no more memory than they can
// hold; what decodes comes back from its own encoding.

#include "src/store/audit.hpp"
#include "src/store/bytes.hpp"
#include "src/store/day_codec.hpp"
#include "src/store/day_summary.hpp"
#include "src/store/journal_section.hpp"
#include "src/store/letter_record.hpp"
#include "src/store/reading_moves.hpp"
#include "src/store/settlement_record.hpp"
#include "src/store/shape_parts.hpp"
#include "src/store/shape_record.hpp"
#include "tests/fuzz/fuzz_support.hpp"
#include "twins/meter_day.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace gridtwin;
using fuzz::require;

constexpr utc_day some_day{20'000};

bool in_range(const stored_reading& r) {
  return r.slot < periods_per_day && index_of(r.quantity) < quantity_count && r.version >= 1
         && r.content.quality.code < quality_count;
}

bool same(const stored_reading& a, const stored_reading& b) {
  return std::tie(a.twin, a.day, a.slot, a.quantity, a.version, a.content, a.source, a.line)
         == std::tie(b.twin, b.day, b.slot, b.quantity, b.version, b.content, b.source, b.line);
}

bool same(const std::vector<stored_reading>& a, const std::vector<stored_reading>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const stored_reading& x, const stored_reading& y) { return same(x, y); });
}

/// Readings of one day as a fragment. Of those that share a half hour, the first has the compact place.
std::string fragment_of(const std::vector<stored_reading>& readings) {
  struct values {
    std::uint64_t mask = 0;
    std::array<std::uint16_t, periods_per_day> wh{};
  };
  std::map<std::uint64_t, values> by_row;
  std::vector<stored_reading> exceptions;
  for (const stored_reading& r : readings) {
    const std::uint64_t here = std::uint64_t{1} << r.slot;
    const std::uint64_t row = row_number(r.twin, r.quantity);
    if (!meter_day::is_plain(r.version, r.content) || (by_row[row].mask & here) != 0) {
      exceptions.push_back(r);
      continue;
    }
    by_row[row].mask |= here;
    by_row[row].wh[r.slot] = static_cast<std::uint16_t>(r.content.wh);
  }
  std::vector<compact_row> rows;
  for (const auto& [number, found] : by_row) {
    stored_reading r;
    require(set_row(number, r), "a row has a number");
    rows.push_back({r.twin, r.quantity, found.mask, found.wh.data()});
  }
  sort_exceptions(exceptions);
  return encode_fragment(rows, exceptions);
}

void check_fragment(std::string_view bytes) {
  const auto decode = [](std::string_view from, std::vector<stored_reading>& to) {
    return decode_fragment(from, some_day, [&](const stored_reading& r) { to.push_back(r); });
  };
  std::vector<stored_reading> readings;
  const bool good = decode(bytes, readings);
  require(readings.size() <= bytes.size() / 2, "a reading takes two bytes or more");
  require(std::all_of(readings.begin(), readings.end(), in_range), "a fragment's readings are in range");
  if (!good)
    return;
  const std::string again = fragment_of(readings);
  std::vector<stored_reading> back;
  require(decode(again, back), "a fragment decodes");
  require(fragment_of(back) == again, "a set has one fragment");
  sort_exceptions(readings);
  sort_exceptions(back);
  require(same(readings, back), "a fragment's readings come back");
}

/// Readings as if each had come in a batch of its own: so lines may lie at any distance.
std::string section_of(const std::vector<stored_reading>& readings) {
  std::vector<reading_batch> batches(readings.size());
  std::vector<batch_range> added;
  std::vector<twin_slot> slots;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const stored_reading& r = readings[i];
    sourced_reading s;
    s.wh = r.content.wh;
    s.connection = {static_cast<std::uint32_t>(i)};
    s.period = period_at(r.day, r.slot);
    s.version = r.version;
    s.quantity = r.quantity;
    s.quality = r.content.quality;
    s.reasons = r.content.reasons;
    batches[i].source = r.source;
    batches[i].first_line = r.line;
    batches[i].readings.push_back(s);
    added.push_back({&batches[i], 0, 1});
    slots.push_back(r.twin);
  }
  return encode_section(added, slots);
}

void check_section(std::string_view bytes) {
  std::vector<stored_reading> readings;
  const bool good = decode_section(bytes, readings);
  require(readings.capacity() <= bytes.size(), "room is made for what the bytes can hold");
  if (!good)
    return;
  require(std::all_of(readings.begin(), readings.end(), in_range), "a section's readings are in range");
  const std::string again = section_of(readings);
  std::vector<stored_reading> back;
  require(decode_section(again, back), "a section decodes");
  require(same(readings, back), "a section's readings come back in their order");
  require(section_of(back) == again, "and have one section");
}

void check_loads(std::string_view bytes) {
  std::vector<feeder_day_load> loads;
  const bool good = decode_loads(bytes, loads);
  require(loads.capacity() <= bytes.size(), "room is made for what the bytes can hold");
  if (!good)
    return;
  std::vector<feeder_day_load> back;
  require(decode_loads(encode_loads(loads), back), "loads decode");
  require(std::equal(loads.begin(), loads.end(), back.begin(), back.end(),
                     [](const feeder_day_load& a, const feeder_day_load& b) {
                       return a.feeder == b.feeder && a.load == b.load;
                     }),
          "loads come back");
}

void check_nodes(std::string_view bytes) {
  transformer_nodes nodes;
  if (!decode_nodes(bytes, nodes))
    return;
  transformer_nodes back;
  require(decode_nodes(encode_nodes(nodes), back), "nodes decode");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    require(nodes[i].has_value() == back[i].has_value(), "the same quantities have a node");
    require(!nodes[i]
              || std::tie(nodes[i]->hash, nodes[i]->wh, nodes[i]->meters, nodes[i]->periods)
                   == std::tie(back[i]->hash, back[i]->wh, back[i]->meters, back[i]->periods),
            "nodes come back");
  }
}

void check_masks(std::string_view bytes) {
  std::size_t rows = 0;
  (void)decode_masks(bytes, [&](twin_slot, quantity q, std::uint64_t mask) {
    ++rows;
    require(index_of(q) < quantity_count && mask >> periods_per_day == 0, "masks are in range");
  });
  require(rows <= bytes.size() / 7, "a mask takes seven bytes or more");
}

void check_shapes(std::string_view bytes) {
  kept_shapes shapes;
  const bool good = decode_shapes(bytes, some_day, shapes);
  require(shapes.parts.capacity() <= 256, "there are no more parts than categories");
  if (!good)
    return;
  for (const auto& [category, day] : shapes.parts) {
    require(category_of(category.gsp_group, kind_of(category)) == category, "a part's category is one");
    require(day != shape_day{}, "a part has an actual");
    for (const shape_half_hour& half_hour : day.half_hours)
      require(half_hour.sum_wh >= 0 && (half_hour.actuals != 0 || half_hour.sum_wh == 0), "sums are of readings");
    for (const shape_value& value : publish(day))
      require(value.wh <= largest_shape_wh, "and give a shape that can be published");
  }
  kept_shapes back;
  require(decode_shapes(encode_shapes(shapes, some_day), some_day, back), "parts decode");
  require(std::tie(shapes.basis, shapes.known_by_s, shapes.parts) == std::tie(back.basis, back.known_by_s, back.parts),
          "parts come back");
}

void check_published(std::string_view bytes) {
  published_shapes shapes;
  if (!decode_published(bytes, shapes))
    return;
  for (const auto& [category, days] : shapes) {
    require(days.size() <= bytes.size() / 3, "a day takes three bytes or more");
    for (const auto& [day, shape] : days)
      for (const shape_value& value : shape)
        require(value.wh >= 0 && value.wh <= largest_shape_wh && (value.flag != shape_flag::no_data || value.wh == 0),
                "a value is one that can be published");
  }
  published_shapes back;
  require(decode_published(encode_published(shapes), back) && back == shapes, "shapes come back");
}

void check_unpack(std::string_view bytes) {
  if (const auto raw = unpack(bytes))
    require(unpack(pack(*raw)) == raw, "what was packed comes back");
}

void check_moves(std::string_view bytes) {
  moves_record record;
  const bool good = decode_moves(bytes, record);
  require(record.moves.size() <= bytes.size() / 6, "a move takes six bytes or more");
  if (!good || record.moves.empty())
    return;
  moves_record back;
  for (const std::string& body : encode_moves(record.change, record.before_run, record.moves))
    require(decode_moves(body, back), "moves decode");
  require(back.change == record.change && back.before_run == record.before_run && back.moves == record.moves,
          "moves come back");
}

void check_estimates(std::string_view bytes) {
  std::vector<recorded_estimate> estimates;
  const bool good = decode_estimates(bytes, estimates);
  require(estimates.size() <= bytes.size() / 8, "an estimate takes eight bytes or more");
  if (!good)
    return;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    const recorded_estimate& e = estimates[i];
    require(index_of(e.quantity) < quantity_count && index_of(e.method) < estimation_method_count
              && e.content.quality.code < quality_count && e.period >= first_storable_period
              && e.period <= last_storable_period,
            "an estimate is in range");
    require(i == 0 || estimates[i - 1].key() < e.key(), "estimates ascend");
  }
  std::vector<recorded_estimate> back;
  require(decode_estimates(encode_estimates(estimates), back) && back == estimates, "estimates come back");
}

/// The one encoding of a record's entries, by their kind.
std::vector<std::string> bodies_of(const letters_record& record) {
  letters_encoder encoder(record.run, record.known);
  for (const std::int64_t id : record.settled)
    encoder.settled(id);
  for (const letters_record::letter& letter : record.letters)
    encoder.letter(letter.id, letter.transformer, letter.content);
  for (const letters_record::parking& p : record.parked)
    encoder.parked(p.transformer, {p.twin, p.meter, 0, true, p.reason});
  return encoder.bodies();
}

void check_letters(std::string_view bytes) {
  letters_record record;
  const bool good = decode_letters(bytes, record);
  require(record.settled.size() <= bytes.size() / 2 && record.parked.size() <= bytes.size() / 5 + 1
            && record.letters.size() <= bytes.size() / 21 + 1,
          "an entry takes two bytes or more, a parking five, a letter 21; the last may be cut");
  if (!good)
    return;
  for (const letters_record::letter& letter : record.letters) {
    const reading& r = letter.content.reading;
    require(index_of(r.quantity) < quantity_count && r.period >= first_storable_period
              && r.period <= last_storable_period && r.version >= 1 && r.version <= version_limit
              && r.content.quality.code < quality_count,
            "a letter's reading is in range");
    require(parse_letter_cause(name_of(letter.content.cause)) == letter.content.cause, "its cause is one");
    require(letter.content.input.verdict == verdict::twin_failed, "it was not judged");
  }
  const std::vector<std::string> bodies = bodies_of(record);
  letters_record back;
  for (const std::string& body : bodies)
    require(decode_letters(body, back), "letters decode");
  require(back.settled == record.settled && back.letters.size() == record.letters.size()
            && back.parked.size() == record.parked.size() && bodies_of(back) == bodies,
          "letters come back");
}

void check_audit(std::string_view bytes) {
  audit_event event;
  if (!decode_audit(bytes, event))
    return;
  audit_event back;
  require(decode_audit(encode_audit(event), back) && back == event, "an event comes back");
}

constexpr void (*checks[])(std::string_view) = {check_fragment, check_section,   check_loads,   check_nodes,
                                                check_masks,    check_unpack,    check_shapes,  check_published,
                                                check_moves,    check_estimates, check_letters, check_audit};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0)
    checks[static_cast<std::uint8_t>(data[0] - '0') % std::size(checks)](
      fuzz::text_of(data + 1, size - 1)); // '0' is the first
  return 0;
}
