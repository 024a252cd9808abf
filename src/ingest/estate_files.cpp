#include "src/ingest/estate_files.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/estate_meters.hpp"
#include "src/ingest/estate_tables.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <system_error>
#include <tuple>
#include <unordered_map>

namespace gridtwin {

namespace {

constexpr std::int64_t whole_power_factor = 1'000'000;
constexpr std::uint32_t no_transformer = 0xFFFF'FFFF;

bool good_id(estate_table& table, std::string_view what, std::string_view id) {
  if (!id.empty() && id.size() <= id_bytes_limit)
    return true;
  table.fault(std::string(what) + (id.empty() ? " is empty" : " is longer than 100 bytes"));
  return false;
}

/// Positions in the order of what they name.
template <class Less>
std::vector<std::uint32_t> sorted_places(std::size_t count, Less less) {
  std::vector<std::uint32_t> places(count);
  std::iota(places.begin(), places.end(), 0U);
  std::sort(places.begin(), places.end(), less);
  return places;
}

/// Builds transformers and feeders, and then lets the meters be read.
class estate_builder {
public:
  result<estate> build(const estate_texts& texts, std::string_view folder_name) {
    read_transformers(texts.transformers);
    read_feeders(texts.feeders);
    meter_rows(estate_, feeder_names_, faults_).read(texts.meters);
    if (faults_.count() == 0)
      return std::move(estate_);
    return faults_.refusal(folder_name);
  }

private:
  void read_transformers(std::string_view text);
  void read_rating(estate_table& table, transformer_info& t);
  void read_feeders(std::string_view text);

  estate estate_;
  estate_faults faults_;
  std::unordered_map<std::string_view, std::uint32_t> transformer_places_; ///< views of the estate's ids
  std::vector<std::string> feeder_transformers_; ///< transformer ids of the feeders, for messages of broken ones too
  feeder_names feeder_names_;
};

void estate_builder::read_rating(estate_table& table, transformer_info& t) {
  enum : std::size_t { rating = 1, gsp = 2, name = 3, factor = 4 };
  const auto rating_va = parse_fixed(table.field(rating), 3);
  if (rating_va && *rating_va > 0)
    t.rating_va = *rating_va;
  else
    table.fault("rating_kva " + in_quotes(table.field(rating)) + " is not a decimal above 0 with at most 3 places");
  if (const auto group = table.gsp_group_in(gsp))
    t.gsp_group = *group;
  t.name = table.field(name);
  if (table.field(factor).empty())
    return;
  const auto ppm = parse_fixed(table.field(factor), 6);
  if (ppm && *ppm > 0 && *ppm <= whole_power_factor)
    t.power_factor_ppm = *ppm;
  else
    table.fault("power_factor " + in_quotes(table.field(factor)) + " is not above 0 and at most 1");
}

void estate_builder::read_transformers(std::string_view text) {
  estate_table table("transformers.csv", text, {"transformer_id", "rating_kva", "gsp_group", "name", "power_factor"}, 3,
                     faults_);
  std::unordered_map<std::string, std::uint32_t> line_of;
  while (table.next()) {
    transformer_info t;
    t.id = table.field(0);
    const bool named = good_id(table, "transformer_id", t.id);
    read_rating(table, t);
    if (!named)
      continue;
    const auto [first, is_new] = line_of.emplace(t.id, table.line());
    if (is_new)
      estate_.transformers.push_back(std::move(t));
    else
      table.fault("transformer_id " + in_quotes(t.id) + " is already in line " + std::to_string(first->second));
  }
  auto& all = estate_.transformers;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  transformer_places_.reserve(all.size());
  for (std::uint32_t i = 0; i < all.size(); ++i)
    transformer_places_.emplace(all[i].id, i);
}

void estate_builder::read_feeders(std::string_view text) {
  estate_table table("feeders.csv", text, {"transformer_id", "feeder_id", "name", "rating_a"}, 2, faults_);
  std::vector<std::uint32_t> lines;
  while (table.next()) {
    feeder_info f;
    f.id = table.field(1);
    f.name = table.field(2);
    const std::string_view transformer = table.field(0);
    const auto at = transformer_places_.find(transformer);
    if (at == transformer_places_.end())
      table.fault("no transformer " + in_quotes(transformer) + " in transformers.csv");
    f.transformer.value = at == transformer_places_.end() ? no_transformer : at->second;
    const std::string_view rating = table.field(3);
    const auto rating_ma = rating.empty() ? std::optional<std::int64_t>(0) : parse_fixed(rating, 3);
    f.rating_ma = rating_ma.value_or(0);
    if (!rating_ma)
      table.fault("rating_a " + in_quotes(rating) + " is not a decimal with at most 3 places");
    if (!good_id(table, "feeder_id", f.id))
      continue;
    estate_.feeders.push_back(std::move(f));
    feeder_transformers_.emplace_back(transformer);
    lines.push_back(table.line());
  }
  // A feeder that is itself broken stays known, so that its meters do not all look wrong as well.
  const auto& all = estate_.feeders;
  const auto order = sorted_places(all.size(), [this, &all](std::uint32_t a, std::uint32_t b) {
    return std::tie(all[a].transformer, feeder_transformers_[a], all[a].id, a)
           < std::tie(all[b].transformer, feeder_transformers_[b], all[b].id, b);
  });
  std::vector<feeder_info> sorted;
  std::vector<std::string> transformers;
  std::uint32_t last = 0;
  sorted.reserve(order.size());
  transformers.reserve(order.size());
  for (const std::uint32_t i : order) {
    if (!sorted.empty() && sorted.back().id == all[i].id && transformers.back() == feeder_transformers_[i]) {
      faults_.add("feeders.csv", lines[i],
                  "feeder_id " + in_quotes(all[i].id) + " is already in line " + std::to_string(lines[last])
                    + " for the same transformer");
      continue;
    }
    last = i;
    transformers.push_back(std::move(feeder_transformers_[i]));
    sorted.push_back(std::move(estate_.feeders[i]));
  }
  estate_.feeders = std::move(sorted);
  feeder_transformers_ = std::move(transformers);
  feeder_names_.reserve(all.size());
  for (std::uint32_t i = 0; i < all.size(); ++i)
    feeder_names_.add(feeder_transformers_[i], all[i].id, {i});
}

} // namespace

result<std::string> read_estate_file(const std::filesystem::path& path) {
  const auto refuse = [&path](std::string_view what) {
    return error{errc::bad_estate, in_quotes(path.string(), 300) + " " + std::string(what)};
  };
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return refuse("is missing; an estate is a folder with transformers.csv, feeders.csv and meters.csv");
  if (!std::filesystem::is_regular_file(path, code))
    return refuse("is not a file; put a CSV file there");
  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, closer> in(std::fopen(path.c_str(), "rb"));
  if (!in)
    return refuse("cannot be opened (" + std::system_category().message(errno) + "); check its permissions");
  std::string text;
  text.resize(static_cast<std::size_t>(std::filesystem::file_size(path, code)));
  if (code)
    return refuse("cannot be read (" + code.message() + "); check its permissions");
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get()) != 0)
    return refuse("cannot be read; check its permissions and the disk");
  if (text.empty())
    return refuse("is empty; it needs at least its header line");
  return text;
}

result<estate_texts> read_estate_texts(const std::filesystem::path& folder) {
  std::error_code code;
  if (!std::filesystem::is_directory(folder, code))
    return error{errc::bad_estate, in_quotes(folder.string(), 300)
                                     + " is not a folder; an estate is a folder with transformers.csv, feeders.csv and "
                                       "meters.csv"};
  estate_texts texts;
  const std::pair<const char*, std::string*> files[] = {
    {"transformers.csv", &texts.transformers}, {"feeders.csv", &texts.feeders}, {"meters.csv", &texts.meters}};
  for (const auto& [name, text] : files) {
    auto read = read_estate_file(folder / name);
    if (!read)
      return read.failure();
    *text = std::move(*read);
  }
  return texts;
}

result<estate> parse_estate(const estate_texts& texts, std::string_view folder_name) {
  return estate_builder().build(texts, folder_name);
}

} // namespace gridtwin
