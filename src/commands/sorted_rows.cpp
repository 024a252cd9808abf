#include "src/commands/sorted_rows.hpp"

#include <algorithm>
#include <tuple>

namespace gridtwin {

namespace {

constexpr char field_end = '\n'; // no field of a table of ours has one

void split(std::string_view bytes, std::vector<std::string_view>& fields) {
  fields.clear();
  while (!bytes.empty()) {
    const std::size_t end = bytes.find(field_end);
    fields.push_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
}

} // namespace

void sorted_rows::add(const key& k, std::span<const std::string_view> fields) {
  const std::size_t before = pending_.size();
  for (const std::string_view field : fields) {
    pending_ += field;
    pending_ += field_end;
  }
  blocks_.push_back({k, spool_.size() + before, static_cast<std::uint32_t>(pending_.size() - before)});
}

result<void> sorted_rows::keep() {
  auto kept = spool_.append(pending_);
  pending_.clear();
  return kept;
}

result<void> sorted_rows::write(table_writer& out, bool complement) {
  const auto meter_of = [](const block& b) { return std::tuple(b.of.mpan, name_of(b.of.quantity)); };
  std::sort(blocks_.begin(), blocks_.end(), [&](const block& a, const block& b) {
    return std::tuple(meter_of(a), a.of.place) < std::tuple(meter_of(b), b.of.place);
  });
  std::string bytes;
  std::vector<std::string_view> fields;
  std::vector<std::string> whole;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (auto read = spool_.read(blocks_[i].offset, blocks_[i].size, bytes); !read)
      return read;
    split(bytes, fields);
    const bool more = complement && i + 1 < blocks_.size() && meter_of(blocks_[i + 1]) == meter_of(blocks_[i]);
    if (more || !whole.empty()) {
      whole.resize(fields.size());
      for (std::size_t k = 0; k < fields.size(); ++k)
        if (!fields[k].empty())
          whole[k] = fields[k];
      fields.assign(whole.begin(), whole.end());
    }
    if (more)
      continue;
    out.row(fields);
    whole.clear();
  }
  return {};
}

} // namespace gridtwin
