#include "src/replay/stored_days_list.hpp"

#include "src/store/store_reader.hpp"

#include <unordered_map>

namespace gridtwin {

result<stored_days_list> list_stored_days(const store_folder& folder, const topology& names) {
  auto reader = store_reader::open(folder);
  if (!reader)
    return reader.failure();
  std::unordered_map<std::uint32_t, std::uint32_t> index_of_number;
  for (std::uint32_t i = 0; i < names.number_of.size(); ++i)
    index_of_number.emplace(names.number_of[i].value, i);
  stored_days_list out;
  out.all.resize(names.number_of.size());
  out.unsummarised.resize(names.number_of.size());
  const auto listed = reader->for_each_day([&](transformer_number t, utc_day day, bool summarised) {
    const auto at = index_of_number.find(t.value);
    if (at == index_of_number.end())
      return;
    out.all[at->second].push_back(day);
    if (!summarised)
      out.unsummarised[at->second].push_back(day);
  });
  if (!listed)
    return listed.failure();
  return out;
}

} // namespace gridtwin
