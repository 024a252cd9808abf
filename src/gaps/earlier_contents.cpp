#include "src/gaps/earlier_contents.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal_section.hpp"
#include "src/store/reading_scan.hpp"

#include <algorithm>
#include <string_view>

namespace gridtwin {

namespace {

constexpr std::string_view fragments_sql = "SELECT records, body FROM fragments WHERE day = ?1 AND transformer = ?2";
constexpr std::string_view body_sql = "SELECT body FROM journal WHERE id = ?1";

} // namespace

result<earlier_contents> earlier_contents::over(sqlite_database& database) {
  auto fragments = database.prepare(fragments_sql);
  auto body = database.prepare(body_sql);
  if (!fragments || !body)
    return database.failure("cannot read");
  return earlier_contents(database, std::move(*fragments), std::move(*body));
}

result<void> earlier_contents::read(std::span<const transformer_number> of, utc_day day, const age_function& age,
                                    const take_function& take) {
  records_.clear();
  for (const transformer_number t : of) {
    auto read = read_fragments(t, day, age, take);
    fragments_.reset();
    if (!read)
      return read;
  }
  std::sort(records_.begin(), records_.end(), [](record_id a, record_id b) { return a.value < b.value; });
  records_.erase(std::unique(records_.begin(), records_.end()), records_.end());
  for (const record_id record : records_) {
    auto read = read_record(record, of, day, take);
    body_.reset();
    if (!read)
      return read;
  }
  return {};
}

result<void> earlier_contents::read_fragments(transformer_number t, utc_day day, const age_function& age,
                                              const take_function& take) {
  fragments_.bind(1, day.number).bind(2, t.value);
  while (fragments_.step()) {
    bool whole = true;
    const std::size_t first = records_.size();
    byte_reader in(fragments_.bytes(0));
    while (!in.at_end()) {
      const record_id record{static_cast<std::int64_t>(in.number())};
      const auto of = age(record);
      if (!of)
        return of.failure();
      whole = whole && *of != record_age::not_before;
      if (*of == record_age::before)
        records_.push_back(record);
    }
    if (records_.size() == first || !whole)
      continue;
    records_.resize(first);
    const auto bytes = unpack(fragments_.bytes(1));
    if (!bytes || !decode_fragment(*bytes, day, [&](const stored_reading& r) { take({t, r.twin}, r); }))
      return error{errc::store_failed, "the store's readings of " + format_day(day) + " are damaged"};
  }
  return fragments_.failed() ? result<void>(database_->failure("cannot read")) : result<void>();
}

result<void> earlier_contents::read_record(record_id record, std::span<const transformer_number> of, utc_day day,
                                           const take_function& take) {
  body_.bind(1, record.value);
  byte_reader in(body_.step() ? body_.bytes(0) : std::string_view());
  in.number(); // its run
  while (in.ok() && !in.at_end()) {
    const transformer_number t{in.number32()};
    const std::string_view packed = in.text();
    if (std::find(of.begin(), of.end(), t) == of.end())
      continue;
    const auto bytes = unpack(packed);
    section_.clear();
    if (!in.ok() || !bytes || !decode_section(*bytes, section_))
      return damaged(record);
    for (const stored_reading& r : section_)
      if (r.day == day)
        take({t, r.twin}, r);
  }
  return in.ok() ? result<void>() : damaged(record);
}

} // namespace gridtwin
