#include "src/commands/send_intake.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/clock_change_resolver.hpp"
#include "src/ingest/csv_line.hpp"
#include "src/ingest/source_reader.hpp"
#include "src/replay/source_blocks.hpp"
#include "src/wire/wire_bounds.hpp"
#include "twins/bounds.hpp"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <utility>

namespace gridtwin {

namespace {

/// MPANs of the files, by their column of meters.
class meter_finder {
public:
  explicit meter_finder(const format_profile& profile) : profile_(profile), fields_(profile.delimiter) {}

  result<void> add_file(const source& s) {
    auto reader = source_reader::open(s);
    if (!reader)
      return reader.failure();
    if (!find_column((*reader)->header()))
      return error{errc::unreadable_input,
                   s.path.string() + " has no column of meters: name its one meter with --meter"};
    read_buffer buffer;
    for (;;) {
      auto block = (*reader)->next(bounds::block_bytes);
      if (!block)
        return block.failure();
      if (!*block)
        return {};
      const auto text = (*block)->fetch(buffer);
      if (!text)
        return text.failure();
      if (auto added = add_lines(*text, s); !added)
        return added.failure();
    }
  }

  result<void> add(std::string_view text, const std::string& where) {
    const auto number = parse_mpan(text);
    if (!number)
      return error{errc::unreadable_input,
                   where + ": " + in_quotes(text)
                     + " is no MPAN (13 digits, the last a check digit): send knows no other names of meters"};
    found_.insert(number->number);
    return {};
  }

  /// All of them on one feeder, for an index: the decoder asks for no more.
  std::shared_ptr<const meter_index> index() const {
    auto all = std::make_shared<estate>();
    all->transformers.push_back({"T", {}, 0, 950'000, 'A'});
    all->feeders.push_back({{0}, "F", {}, 0});
    std::vector<std::uint64_t> numbers(found_.begin(), found_.end());
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint64_t number : numbers) {
      connection c;
      c.mpan = {number};
      c.quantities = 0;
      for (std::size_t q = 0; q < quantity_count; ++q)
        c.quantities |= mask_of(static_cast<quantity>(q));
      all->connections.push_back(c);
    }
    return std::make_shared<const meter_index>(std::move(all));
  }

private:
  bool find_column(std::string_view header) {
    if (!profile_.meter.given() || !fields_.split(header))
      return false;
    for (const std::string& name : profile_.meter.names)
      for (column_ = 0; column_ < fields_.size(); ++column_)
        if (fields_[column_] == name)
          return true;
    return false;
  }

  result<void> add_lines(std::string_view text, const source& s) {
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      // Of a row that cannot be split the decoder will say so.
      if (trimmed(line).empty() || !fields_.split(line) || column_ >= fields_.size() || fields_[column_] == last_)
        continue;
      last_ = fields_[column_];
      if (auto added = add(last_, s.path.string()); !added)
        return added.failure();
    }
    return {};
  }

  const format_profile& profile_;
  csv_splitter fields_;
  std::size_t column_ = 0;
  std::string last_;
  std::unordered_set<std::uint64_t> found_;
};

/// Bytes at the front of a file that tell it from another of its name and size.
constexpr std::size_t told_by_bytes = std::size_t{64} << 10;

result<outbox::source_key> key_of(const source& s, const std::string& options_text) {
  const auto file = source_file::open(s.path);
  if (!file)
    return file.failure();
  std::string front(told_by_bytes, '\0');
  const auto size = (*file)->read(0, front.data(), front.size());
  if (!size)
    return size.failure();
  front.resize(*size);
  return sha256(s.name + '\0' + std::to_string(s.bytes) + '\0' + options_text + '\0' + front);
}

/// Gathers readings into batches for the outbox; passes over those that it has.
class batcher {
public:
  batcher(outbox& into, const outbox::source_key& key, intake_counts& counts)
    : into_(into), key_(key), counts_(counts), known_(into.taken_of(key)) {
    readings_.reserve(wire_bounds::sent_batch_readings);
  }

  result<void> add(const reading_batch& batch, const meter_index& meters) {
    for (const sourced_reading& r : batch.readings) {
      if (++seen_ <= known_) {
        ++counts_.known;
        continue;
      }
      readings_.push_back(
        {meters.at(r.connection).mpan, r.quantity, r.period, r.version, {r.wh, r.quality, r.reasons}});
      if (readings_.size() == wire_bounds::sent_batch_readings)
        if (auto written = flush(); !written)
          return written;
    }
    counts_.unsendable += batch.rejects.size();
    for (const early_reject& r : batch.rejects)
      ++counts_.unsendable_by_verdict[index_of(r.verdict)];
    return {};
  }

  result<void> flush() {
    if (readings_.empty())
      return {};
    if (auto appended = into_.append(key_, seen_, readings_); !appended)
      return appended;
    counts_.readings += readings_.size();
    readings_.clear();
    return {};
  }

private:
  outbox& into_;
  outbox::source_key key_;
  intake_counts& counts_;
  std::uint64_t known_;
  std::uint64_t seen_ = 0;
  std::vector<submitted_reading> readings_;
};

source_format rows_of(const send_sources& from) {
  source_format out;
  out.profile = from.profile;
  out.rows = from.decode;
  return out;
}

} // namespace

result<send_intake> send_intake::make(send_sources from) {
  send_intake out(std::move(from));
  for (const source& s : out.from_.sources)
    out.bytes_total_ += s.bytes;
  if (auto found = out.find_meters(); !found)
    return found.failure();
  return out;
}

result<void> send_intake::find_meters() {
  meter_finder finder(from_.profile);
  if (from_.decode.meter)
    if (auto added = finder.add(*from_.decode.meter, "--meter"); !added)
      return added;
  for (const source& s : from_.sources)
    if (from_.profile.meter.given() || !from_.decode.meter)
      if (auto added = finder.add_file(s); !added)
        return added;
  meters_ = finder.index();
  // What else may be wrong with a file's header is told before anything is sent.
  for (const source& s : from_.sources)
    if (auto opened = open_source::open(s, rows_of(from_), meters_); !opened)
      return opened.failure();
  return {};
}

result<void> send_intake::run(outbox& into, const std::function<bool()>& stop) {
  for (const source& s : from_.sources)
    if (auto done = run_source(s, into, stop); !done)
      return done;
  return {};
}

result<void> send_intake::run_source(const source& s, outbox& into, const std::function<bool()>& stop) {
  const auto key = key_of(s, from_.options_text);
  if (!key)
    return key.failure();
  auto opened = open_source::open(s, rows_of(from_), meters_);
  if (!opened)
    return opened.failure();
  const std::uint64_t before = *bytes_done_;
  clock_change_resolver resolver(meters_);
  batcher batches(into, *key, counts_);
  std::vector<reading_batch> resolved;
  read_buffer buffer;
  for (bool more = true; more;) {
    if (stop())
      return error{errc::interrupted, "stopped while files were being read"};
    auto block = opened->reader->next(bounds::block_bytes);
    if (!block)
      return block.failure();
    resolved.clear();
    if (*block) {
      const auto text = (*block)->fetch(buffer);
      if (!text)
        return text.failure();
      resolver.resolve(opened->decoder->decode(*text, (*block)->raw()), resolved);
    } else {
      resolver.finish(resolved);
      more = false;
    }
    for (const reading_batch& batch : resolved)
      if (auto added = batches.add(batch, *meters_); !added)
        return added;
    *bytes_done_ = before + opened->reader->bytes_consumed();
  }
  *bytes_done_ = before + s.bytes;
  return batches.flush();
}

} // namespace gridtwin
