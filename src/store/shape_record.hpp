#pragma once

#include "src/store/store_folder.hpp"
#include "twins/hash.hpp"
#include "twins/load_shape.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Published load shapes by category and UTC day.
using published_shapes = std::map<shape_category, std::map<utc_day, published_shape>>;

/// The one encoding of a set of shapes: categories and days ascending, with every value and flag. Not packed.
std::string encode_published(const published_shapes& shapes);
/// False where the bytes are damaged.
bool decode_published(std::string_view bytes, published_shapes& shapes);

/// What an estimate names the shapes by that it used: SHA-256 of their encoding.
digest version_of(const published_shapes& shapes);

/// Shapes as they were computed at a cut of the journal: what was known at an instant, or all that it held.
struct shape_record {
  std::optional<std::int64_t> as_known_at; ///< seconds since the epoch
  published_shapes shapes;
};

/// Makes shapes a record of the journal, once for each version and cut; returns the version. A transaction of its own,
/// synced before it returns. `folder`: open for writing, with no other writer at work.
result<digest> record_shapes(const store_folder& folder, const shape_record& record);

/// The shapes of a version, as they were recorded first; nothing where none were.
result<std::optional<published_shapes>> recorded_shapes(sqlite_database& database, const digest& version);

/// Versions that were recorded, in the order in which they were.
struct shape_version {
  digest version{};
  std::optional<std::int64_t> as_known_at; ///< seconds since the epoch
  bool operator==(const shape_version&) const = default;
};
result<std::vector<shape_version>> recorded_versions(sqlite_database& database);

} // namespace gridtwin
