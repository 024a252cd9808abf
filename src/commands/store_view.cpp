#include "src/commands/store_view.hpp"

#include "src/ingest/estate_files.hpp"
#include "src/ingest/estate_settlement.hpp"
#include "src/store/gap_scan.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace gridtwin {

result<store_view> store_view::open(const std::filesystem::path& folder, const known_estate& known) {
  auto opened = store_folder::for_reading(folder);
  if (!opened)
    return opened.failure();
  store_view out(std::move(*opened));
  auto reader = store_reader::open(*out.folder_);
  if (!reader)
    return reader.failure();
  out.reader_ = std::make_unique<store_reader>(std::move(*reader));
  if (auto held = out.reader_->hold_snapshot(); !held)
    return held.failure();
  if (auto taken = out.take_estate(known); !taken)
    return taken.failure();
  if (auto listed = out.list_days(); !listed)
    return listed.failure();
  return out;
}

result<void> store_view::take_estate(const known_estate& known) {
  const auto bound = bound_estate_hash(reader_->database());
  if (!bound)
    return bound.failure();
  if (known.estate && known.hash == *bound) {
    estate_ = known.estate;
    topology_ = known.topology;
    meters_across_ = known.meters_across;
    return {};
  }
  const auto bytes = read_bound_estate(reader_->database(), bound_files::required);
  if (!bytes)
    return bytes.failure();
  auto parsed = parse_estate({bytes->transformers, bytes->feeders, bytes->meters}, "the store's estate");
  if (!parsed)
    return parsed.failure();
  auto binding = bind_topology(reader_->database(), *parsed, *bytes);
  if (!binding)
    return binding.failure();
  meters_across_ = meters_across_transformers(*parsed);
  estate_ = std::make_shared<const gridtwin::estate>(std::move(*parsed));
  topology_ = std::make_shared<const gridtwin::topology>(std::move(binding->topology));
  return {};
}

result<std::shared_ptr<const settlement_inputs>> store_view::settlement() {
  if (settlement_)
    return settlement_;
  const auto bytes = read_bound_estate(reader_->database(), bound_files::optional);
  if (!bytes)
    return bytes.failure();
  auto parsed = parse_settlement_files(bytes->optional, meter_index(estate_), "the store's estate");
  if (!parsed)
    return parsed.failure();
  settlement_ = std::make_shared<const settlement_inputs>(std::move(*parsed));
  return settlement_;
}

result<void> store_view::list_days() {
  std::unordered_map<std::uint32_t, std::uint32_t> index_of;
  for (std::uint32_t i = 0; i < topology_->number_of.size(); ++i)
    index_of.emplace(topology_->number_of[i].value, i);
  days_.resize(estate_->transformers.size());
  unsummarised_.resize(estate_->transformers.size());
  return reader_->for_each_day([&](transformer_number t, utc_day day, bool summarised) {
    if (all_days_.empty() || all_days_.back() != day)
      all_days_.push_back(day);
    const auto at = index_of.find(t.value);
    if (at == index_of.end())
      return; // a transformer that the estate no longer has, which holds no readings
    days_[at->second].push_back(day);
    if (!summarised)
      unsummarised_[at->second].push_back(day);
  });
}

bool store_view::unsummarised(transformer_index t, utc_day day) const {
  return as_known_at_ || std::binary_search(unsummarised_[t.value].begin(), unsummarised_[t.value].end(), day);
}

namespace {

result<transformer_nodes> nodes_of(store_view& view, transformer_index t, utc_day day, const estate_key& key) {
  if (view.unsummarised(t, day)) {
    transformer_day_reader reader(view.cut(), t);
    if (auto loaded = reader.load(day); !loaded)
      return loaded.failure();
    return hash_day(view.estate(), reader.twins(), day, key);
  }
  auto summary = view.reader().day_summary(view.topology().number_of[t.value], day);
  if (!summary)
    return summary.failure();
  transformer_nodes nodes;
  if (*summary && !decode_nodes((*summary)->nodes, nodes))
    return error{errc::store_failed, "the store's summary of " + format_day(day) + " is damaged"};
  return nodes;
}

} // namespace

result<estate_nodes> hash_estate_day(store_view& view, utc_day day, const estate_key& key) {
  const estate& e = view.estate();
  // By GSP group, whose children come in the order of the transformers' ids: that of the estate.
  std::map<char, std::array<day_node_builder, quantity_count>> groups;
  for (std::uint32_t i = 0; i < e.transformers.size(); ++i) {
    const auto& days = view.days_of({i});
    if (!std::binary_search(days.begin(), days.end(), day))
      continue;
    const auto nodes = nodes_of(view, {i}, day, key);
    if (!nodes)
      return nodes.failure();
    for (std::size_t q = 0; q < quantity_count; ++q)
      if ((*nodes)[q])
        groups[e.transformers[i].gsp_group][q].add(*(*nodes)[q]);
  }
  estate_nodes out;
  for (const quantity q : quantities_by_name) {
    day_node_builder root;
    for (const auto& [letter, builders] : groups)
      if (!builders[index_of(q)].empty())
        root.add(builders[index_of(q)].build(node_kind::gsp_group, std::string("_") + letter, day, q));
    if (!root.empty())
      out[index_of(q)] = root.build(node_kind::estate, "", day, q);
  }
  return out;
}

result<store_digest> digest_store(store_view& view, const estate_key& key, std::optional<utc_day> only) {
  store_digest out;
  std::string all;
  for (const utc_day day : view.days()) {
    if (only && day != *only)
      continue;
    const auto nodes = hash_estate_day(view, day, key);
    if (!nodes)
      return nodes.failure();
    for (const quantity q : quantities_by_name) {
      const auto& node = (*nodes)[index_of(q)];
      if (!node)
        continue;
      all += format_day(day) + ' ' + std::string(name_of(q)) + ' ' + to_hex(node->hash) + '\n';
      out.rows.push_back({day, q, *node});
    }
  }
  out.hash = sha256(all);
  return out;
}

} // namespace gridtwin
