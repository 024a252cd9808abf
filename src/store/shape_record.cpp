#include "src/store/shape_record.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal.hpp"
#include "src/store/shape_parts.hpp"

#include <algorithm>
#include <cstring>

namespace gridtwin {

namespace {

constexpr std::uint8_t shape_record_format = 1;
constexpr std::size_t part_head = 64; // bytes, at most: version, cut, number of the part and of parts

constexpr bool is_flag(std::uint8_t byte) noexcept { return byte == 'A' || byte == 'D' || byte == 'E' || byte == 'B'; }

void put_shape(byte_writer& w, const published_shape& shape) {
  for (std::size_t first = 0; first < shape.size();) {
    std::size_t end = first;
    while (end < shape.size() && shape[end].flag == shape[first].flag)
      ++end;
    w.number(end - first);
    w.byte(static_cast<std::uint8_t>(shape[first].flag));
    first = end;
  }
  std::int64_t previous = 0;
  for (const shape_value& value : shape) {
    if (value.flag == shape_flag::no_data)
      continue;
    w.signed_number(value.wh - previous);
    previous = value.wh;
  }
}

bool get_shape(byte_reader& in, published_shape& shape) noexcept {
  for (std::size_t first = 0; first < shape.size();) {
    const std::uint64_t run = in.number();
    const std::uint8_t flag = in.byte();
    if (!in.ok() || run == 0 || run > shape.size() - first || !is_flag(flag))
      return false;
    for (std::uint64_t n = 0; n < run; ++n)
      shape[first++] = {0, static_cast<shape_flag>(flag)};
  }
  std::uint64_t wh = 0; // wraps where the bytes are damaged
  for (shape_value& value : shape) {
    if (value.flag == shape_flag::no_data)
      continue;
    wh += static_cast<std::uint64_t>(in.signed_number());
    value.wh = static_cast<std::int64_t>(wh);
    if (value.wh < 0 || value.wh > largest_shape_wh)
      return false;
  }
  return in.ok();
}

bool get_days(byte_reader& in, std::map<utc_day, published_shape>& days) {
  std::int32_t day = 0;
  for (std::uint64_t left = in.number(); left != 0 && in.ok(); --left) {
    const std::int64_t step = in.signed_number();
    if (step < -1'000'000 || step > 1'000'000 || (!days.empty() && step <= 0))
      return false;
    day += static_cast<std::int32_t>(step);
    if (day < -1'000'000 || day > 1'000'000 || !get_shape(in, days[{day}]))
      return false;
  }
  return in.ok();
}

std::string body_of(const digest& version, const std::optional<std::int64_t>& known_at, std::size_t part,
                    std::size_t parts, std::string_view bytes) {
  std::string out;
  byte_writer w(out);
  w.raw(bytes_of(version));
  w.byte(known_at ? 1 : 0);
  w.signed_number(known_at.value_or(0));
  w.number(part);
  w.number(parts);
  w.raw(bytes);
  return out;
}

/// The part's bytes; bad where the record is another's.
std::string_view part_bytes(byte_reader& in, const digest& version, std::size_t part) noexcept {
  if (in.raw(version.size()) != bytes_of(version))
    in.fail();
  in.byte();
  in.signed_number();
  if (in.number() != part)
    in.fail();
  in.number();
  return in.raw(in.left());
}

result<void> write_record(sqlite_database& database, const shape_record& record, const digest& version,
                          std::string_view encoded) {
  auto known = database.prepare("SELECT 1 FROM load_shapes WHERE version = ?1 AND known_at IS ?2");
  if (!known)
    return known.failure();
  known->bind_blob(1, bytes_of(version)).bind_optional(2, record.as_known_at);
  if (known->step())
    return {};
  if (known->failed())
    return database.failure("cannot read");
  auto journal = journal_appender::open(database);
  if (!journal)
    return journal.failure();
  auto put = database.prepare("INSERT INTO load_shapes(version, known_at, part, record) VALUES (?1, ?2, ?3, ?4)");
  if (!put)
    return put.failure();
  const std::string packed = pack(encoded);
  constexpr std::size_t most = largest_record - part_head;
  const std::size_t parts = (packed.size() + most - 1) / most;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::string body =
      body_of(version, record.as_known_at, part, parts, std::string_view(packed).substr(part * most, most));
    const auto id = journal->append(estate_shard, record_kind::shapes, body);
    if (!id)
      return id.failure();
    put->bind_blob(1, bytes_of(version)).bind_optional(2, record.as_known_at);
    if (!put->bind(3, static_cast<std::int64_t>(part)).bind(4, id->value).run())
      return database.failure("cannot write");
  }
  return {};
}

} // namespace

std::string encode_published(const published_shapes& shapes) {
  std::string out;
  byte_writer w(out);
  w.byte(shape_record_format);
  for (const auto& [category, days] : shapes) {
    if (days.empty())
      continue;
    w.byte(static_cast<std::uint8_t>(category.gsp_group));
    w.byte(kind_of(category));
    w.number(days.size());
    std::int32_t previous = 0;
    for (const auto& [day, shape] : days) {
      w.signed_number(day.number - previous);
      put_shape(w, shape);
      previous = day.number;
    }
  }
  return out;
}

bool decode_published(std::string_view bytes, published_shapes& shapes) {
  shapes.clear();
  byte_reader in(bytes);
  if (in.byte() != shape_record_format)
    return false;
  while (!in.at_end()) {
    const auto gsp_group = static_cast<char>(in.byte());
    const auto category = category_of(gsp_group, in.byte());
    if (!in.ok() || !category || (!shapes.empty() && shapes.rbegin()->first >= *category))
      return false;
    auto& days = shapes[*category];
    if (!get_days(in, days) || days.empty())
      return false;
  }
  return in.ok();
}

digest version_of(const published_shapes& shapes) { return sha256(encode_published(shapes)); }

result<digest> record_shapes(const store_folder& folder, const shape_record& record) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  const std::string encoded = encode_published(record.shapes);
  const digest version = sha256(encoded);
  auto written = database->in_transaction([&] { return write_record(*database, record, version, encoded); });
  if (!written)
    return written.failure();
  return version;
}

result<std::optional<published_shapes>> recorded_shapes(sqlite_database& database, const digest& version) {
  auto parts =
    database.prepare("SELECT j.body, l.part FROM load_shapes l LEFT JOIN journal j ON j.id = l.record WHERE l.version "
                     "= ?1 AND l.known_at "
                     "IS (SELECT known_at FROM load_shapes WHERE version = ?1 ORDER BY id LIMIT 1) ORDER BY l.part");
  if (!parts)
    return parts.failure();
  parts->bind_blob(1, bytes_of(version));
  std::string packed;
  std::size_t count = 0;
  bool good = true;
  for (; good && parts->step(); ++count) {
    byte_reader in(parts->bytes(0));
    packed += part_bytes(in, version, count);
    good = in.ok();
  }
  if (parts->failed())
    return database.failure("cannot read");
  if (count == 0)
    return std::optional<published_shapes>();
  const auto bytes = good ? unpack(packed) : std::nullopt;
  published_shapes out;
  if (!bytes || sha256(*bytes) != version || !decode_published(*bytes, out))
    return error{errc::store_failed, "the store's record of load shapes " + to_hex(version) + " is damaged"};
  return std::optional(std::move(out));
}

result<std::vector<shape_version>> recorded_versions(sqlite_database& database) {
  auto rows = database.prepare("SELECT version, known_at FROM load_shapes WHERE part = 0 ORDER BY id");
  if (!rows)
    return rows.failure();
  std::vector<shape_version> out;
  while (rows->step()) {
    shape_version& v = out.emplace_back();
    const std::string_view version = rows->bytes(0);
    std::memcpy(v.version.data(), version.data(), std::min(version.size(), v.version.size()));
    v.as_known_at = rows->optional_integer(1);
  }
  if (rows->failed())
    return database.failure("cannot read");
  return out;
}

} // namespace gridtwin
