#pragma once

#include "src/ingest/csv_line.hpp"
#include "twins/estate.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Longest name of a transformer, feeder, supplier or service, in bytes.
inline constexpr std::size_t id_bytes_limit = 100;

/// Faults of an estate: all are counted, the first are kept.
class estate_faults {
public:
  void add(std::string_view file, std::uint32_t line, std::string_view what);
  /// What the user is told of an estate that has some. `folder_name` is theirs.
  error refusal(std::string_view folder_name) const;
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

  /// The field as an MPAN; nothing is a fault.
  std::optional<mpan> mpan_in(std::size_t column) {
    const auto number = parse_mpan(field(column));
    if (!number)
      fault_no_mpan(field(column));
    return number;
  }
  /// The field as one of these letters; the first of them, and a fault, where it is none.
  char code_in(std::size_t column, std::string_view name, std::string_view codes) {
    const std::string_view text = field(column);
    if (text.size() == 1 && codes.find(text.front()) != std::string_view::npos)
      return text.front();
    fault_no_code(name, text, codes);
    return codes.front();
  }
  /// The letter of the field's GSP group; nothing is a fault.
  std::optional<char> gsp_group_in(std::size_t column);

private:
  static constexpr std::size_t absent = columns_limit;

  void read_header(const std::vector<std::string_view>& columns, std::size_t required);
  void fault_no_mpan(std::string_view text);
  void fault_no_code(std::string_view name, std::string_view text, std::string_view codes);

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
