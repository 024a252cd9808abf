#include "src/gate/submitted_group.hpp"

#include "src/ingest/transformer_groups.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

std::string kilowatt_hours(std::int64_t wh) {
  const std::uint64_t amount =
    wh < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(wh) : static_cast<std::uint64_t>(wh);
  return (wh < 0 ? "-" : "") + format_ratio(amount, 1000, 3);
}

/// As a file would have it: meter, quantity, end of the half hour, kilowatt-hours, version, quality.
std::string text_of(const submitted_reading& r) {
  std::string out = to_string(r.meter);
  for (const std::string& field :
       {std::string(name_of(r.quantity)), format_period(r.period), kilowatt_hours(r.content.wh),
        std::to_string(r.version), std::string(name_of(r.content.quality))}) {
    out += ',';
    out += field;
  }
  return out;
}

/// A batch's readings as texts, made when one is asked for.
class submitted_lines final : public raw_lines {
public:
  void add(const std::vector<submitted_reading>* readings) { readings_.push_back(readings); }

  std::string at(std::uint32_t place) const override {
    for (const std::vector<submitted_reading>* some : readings_) {
      if (place < some->size())
        return text_of((*some)[place]);
      place -= static_cast<std::uint32_t>(some->size());
    }
    return {};
  }

private:
  std::vector<const std::vector<submitted_reading>*> readings_;
};

std::optional<verdict> early_verdict(const submitted_reading& r, const std::optional<meter_number>& meter,
                                     const meter_index& meters) {
  if (r.version == 0 || r.period < first_storable_period || r.period > last_storable_period)
    return verdict::unparseable;
  if (!meter)
    return verdict::unknown_meter;
  const connection_index at = meters.connection_at(*meter, r.period);
  if ((meters.at(at).quantities & mask_of(r.quantity)) == 0)
    return verdict::unknown_quantity;
  return std::nullopt;
}

std::string detail_of(verdict v, const submitted_reading& r) {
  switch (v) {
  case verdict::unknown_meter:
    return "no meter of the estate is called '" + to_string(r.meter) + "'";
  case verdict::unknown_quantity:
    return "the estate lists no " + std::string(name_of(r.quantity)) + " for this meter";
  default:
    return "version or half hour out of range";
  }
}

/// What a reading is refused for before a twin sees it, by the first rule in the contract's order; the twin's own rules
/// are asked where a message's objects. Nothing: it goes to its twin.
std::optional<verdict> refusal_of(const submitted_reading& r, const refused_reading* by_message,
                                  const std::optional<meter_number>& meter, const meter_index& meters,
                                  const rule_limits& limits) {
  const auto early = early_verdict(r, meter, meters);
  if (by_message == nullptr)
    return early;
  if (early)
    return std::min(*early, by_message->verdict);
  const auto of_twin = broken_rule({r.quantity, r.period, r.version, r.content},
                                   meters.at(meters.connection_at(*meter, r.period)), limits);
  return of_twin && *of_twin < by_message->verdict ? std::nullopt : std::optional(by_message->verdict);
}

/// `line`: within its batch.
early_reject reject_of(const submitted_reading& r, verdict v, const refused_reading* by_message, std::uint32_t line) {
  early_reject out;
  out.line = line;
  out.verdict = v;
  out.meter = to_string(r.meter);
  out.quantity = std::string(name_of(r.quantity));
  if (by_message != nullptr) {
    out.period_end = by_message->period_end;
    out.detail = v == by_message->verdict ? by_message->detail : detail_of(v, r);
    out.raw = by_message->raw;
    return out;
  }
  out.period_end = v == verdict::unparseable ? std::string() : format_period(r.period);
  out.detail = detail_of(v, r);
  out.raw = text_of(r);
  return out;
}

submission_answer answer_of(verdict v) noexcept {
  switch (v) {
  case verdict::accepted:
    return {answer_kind::accepted, v};
  case verdict::duplicate:
    return {answer_kind::duplicate, v};
  case verdict::conflict:
    return {answer_kind::conflict, v};
  default:
    return {is_quarantined(v) ? answer_kind::quarantined : answer_kind::rejected, v};
  }
}

} // namespace

submitted_group::submitted_group(std::vector<taken_submission> submissions, const meter_index& meters,
                                 const std::function<std::uint32_t(const std::string&)>& number_of,
                                 const rule_limits& limits)
  : submissions_(std::move(submissions)) {
  struct open_batch {
    std::size_t index = 0;
    std::uint64_t next_number = 0;
  };
  std::map<std::string_view, open_batch> open;
  std::vector<std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < submissions_.size(); ++i) {
    const submission& s = submissions_[i].offered;
    const auto [at, fresh] = open.try_emplace(s.sender);
    const bool follows = !fresh && s.first_number >= at->second.next_number
                         && s.first_number + s.readings.size() - batches_[at->second.index].first_line
                              <= std::numeric_limits<std::uint32_t>::max();
    if (!follows) {
      at->second.index = batches_.size();
      reading_batch& batch = batches_.emplace_back();
      batch.source = number_of(s.sender);
      batch.first_line = s.first_number;
      members.emplace_back();
    }
    members[at->second.index].push_back(i);
    at->second.next_number = s.first_number + s.readings.size();
  }
  parts_.resize(batches_.size());
  for (std::size_t b = 0; b < batches_.size(); ++b) {
    reading_batch& batch = batches_[b];
    auto lines = std::make_shared<submitted_lines>();
    std::vector<std::uint32_t> transformers;
    for (const std::size_t i : members[b]) {
      const submission& s = submissions_[i].offered;
      const auto line = static_cast<std::uint32_t>(s.first_number - batch.first_line);
      parts_[b].parts.push_back({i, line, parts_[b].readings});
      lines->add(&s.readings);
      auto refused = s.refusals.begin();
      for (std::uint32_t k = 0; k < s.readings.size(); ++k) {
        const submitted_reading& r = s.readings[k];
        const auto meter = meters.find(r.meter);
        const refused_reading* const by_message =
          refused != s.refusals.end() && refused->index == k ? &*refused++ : nullptr;
        if (const auto v = refusal_of(r, by_message, meter, meters, limits)) {
          batch.rejects.push_back(reject_of(r, *v, by_message, line + k));
          continue;
        }
        sourced_reading& reading = batch.readings.emplace_back();
        reading.wh = r.content.wh;
        reading.connection = meters.connection_at(*meter, r.period);
        reading.period = r.period;
        reading.line = line + k;
        reading.offset = parts_[b].readings + k;
        reading.version = r.version;
        reading.quantity = r.quantity;
        reading.quality = r.content.quality;
        reading.reasons = r.content.reasons;
        transformers.push_back(meters.transformer_of(reading.connection).value);
      }
      parts_[b].readings += static_cast<std::uint32_t>(s.readings.size());
      batch.lines = line + static_cast<std::uint32_t>(s.readings.size());
    }
    batch.raw = std::move(lines);
    group_by_transformer(batch.readings, transformers, batch.slices);
    readings_ += parts_[b].readings;
  }
}

void submitted_group::answer(reading_group& durable, const topology& names) const {
  const auto record_of = [&](transformer_index t) -> record_id {
    const transformer_number number = names.number_of[t.value];
    const auto places = durable.places();
    const auto at = std::lower_bound(places.begin(), places.end(), number,
                                     [](const reading_group::place& p, auto wanted) { return p.transformer < wanted; });
    return at == places.end() || at->transformer != number ? record_id{} : at->record;
  };
  for (std::size_t b = 0; b < parts_.size(); ++b) {
    const reading_batch& batch = durable.batches()[b];
    std::vector<submission_answer> all(parts_[b].readings);
    const auto verdicts = durable.verdicts_of(batch);
    for (std::size_t s = 0; s < batch.slices.size(); ++s) {
      const record_id record = record_of(batch.slices[s].transformer);
      const std::size_t end = s + 1 == batch.slices.size() ? batch.readings.size() : batch.slices[s + 1].first;
      for (std::size_t i = batch.slices[s].first; i < end; ++i) {
        submission_answer& a = all[batch.readings[i].offset];
        a = answer_of(verdicts[i]);
        if (a.kind == answer_kind::accepted) {
          a.shard = record.shard();
          a.offset = record.offset();
        }
      }
    }
    for (const early_reject& reject : batch.rejects) {
      const auto& parts = parts_[b].parts;
      const auto at = std::prev(std::upper_bound(parts.begin(), parts.end(), reject.line,
                                                 [](std::uint32_t line, const part& p) { return line < p.line; }));
      all[at->place + (reject.line - at->line)] = answer_of(reject.verdict);
    }
    for (const part& p : parts_[b].parts) {
      const taken_submission& s = submissions_[p.submission];
      const auto first = all.begin() + p.place;
      s.then({first, first + static_cast<std::ptrdiff_t>(s.offered.readings.size())});
    }
  }
}

void submitted_group::give_up() const {
  for (const taken_submission& s : submissions_)
    s.then({});
}

} // namespace gridtwin
