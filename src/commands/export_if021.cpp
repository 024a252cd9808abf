#include "src/commands/export.hpp"
#include "src/commands/sorted_readings.hpp"
#include "src/messages/message_builder.hpp"
#include "src/messages/message_writer.hpp"
#include "src/messages/request_packer.hpp"
#include "src/process/interrupt.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

namespace fs = std::filesystem;

constexpr std::int32_t no_start = std::numeric_limits<std::int32_t>::min();

/// Since when meters are connected in the way that a row of the estate says: rows that follow one another without a gap
/// and say the same are one.
class connection_starts {
public:
  connection_starts(const estate& e, std::int64_t unknown_s) : estate_(&e), unknown_s_(unknown_s) {
    for (std::uint32_t c = 0; c < e.connections.size(); ++c)
      if (e.connections[c].effective != period_range{})
        bounded_.push_back(c);
    std::sort(bounded_.begin(), bounded_.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  }

  std::int64_t of(connection_index c) const {
    std::int32_t first = estate_->connections[c.value].effective.first;
    auto at = std::lower_bound(bounded_.begin(), bounded_.end(), c.value,
                               [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
    for (; first != no_start && at != bounded_.begin(); --at) {
      const connection& before = estate_->connections[*(at - 1)];
      const connection& own = estate_->connections[c.value];
      if (before.mpan != own.mpan || before.type != own.type || before.effective.end != first)
        break;
      first = before.effective.first;
    }
    return first == no_start ? unknown_s_ : period{first}.start_s();
  }

private:
  std::tuple<std::uint64_t, std::int32_t> key(std::uint32_t c) const noexcept {
    return {estate_->connections[c].mpan.number, estate_->connections[c].effective.first};
  }

  const estate* estate_;
  std::int64_t unknown_s_;
  std::vector<std::uint32_t> bounded_; ///< connections with a start or an end, by meter and time
};

using message_sink = std::function<result<void>(std::string_view)>;

/// Makes a message of each meter, quantity and day. A day on which the meter's supplier, network or connection type
/// changes has one for each: no supplier is told another one's half hours.
class daily_messages {
public:
  daily_messages(const estate& e, const market_settings& market, const message_sink& sink)
    : estate_(&e), market_(&market), sink_(&sink), starts_(e, market.connection_from_s) {}

  result<void> add(connection_index c, quantity q, std::span<const standing_half_hour> half_hours) {
    const connection& meter = estate_->connections[c.value];
    message_subject subject{meter.mpan,
                            q,
                            meter.type,
                            starts_.of(c),
                            estate_->transformers[estate_->transformer_of(meter).value].gsp_group,
                            std::string(meter.supplier_mpid.data(), meter.supplier_mpid.size())};
    if (!same(subject, subject_)) {
      if (auto told = flush(); !told)
        return told;
      subject_ = std::move(subject);
    }
    for (const standing_half_hour& one : half_hours) {
      if (!pending_.empty() && pending_.back().period.day() != one.period.day())
        if (auto told = flush(); !told)
          return told;
      pending_.push_back(one);
    }
    return {};
  }

  result<void> flush() {
    if (pending_.empty())
      return {};
    const auto messages = build_messages(*market_, subject_, pending_, {1, request_bytes_limit});
    if (!messages)
      return messages.failure();
    pending_.clear();
    for (const if021_message& m : *messages) {
      text_.clear();
      append_message(text_, m);
      if (auto taken = (*sink_)(text_); !taken)
        return taken;
    }
    return {};
  }

private:
  static bool same(const message_subject& a, const message_subject& b) {
    return a.mpan == b.mpan && a.quantity == b.quantity && a.connection == b.connection
           && a.connection_from_s == b.connection_from_s && a.gsp_group == b.gsp_group
           && a.supplier_mpid == b.supplier_mpid;
  }

  const estate* estate_;
  const market_settings* market_;
  const message_sink* sink_;
  connection_starts starts_;
  message_subject subject_;
  std::vector<standing_half_hour> pending_; ///< of one day
  std::string text_;
};

result<void> for_each_message(store_view& view, const export_scope& scope, const message_sink& sink) {
  sorted_readings readings(view, scope);
  if (auto gathered = readings.gather(); !gathered)
    return gathered;
  daily_messages messages(view.estate(), *scope.market, sink);
  if (auto told =
        readings.for_each([&](connection_index c, quantity q, std::span<const standing_half_hour> half_hours) {
          return messages.add(c, q, half_hours);
        });
      !told)
    return told;
  return messages.flush();
}

/// Files of a folder that appears whole or not at all.
class request_folder {
public:
  static result<request_folder> create(const std::string& path) {
    request_folder out(fs::path(path + "/").parent_path());
    std::error_code code;
    if (fs::exists(out.path_, code) && !fs::is_empty(out.path_, code))
      return error{errc::usage, "--out '" + path + "' holds files already; name an empty folder or a new one"};
    fs::remove_all(out.part_, code);
    fs::create_directories(out.part_, code);
    if (code)
      return error{errc::usage, "--out '" + path + "' cannot be made (" + code.message() + ")"};
    return out;
  }

  request_folder(request_folder&& other) noexcept
    : path_(std::move(other.path_)), part_(std::exchange(other.part_, {})), files_(other.files_) {}
  request_folder(const request_folder&) = delete;
  request_folder& operator=(const request_folder&) = delete;
  request_folder& operator=(request_folder&&) = delete;
  ~request_folder() {
    std::error_code code;
    if (!part_.empty())
      fs::remove_all(part_, code);
  }

  result<void> put(std::string_view request) {
    if (interrupted())
      return error{errc::interrupted, "interrupted: nothing was written under the name that was asked for"};
    char name[32];
    std::snprintf(name, sizeof name, "if-021-%08zu.json", ++files_);
    auto file = output_file::create((part_ / name).string());
    if (!file)
      return file.failure();
    if (auto written = (*file)->write(request); !written)
      return written;
    return (*file)->commit();
  }

  result<void> commit() {
    std::error_code code;
    fs::rename(part_, path_, code);
    if (code)
      return error{errc::store_failed, "'" + path_.string() + "' cannot be given its name (" + code.message() + ")"};
    part_.clear();
    return {};
  }

private:
  explicit request_folder(fs::path path) : path_(std::move(path)), part_(path_.string() + ".part") {}

  fs::path path_;
  fs::path part_; ///< where the files are until `commit`
  std::size_t files_ = 0;
};

} // namespace

result<void> export_if021(store_view& view, const export_scope& scope, table_writer& out) {
  return for_each_message(view, scope, [&out](std::string_view message) {
    out.line(message);
    return result<void>();
  });
}

result<void> export_if021_requests(store_view& view, const export_scope& scope, const std::string& folder) {
  auto out = request_folder::create(folder);
  if (!out)
    return out.failure();
  request_packer packer;
  auto told = for_each_message(view, scope, [&](std::string_view message) {
    const auto full = packer.add(message);
    return full ? out->put(*full) : result<void>();
  });
  if (!told)
    return told;
  if (const auto last = packer.finish())
    if (auto put = out->put(*last); !put)
      return put;
  return out->commit();
}

} // namespace gridtwin
