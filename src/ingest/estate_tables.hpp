#pragma once

#include "src/ingest/csv_line.hpp"
#include "twins/estate.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Faults of an estate: all are counted, the first are kept.
class estate_faults {
public:
  void add(std::string_view file, std::uint32_t line, std::string_view what);
  std::size_t count() const noexcept { return count_; }
  const std::vector<std::string>& shown() const noexcept { return shown_; }

private:
  std::size_t count_ = 0;
  std::vector<std::string> shown_;
};

/// A CSV table with a header, read row by row. A row that does not fit the header is a fault and is skipped.
class estate_table {
public:
  /// `columns` are the names that `field` is asked for by place; the first `required` of them must be there.
  estate_table(std::string_view file, std::string_view text, const std::vector<std::string_view>& columns,
               std::size_t required, estate_faults& faults);

  /// False at the end, and at once where the header lacks a column.
  bool next();
  /// Blanks around it stripped; empty for an optional column that the file does not have. Valid until `next`.
  std::string_view field(std::size_t column) const noexcept {
    return places_[column] == absent ? std::string_view() : fields_[places_[column]];
  }
  std::uint32_t line() const noexcept { return lines_.number(); }
  void fault(std::string_view what) { faults_.add(file_, line(), what); }

private:
  static constexpr std::size_t absent = columns_limit;

  void read_header(const std::vector<std::string_view>& columns, std::size_t required);

  std::string_view file_;
  csv_lines lines_;
  csv_splitter fields_;
  std::vector<std::size_t> places_;
  std::size_t width_ = 0;
  estate_faults& faults_;
  bool usable_ = true;
};

/// Which feeder a pair of ids names. Holds views of the ids given to it.
class feeder_names {
public:
  void reserve(std::size_t count) { places_.reserve(count); }
  /// False where the pair is there already.
  bool add(std::string_view transformer, std::string_view feeder, feeder_index place) {
    return places_.emplace(key{transformer, feeder}, place).second;
  }
  const feeder_index* find(std::string_view transformer, std::string_view feeder) const {
    const auto at = places_.find(key{transformer, feeder});
    return at == places_.end() ? nullptr : &at->second;
  }

private:
  struct key {
    std::string_view transformer;
    std::string_view feeder;
    bool operator==(const key&) const = default;
  };
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      const std::hash<std::string_view> hash;
      return hash(k.transformer) * 0x9E37'79B9'7F4A'7C15 + hash(k.feeder);
    }
  };
  std::unordered_map<key, feeder_index, key_hash> places_;
};

} // namespace gridtwin
