#include "src/commands/table_writer.hpp"

#include "src/commands/terminal.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gridtwin {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

std::string part_of(const std::string& path) { return path + ".part"; }

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
  table_writer out;
  out.form_ = f;
  if (path.empty() || path == "-") {
    out.file_.reset(stdout);
    return out;
  }
  out.path_ = path;
  out.file_.reset(std::fopen(part_of(path).c_str(), "wb"));
  if (!out.file_)
    return error{errc::unreadable_input, "cannot write " + path + ": " + std::strerror(errno)};
  return out;
}

table_writer::~table_writer() {
  if (file_ && !path_.empty())
    ::unlink(part_of(path_).c_str());
}

void table_writer::header(std::initializer_list<column> columns) {
  columns_ = columns;
  if (form_ == form::json)
    return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    buffer_ += i == 0 ? "" : ",";
    buffer_ += columns_[i].name;
  }
  buffer_ += '\n';
}

void table_writer::row(std::initializer_list<std::string_view> fields) {
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
  if (failed_ == 0 && std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size())
    failed_ = errno;
  buffer_.clear();
}

error table_writer::write_error() const {
  return {errc::store_failed,
          "writing " + (path_.empty() ? "to standard output" : path_) + " failed: " + std::strerror(failed_)};
}

result<void> table_writer::finish() {
  flush();
  if (failed_ == 0 && std::fflush(file_.get()) != 0)
    failed_ = errno;
  if (path_.empty())
    return failed_ == 0 ? result<void>() : write_error();
  if (failed_ == 0 && std::fclose(file_.release()) != 0)
    failed_ = errno;
  file_.reset();
  if (failed_ == 0 && std::rename(part_of(path_).c_str(), path_.c_str()) != 0)
    failed_ = errno;
  if (failed_ == 0)
    return {};
  ::unlink(part_of(path_).c_str());
  return write_error();
}

} // namespace gridtwin
