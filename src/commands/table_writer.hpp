#pragma once

#include "sim/output_file.hpp"
#include "twins/hash_stream.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Appends a row of CSV with its line end; fields are quoted where they must be.
void append_csv(std::string& out, std::span<const std::string_view> fields);

/// Writes a table as CSV, or as one JSON object a line, to a file or standard output. A file appears under its name
/// when it is whole. Fields are quoted where they must be; lines end in `\n`.
class table_writer {
public:
  enum class form { csv, json };
  struct column {
    std::string_view name;
    bool number = false; ///< printed bare in JSON
  };

  /// `path` empty or `-`: standard output.
  static result<table_writer> open(const std::string& path, form f);

  void header(std::vector<column> columns);
  void row(std::span<const std::string_view> fields);
  void row(std::initializer_list<std::string_view> fields) { row(std::span(fields.begin(), fields.size())); }
  /// Rows as CSV has them (`append_csv`), each with its line end. Only with `form::csv`.
  void lines(std::string_view text);
  /// One line as it is, of what is no table. Without a header; in either form.
  void line(std::string_view text);
  std::uint64_t rows() const noexcept { return rows_; }
  /// From now on hashes what is written: before the header, all of it.
  void keep_hash() { hash_.emplace(); }
  /// Of what was written since `keep_hash`, once it is finished.
  digest hash() const noexcept { return hash_ ? hash_->value() : digest{}; }

  /// Error: what was written did not reach the file; nothing appears under its name.
  result<void> finish();

private:
  table_writer() = default;
  void append_json(std::span<const std::string_view> fields);
  void flush();

  std::unique_ptr<output_file> file_;
  std::string buffer_;
  std::vector<column> columns_;
  std::uint64_t rows_ = 0;
  form form_ = form::csv;
  result<void> written_; ///< the first write that failed
  std::optional<sha256_stream> hash_;
};

} // namespace gridtwin
