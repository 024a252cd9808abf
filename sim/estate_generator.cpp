#include "sim/estate_generator.hpp"

#include "sim/random_streams.hpp"
#include "sim/text_format.hpp"
#include "twins/counter_random.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace gridtwin {

namespace {

/// A GSP group, the distributor whose prefix its MPANs have (MPAN core, first two digits), and about how many of a
/// hundred transformers are there.
struct gsp_region {
  char group;
  int distributor;
  std::uint32_t percent;
};
constexpr std::array<gsp_region, 14> regions{{{'A', 10, 13},
                                              {'B', 11, 9},
                                              {'C', 12, 8},
                                              {'D', 13, 5},
                                              {'E', 14, 9},
                                              {'F', 15, 5},
                                              {'G', 16, 8},
                                              {'P', 17, 3},
                                              {'N', 18, 7},
                                              {'J', 19, 8},
                                              {'H', 20, 10},
                                              {'K', 21, 4},
                                              {'L', 22, 5},
                                              {'M', 23, 6}}};

/// Invented market participants; twice for a larger share.
constexpr std::array<std::string_view, 10> suppliers{"AMBR", "AMBR", "AMBR", "BRCK", "BRCK",
                                                     "CLYD", "DALE", "ELMS", "FENN", "GLEN"};
constexpr std::array<std::uint32_t, 7> ratings_kva{50, 100, 200, 315, 500, 800, 1000};
constexpr std::array<std::string_view, 5> power_factors{"0.92", "0.93", "0.95", "0.97", "0.98"};
constexpr std::array<std::string_view, 12> streets{"Mill Lane",   "Station Road", "Church Street", "Park Avenue",
                                                   "High Street", "Orchard Way",  "Bridge End",    "Quarry Road",
                                                   "Elm Grove",   "Harbour View", "School Lane",   "Kiln Close"};

constexpr std::uint32_t half_digits = 100'000; // an identifier is two halves of five digits
constexpr std::uint64_t meters_between_progress = 1 << 16;

/// What is drawn of a transformer.
struct drawn_transformer {
  std::uint64_t number = 0; ///< from 0
  std::uint32_t meters = 0;
  std::uint32_t feeders = 0;
  const gsp_region* region = nullptr;
  std::uint64_t key = 0;
};

class estate_writer {
public:
  estate_writer(const estate_plan& plan, const estate_sinks& sinks)
    : plan_(plan), transformers_(sinks.transformers), feeders_(sinks.feeders), meters_(sinks.meters),
      sizes_(key_of(plan.seed, random_stream::transformer_size)),
      shapes_(key_of(plan.seed, random_stream::transformer_shape)),
      kinds_(key_of(plan.seed, random_stream::meter_kind)),
      first_region_(below(shapes_, static_cast<std::uint32_t>(regions.size()))) {}

  result<estate_counts> write(const progress_callback& progress);

private:
  std::uint32_t size_of(std::uint64_t transformer, std::uint64_t meters_left) const noexcept;
  drawn_transformer draw_transformer(std::uint64_t number, std::uint64_t meters_left) const noexcept;
  void write_header();
  void write_transformer(const drawn_transformer& t);
  void write_feeders(const drawn_transformer& t);
  void write_meter(const drawn_transformer& t, std::uint32_t place);
  result<void> flush();

  estate_plan plan_;
  row_buffer transformers_;
  row_buffer feeders_;
  row_buffer meters_;
  std::uint64_t sizes_;
  std::uint64_t shapes_;
  std::uint64_t kinds_;
  std::uint32_t first_region_;
  estate_counts counts_;
};

char* put_transformer_id(char* out, std::uint64_t number) noexcept {
  *out++ = 'T';
  return put_fixed(out, number + 1, 6);
}

std::uint32_t estate_writer::size_of(std::uint64_t transformer, std::uint64_t meters_left) const noexcept {
  if (meters_left <= most_meters_a_transformer)
    return static_cast<std::uint32_t>(meters_left);
  const std::uint32_t span = most_meters_a_transformer - fewest_meters_a_transformer + 1;
  const std::uint32_t size = fewest_meters_a_transformer + below(draw(sizes_, transformer), span);
  // What is left after it must be enough for one more.
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(size, meters_left - fewest_meters_a_transformer));
}

drawn_transformer estate_writer::draw_transformer(std::uint64_t number, std::uint64_t meters_left) const noexcept {
  drawn_transformer t;
  t.number = number;
  t.meters = size_of(number, meters_left);
  t.key = draw(shapes_, number);
  t.feeders = std::clamp(1 + t.meters / 85 + below(draw(t.key, 1), 3), 2U, 8U);
  if (number < regions.size()) { // so that fourteen transformers are enough for all groups
    t.region = &regions[(first_region_ + number) % regions.size()];
    return t;
  }
  std::uint32_t percent = below(draw(t.key, 2), 100);
  t.region = regions.data();
  while (percent >= t.region->percent) {
    percent -= t.region->percent;
    ++t.region;
  }
  return t;
}

void estate_writer::write_header() {
  transformers_.advance(put(transformers_.room(), "transformer_id,name,rating_kva,gsp_group,power_factor\n"));
  feeders_.advance(put(feeders_.room(), "transformer_id,feeder_id,name,rating_a\n"));
  meters_.advance(put(meters_.room(), "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,"
                                      "domestic,energisation,quantities\n"));
}

void estate_writer::write_transformer(const drawn_transformer& t) {
  // 1.0 to 2.0 kVA a meter after diversity: some run close to their rating, some have room.
  const std::uint64_t needed = std::uint64_t{t.meters} * (1000 + below(draw(t.key, 3), 1001)) / 1000;
  const auto fits = std::find_if(ratings_kva.begin(), ratings_kva.end(), [&](std::uint32_t r) { return r >= needed; });
  char* out = put_transformer_id(transformers_.room(), t.number);
  *out++ = ',';
  out = put(out, streets[below(draw(t.key, 4), static_cast<std::uint32_t>(streets.size()))]);
  *out++ = ' ';
  out = put_number(out, t.number + 1);
  *out++ = ',';
  out = put_number(out, fits == ratings_kva.end() ? ratings_kva.back() : *fits);
  out = put(out, ",_");
  *out++ = t.region->group;
  *out++ = ',';
  const std::uint64_t factor = draw(t.key, 5);
  if (below(factor, 100) < 60) // the others leave it to the default
    out = put(out, power_factors[below(mix64(factor), static_cast<std::uint32_t>(power_factors.size()))]);
  *out++ = '\n';
  transformers_.advance(out);
}

void estate_writer::write_feeders(const drawn_transformer& t) {
  for (std::uint32_t f = 0; f < t.feeders; ++f) {
    const std::uint64_t key = draw(t.key, 100 + f);
    char* out = put_transformer_id(feeders_.room(), t.number);
    *out++ = ',';
    out = put_fixed(out, f + 1, 2);
    *out++ = ',';
    out = put(out, streets[below(key, static_cast<std::uint32_t>(streets.size()))]);
    out = put(out, below(mix64(key), 2) == 0 ? ",315\n" : ",400\n");
    feeders_.advance(out);
  }
}

void estate_writer::write_meter(const drawn_transformer& t, std::uint32_t place) {
  const std::uint64_t key = draw(kinds_, counts_.meters);
  // 2 % advanced, most of them behind current transformers; 6 % small businesses; the rest households.
  const std::uint32_t kind = below(key, 1000);
  const bool advanced = kind < 20;
  const bool low_voltage = kind < 14;
  const bool domestic = kind >= 80;
  const bool exports = below(draw(key, 1), 1000) < 30;
  char* out = put_fixed(meters_.room(), simulated_mpan(plan_.seed, counts_.meters, t.region->distributor).number, 13);
  *out++ = ',';
  out = put_transformer_id(out, t.number);
  *out++ = ',';
  out = put_fixed(out, std::uint64_t{place} * t.feeders / t.meters + 1, 2);
  *out++ = ',';
  out = put(out, suppliers[below(draw(key, 2), static_cast<std::uint32_t>(suppliers.size()))]);
  out = put(out, advanced ? ",A," : ",S,");
  out = put(out, low_voltage ? "L," : "W,");
  out = put(out, domestic ? "T,E," : "F,E,");
  out = put(out, exports ? "AI|AE\n" : "AI\n");
  meters_.advance(out);
  ++counts_.meters;
  counts_.export_meters += exports ? 1 : 0;
}

result<void> estate_writer::flush() {
  for (row_buffer* table : {&transformers_, &feeders_, &meters_})
    if (auto done = table->flush(); !done)
      return done;
  return {};
}

result<estate_counts> estate_writer::write(const progress_callback& progress) {
  write_header();
  std::uint64_t next_progress = meters_between_progress;
  while (counts_.meters < plan_.meters) {
    const drawn_transformer t = draw_transformer(counts_.transformers, plan_.meters - counts_.meters);
    write_transformer(t);
    write_feeders(t);
    for (std::uint32_t place = 0; place < t.meters; ++place)
      write_meter(t, place);
    ++counts_.transformers;
    counts_.feeders += t.feeders;
    if (transformers_.failed() || feeders_.failed() || meters_.failed())
      break;
    if (progress && counts_.meters >= next_progress) {
      progress(counts_.meters, plan_.meters);
      next_progress += meters_between_progress;
    }
  }
  if (auto done = flush(); !done)
    return done.failure();
  return counts_;
}

} // namespace

mpan simulated_mpan(std::uint64_t seed, std::uint64_t ordinal, int distributor) noexcept {
  // A Feistel network on the two halves of the ten digits: each round is undone by subtracting, so it is a bijection.
  const std::uint64_t key = key_of(seed, random_stream::meter_number);
  std::uint32_t left = static_cast<std::uint32_t>(ordinal / half_digits % half_digits);
  std::uint32_t right = static_cast<std::uint32_t>(ordinal % half_digits);
  for (std::uint64_t round = 0; round < 4; ++round) {
    const std::uint32_t mixed = (left + below(draw(key + round, right), half_digits)) % half_digits;
    left = right;
    right = mixed;
  }
  const std::uint64_t twelve = (static_cast<std::uint64_t>(distributor) * half_digits + left) * half_digits + right;
  return {twelve * 10 + static_cast<std::uint64_t>(check_digit(twelve))};
}

result<estate_counts> generate_estate(const estate_plan& plan, const estate_sinks& sinks,
                                      const progress_callback& progress) {
  if (plan.meters < fewest_simulated_meters || plan.meters > most_simulated_meters)
    return error{errc::usage, "an estate of " + std::to_string(plan.meters) + " meters cannot be simulated; give "
                                + std::to_string(fewest_simulated_meters) + " to "
                                + std::to_string(most_simulated_meters)};
  return estate_writer(plan, sinks).write(progress);
}

} // namespace gridtwin
