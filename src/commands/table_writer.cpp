#include "src/commands/table_writer.hpp"

#include "config/csv_cell.hpp"
#include "config/printable_text.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

} // namespace

void append_csv(std::string& out, std::span<const std::string_view> fields) {
  bool first = true;
  for (const std::string_view field : fields) {
    if (!std::exchange(first, false))
      out += ',';
    append_csv_cell(field, out);
  }
  out += '\n';
}

result<table_writer> table_writer::open(const std::string& path, form f) {
  auto file = output_file::create(path.empty() ? "-" : path);
  if (!file)
    return file.failure();
  table_writer out;
  out.form_ = f;
  out.file_ = std::move(*file);
  return out;
}

void table_writer::header(std::vector<column> columns) {
  columns_ = std::move(columns);
  if (form_ == form::json)
    return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    buffer_ += i == 0 ? "" : ",";
    buffer_ += columns_[i].name;
  }
  buffer_ += '\n';
}

void table_writer::row(std::span<const std::string_view> fields) {
  ++rows_;
  if (form_ == form::json)
    append_json(fields);
  else
    append_csv(buffer_, fields);
  if (buffer_.size() >= buffer_bytes)
    flush();
}

void table_writer::append_json(std::span<const std::string_view> fields) {
  std::size_t i = 0;
  for (const std::string_view field : fields) {
    buffer_ += i == 0 ? "{\"" : ",\"";
    buffer_ += columns_[i].name;
    buffer_ += "\":";
    buffer_ += columns_[i].number ? (field.empty() ? std::string("null") : std::string(field)) : json_string(field);
    ++i;
  }
  buffer_ += "}\n";
}

void table_writer::lines(std::string_view text) {
  rows_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  buffer_ += text;
  if (buffer_.size() >= buffer_bytes)
    flush();
}

void table_writer::line(std::string_view text) {
  ++rows_;
  buffer_ += text;
  buffer_ += '\n';
  if (buffer_.size() >= buffer_bytes)
    flush();
}

void table_writer::flush() {
  if (written_ && interrupted())
    written_ = error{errc::interrupted, "interrupted: nothing was written under the name that was asked for"};
  if (written_)
    written_ = file_->write(buffer_);
  if (hash_)
    hash_->add(buffer_);
  buffer_.clear();
}

result<void> table_writer::finish() {
  flush();
  return written_ ? file_->commit() : written_;
}

} // namespace gridtwin
