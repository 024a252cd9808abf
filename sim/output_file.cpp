#include "sim/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace gridtwin {

output_file::output_file(std::string path, std::string part, std::FILE* file)
  : path_(std::move(path)), part_(std::move(part)), file_(file) {}

result<std::unique_ptr<output_file>> output_file::create(const std::string& path) {
  if (path.empty())
    return error{errc::usage, "the name of the output file is empty"};
  if (path == "-")
    return std::unique_ptr<output_file>(new output_file("standard output", {}, stdout));
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  if (kind == std::filesystem::file_type::directory)
    return error{errc::usage, "cannot write " + path + ": it is a folder; name a file in it"};
  const bool direct = kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found
                      && kind != std::filesystem::file_type::none;
  std::string part = direct ? std::string() : path + ".part";
  std::FILE* file = std::fopen(direct ? path.c_str() : part.c_str(), "wb");
  if (file == nullptr)
    return error{errc::usage, "cannot write " + (direct ? path : part) + ": " + std::strerror(errno)
                                + "; check that its folder exists and may be written"};
  std::setvbuf(file, nullptr, _IONBF, 0); // callers bring buffers of a megabyte
  return std::unique_ptr<output_file>(new output_file(path, std::move(part), file));
}

output_file::~output_file() {
  if (file_ != nullptr && file_ != stdout)
    std::fclose(file_);
  if (!part_.empty())
    std::remove(part_.c_str());
}

error output_file::write_error(const char* what) const {
  return {errc::store_failed, std::string(what) + " " + path_ + " failed after " + std::to_string(written_)
                                + " bytes: " + std::strerror(errno)
                                + (part_.empty() ? "" : "; nothing was left behind, free some space and run it again")};
}

result<void> output_file::write(std::string_view bytes) {
  errno = 0;
  const std::size_t done = std::fwrite(bytes.data(), 1, bytes.size(), file_);
  written_ += done;
  if (done != bytes.size())
    return write_error("writing");
  return {};
}

result<void> output_file::commit() {
  errno = 0;
  std::FILE* file = std::exchange(file_, nullptr);
  if ((file == stdout ? std::fflush(file) : std::fclose(file)) != 0)
    return write_error("closing");
  if (part_.empty())
    return {};
  if (std::rename(part_.c_str(), path_.c_str()) != 0)
    return write_error("renaming the finished file to");
  part_.clear();
  return {};
}

} // namespace gridtwin
