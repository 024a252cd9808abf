#include "src/bench/bench_estate.hpp"

#include <string>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::uint64_t first_core = 120'000'000'000; // of the MPANs, without their check digit

/// A number with leading zeros, for ids that sort as bytes.
std::string padded(std::uint32_t number) {
  constexpr std::size_t digits = 8;
  const std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

/// A store that holds nothing and is never asked for anything else.
class no_days final : public day_source {
public:
  result<std::size_t> load(transformer_number, utc_day, const take&) override { return std::size_t{0}; }
  result<std::string> loads(transformer_number, utc_day) override { return std::string(); }
  result<std::string> masks(transformer_number, utc_day) override { return std::string(); }
};

} // namespace

std::shared_ptr<const estate> make_bench_estate(const bench_estate_plan& plan) {
  auto out = std::make_shared<estate>();
  const std::uint32_t feeders = (plan.meters + plan.meters_a_feeder - 1) / plan.meters_a_feeder;
  const std::uint32_t feeders_a_transformer = plan.meters_a_transformer / plan.meters_a_feeder;
  out->transformers.reserve(feeders / feeders_a_transformer + 1);
  out->feeders.reserve(feeders);
  out->connections.reserve(plan.meters);
  for (std::uint32_t f = 0; f < feeders; ++f) {
    if (f % feeders_a_transformer == 0) {
      transformer_info t;
      t.id = "T" + padded(f / feeders_a_transformer);
      t.rating_va = 500'000;
      out->transformers.push_back(std::move(t));
    }
    out->feeders.push_back({{static_cast<std::uint32_t>(out->transformers.size() - 1)}, "F" + padded(f), {}});
  }
  for (std::uint32_t m = 0; m < plan.meters; ++m) {
    connection c;
    const std::uint64_t core = first_core + m;
    c.mpan = {core * 10 + static_cast<std::uint64_t>(check_digit(core))};
    c.feeder = {m / plan.meters_a_feeder};
    if (plan.exports)
      c.quantities |= mask_of(quantity::active_export);
    out->connections.push_back(c);
  }
  return out;
}

std::shared_ptr<run_context> make_bench_run(std::shared_ptr<const estate> of) {
  static no_days nothing;
  auto names = std::make_shared<topology>();
  names->slot_of.reserve(of->connections.size());
  for (std::uint32_t t = 0; t < of->transformers.size(); ++t) {
    const std::uint32_t count = connections_of(*of, {t}).count;
    names->number_of.push_back({t});
    names->slots_in.push_back(count);
    for (std::uint32_t place = 0; place < count; ++place)
      names->slot_of.push_back({place});
  }
  auto run = std::make_shared<run_context>();
  run->estate = std::move(of);
  run->topology = std::move(names);
  run->days = &nothing;
  run->stores = false;
  return run;
}

} // namespace gridtwin
