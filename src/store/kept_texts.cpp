#include "src/store/kept_texts.hpp"

#include "src/store/bytes.hpp"

#include <utility>

namespace gridtwin {

result<void> keep_text(sqlite_database& database, std::string_view hash, std::string_view text) {
  auto known = database.prepare("SELECT 1 FROM estate_texts WHERE hash = ?1");
  if (!known)
    return known.failure();
  if (known->bind_blob(1, hash).step())
    return {};
  if (known->failed())
    return database.failure("cannot read");
  auto add = database.prepare("INSERT INTO estate_texts(hash, body) VALUES (?1, ?2)");
  if (!add)
    return add.failure();
  const std::string body = pack(text);
  return add->bind_blob(1, hash).bind_blob(2, body).run() ? result<void>()
                                                          : result<void>(database.failure("cannot write"));
}

result<std::optional<std::string>> kept_text(sqlite_database& database, std::string_view hash) {
  auto row = database.prepare("SELECT body FROM estate_texts WHERE hash = ?1");
  if (!row)
    return row.failure();
  if (!row->bind_blob(1, hash).step())
    return row->failed() ? result<std::optional<std::string>>(database.failure("cannot read"))
                         : result<std::optional<std::string>>(std::nullopt);
  auto text = unpack(row->bytes(0));
  if (!text)
    return error{errc::store_failed, "a text that the store keeps is damaged"};
  return std::optional(std::move(*text));
}

} // namespace gridtwin
