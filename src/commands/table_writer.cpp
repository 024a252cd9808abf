#include "src/commands/table_writer.hpp"

#include "src/commands/interrupt.hpp"
#include "src/commands/terminal.hpp"

#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

void put_csv(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"')
      out += '"';
    out += c;
  }
  out += '"';
}

} // namespace

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
  std::size_t i = 0;
  for (const std::string_view field : fields) {
    if (form_ == form::json) {
      buffer_ += i == 0 ? "{\"" : ",\"";
      buffer_ += columns_[i].name;
      buffer_ += "\":";
      buffer_ += columns_[i].number ? (field.empty() ? std::string("null") : std::string(field)) : json_string(field);
    } else {
      buffer_ += i == 0 ? "" : ",";
      put_csv(buffer_, field);
    }
    ++i;
  }
  buffer_ += form_ == form::json ? "}\n" : "\n";
  if (buffer_.size() >= buffer_bytes)
    flush();
}

void table_writer::flush() {
  if (written_ && interrupted())
    written_ = error{errc::interrupted, "interrupted: nothing was written under the name that was asked for"};
  if (written_)
    written_ = file_->write(buffer_);
  buffer_.clear();
}

result<void> table_writer::finish() {
  flush();
  return written_ ? file_->commit() : written_;
}

} // namespace gridtwin
