#include "src/commands/sorted_rows.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

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

/// A row that may still get fields of others.
class whole_row {
public:
  explicit whole_row(table_writer& out) : out_(&out) {}

  void take(const sorted_blocks::key& k, const std::vector<std::string_view>& fields) {
    const std::pair owner(k.mpan, k.rank);
    if (owner_ != owner)
      end();
    owner_ = owner;
    fields_.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (!fields[i].empty())
        fields_[i] = fields[i];
  }

  void end() {
    if (!owner_)
      return;
    const std::vector<std::string_view> views(fields_.begin(), fields_.end());
    out_->row(views);
    for (std::string& field : fields_)
      field.clear();
  }

private:
  table_writer* out_;
  std::optional<std::pair<mpan, std::uint8_t>> owner_;
  std::vector<std::string> fields_;
};

} // namespace

std::uint8_t rank_by_name(quantity q) noexcept {
  const auto at = std::find(quantities_by_name.begin(), quantities_by_name.end(), q);
  return static_cast<std::uint8_t>(at - quantities_by_name.begin());
}

void sorted_rows::add(const key& k, std::span<const std::string_view> fields) {
  row_.clear();
  for (const std::string_view field : fields) {
    row_ += field;
    row_ += field_end;
  }
  blocks_.add({k.mpan, rank_by_name(k.quantity), k.place}, row_);
}

result<void> sorted_rows::write(table_writer& out, bool complement) {
  std::vector<std::string_view> fields;
  whole_row whole(out);
  auto written = blocks_.for_each([&](const sorted_blocks::key& k, std::string_view bytes) -> result<void> {
    split(bytes, fields);
    if (complement)
      whole.take(k, fields);
    else
      out.row(fields);
    return {};
  });
  whole.end();
  return written;
}

} // namespace gridtwin
