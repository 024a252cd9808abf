#include "src/store/journal.hpp"

#include <cstring>

namespace gridtwin {

namespace {} // namespace

std::uint32_t shard_of(std::string_view transformer_id) noexcept {
  const digest hash = sha256(transformer_id);
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | hash[i];
  return value % shard_count;
}

digest chain_hash(const digest& predecessor, record_id id, record_kind kind, const digest& body) noexcept {
  std::array<std::uint8_t, 32 + 8 + 1 + 32> bytes{};
  std::memcpy(bytes.data(), predecessor.data(), predecessor.size());
  for (std::size_t i = 0; i < 8; ++i)
    bytes[32 + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(id.value) >> (56 - 8 * i));
  bytes[40] = static_cast<std::uint8_t>(kind);
  std::memcpy(bytes.data() + 41, body.data(), body.size());
  return sha256(bytes);
}

result<journal_appender> journal_appender::open(sqlite_database& database) {
  auto insert = database.prepare("INSERT INTO journal(id, kind, hash, chain, body) VALUES (?1, ?2, ?3, ?4, ?5)");
  if (!insert)
    return insert.failure();
  auto last = database.prepare("SELECT id, chain FROM journal WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1");
  if (!last)
    return last.failure();
  journal_appender out(database, std::move(*insert));
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    last->bind(1, record_id::of(shard, 0).value).bind(2, record_id::of(shard + 1, 0).value);
    if (last->step()) {
      out.next_[shard].offset = record_id{last->integer(0)}.offset();
      const std::string_view chain = last->bytes(1);
      std::memcpy(out.next_[shard].chain.data(), chain.data(), std::min(chain.size(), out.next_[shard].chain.size()));
    } else if (last->failed()) {
      return database.failure("cannot read");
    }
    last->reset();
  }
  out.committed_ = out.next_;
  return out;
}

result<record_id> journal_appender::append(std::uint32_t shard, record_kind kind, std::string_view body) {
  end& last = next_[shard];
  const record_id id = record_id::of(shard, last.offset + 1);
  const digest hash = sha256(body);
  const digest chain = chain_hash(last.chain, id, kind, hash);
  insert_.bind(1, id.value)
    .bind(2, static_cast<std::int64_t>(kind))
    .bind_blob(3, bytes_of(hash))
    .bind_blob(4, bytes_of(chain));
  insert_.bind_blob(5, body);
  if (!insert_.run())
    return database_->failure("cannot write the journal of");
  last = {id.offset(), chain};
  return id;
}

} // namespace gridtwin
