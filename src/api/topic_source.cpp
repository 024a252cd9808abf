#include "src/api/topic_source.hpp"

#include "src/api/alarm_log.hpp"
#include "src/api/event_json.hpp"
#include "src/gaps/gap_event.hpp"
#include "src/half_hours/half_hour_event.hpp"
#include "src/settled_days/settled_day_event.hpp"
#include "src/store/audit.hpp"
#include "src/store/settlement_record.hpp"

#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// Readings from which half hours and gaps are derived at a time, in whole records.
constexpr std::size_t derived_at_once = 256;

result<event_position> in_estate_shard(const result<std::int64_t>& offset) {
  if (!offset)
    return offset.failure();
  event_position out;
  out.set(estate_shard, {*offset, 0});
  return out;
}

class reading_source final : public topic_source {
public:
  result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                            const scan_limits& limits, const show_event& show) const override {
    std::string json;
    return scan_readings(store, position, limits, [&](const reading_event& e) -> std::size_t {
      access_resource what;
      what.topic = access_topic::reading;
      what.meter = e.meter;
      what.transformer = e.transformer;
      if (!rights.sees(access_operation::read, what))
        return 0;
      json.clear();
      append_event_json(e, rights.hidden(), json);
      show(json);
      return json.size();
    });
  }
};

/// Gaps of meters.
class gap_source final : public topic_source {
public:
  result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                            const scan_limits& limits, const show_event& show) const override {
    const auto fetch = [&](std::uint32_t shard, std::int64_t after) -> result<event_batch<gap_event>> {
      const auto batch = store.gaps(shard, after, derived_at_once);
      if (!batch)
        return batch.failure();
      const gap_topic::batch& of = **batch;
      return event_batch<gap_event>{&of.events, of.last_offset, of.at_end, 0, &of.passed};
    };
    std::string json;
    const auto take = [&](const gap_event& e) -> std::size_t {
      access_resource what;
      what.topic = access_topic::gap;
      what.meter = e.meter;
      what.transformer = e.transformer;
      if (!rights.sees(access_operation::read, what))
        return 0;
      json.clear();
      append_event_json(e, rights.hidden(), json);
      show(json);
      return json.size();
    };
    return scan_events<gap_event>(position, limits, fetch, take);
  }
};

/// Half hours of feeders, or of transformers.
class half_hour_source final : public topic_source {
public:
  explicit half_hour_source(access_topic topic) : topic_(topic) {}

  result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                            const scan_limits& limits, const show_event& show) const override {
    const std::uint32_t floor = rights.privacy_floor();
    const auto fetch = [&](std::uint32_t shard, std::int64_t after) -> result<event_batch<half_hour_event>> {
      const auto batch = store.half_hours(shard, after, derived_at_once, floor);
      if (!batch)
        return batch.failure();
      const half_hour_topic::batch& of = **batch;
      const bool feeders = topic_ == access_topic::feeder_half_hour;
      return event_batch<half_hour_event>{feeders ? &of.feeders : &of.transformers, of.last_offset, of.at_end, 0,
                                          &of.passed};
    };
    std::string json;
    const auto take = [&](const half_hour_event& e) -> std::size_t {
      access_resource what;
      what.topic = topic_;
      what.transformer = e.transformer;
      what.contributors = e.import_contributors;
      if (!rights.sees(access_operation::read, what))
        return 0;
      what.contributors = e.export_contributors;
      json.clear();
      append_event_json(e, rights.sees(access_operation::read, what), json);
      show(json);
      return json.size();
    };
    return scan_events<half_hour_event>(position, limits, fetch, take);
  }

private:
  access_topic topic_;
};

/// What runs of settlement settled, all in the shard of the estate.
class settled_day_source final : public topic_source {
public:
  result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                            const scan_limits& limits, const show_event& show) const override {
    static const std::vector<settled_day_event> nothing;
    const auto fetch = [&](std::uint32_t shard,
                           const event_position::in_shard& at) -> result<event_batch<settled_day_event>> {
      if (shard != estate_shard)
        return event_batch<settled_day_event>{&nothing, at.offset, true};
      const auto batch = store.settled_days(at.offset, at.of_it);
      if (!batch)
        return batch.failure();
      const settled_day_topic::batch& of = **batch;
      return event_batch<settled_day_event>{&of.events, of.last_offset, of.at_end, of.of_it};
    };
    std::string json;
    const auto take = [&](const settled_day_event& e) -> std::size_t {
      access_resource what;
      what.topic = access_topic::settlement_day;
      what.meter = e.mpan;
      what.transformer = e.transformer;
      if (!rights.sees(access_operation::read, what))
        return 0;
      json.clear();
      append_event_json(e, rights.hidden(), json);
      show(json);
      return json.size();
    };
    return scan_events<settled_day_event>(position, limits, fetch, take);
  }

  result<event_position> position_before(opened_store& store, std::int64_t known_s) const override {
    return in_estate_shard(settlements_before(store.database(), known_s));
  }
};

/// Acts of operators and refusals, all in the shard of the estate.
class audit_source final : public topic_source {
public:
  result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                            const scan_limits& limits, const show_event& show) const override {
    journal_acts acts;
    const auto fetch = [&](std::uint32_t shard, std::int64_t after) -> result<event_batch<journal_act>> {
      acts = {{}, after, true};
      if (shard == estate_shard) {
        auto read = read_acts(store.database(), after);
        if (!read)
          return read.failure();
        acts = std::move(*read);
      }
      return event_batch<journal_act>{&acts.acts, acts.last_offset, acts.at_end};
    };
    std::string json;
    const auto take = [&](const journal_act& act) -> std::size_t {
      access_resource what;
      what.topic = access_topic::audit;
      if (!rights.sees(access_operation::read, what))
        return 0;
      json.clear();
      append_event_json(act, rights.hidden(), json);
      show(json);
      return json.size();
    };
    return scan_events<journal_act>(position, limits, fetch, take);
  }

  result<event_position> position_before(opened_store& store, std::int64_t at_s) const override {
    return in_estate_shard(acts_before(store.database(), at_s));
  }
};

/// What happened to alarms, numbered as if in a journal of one shard.
class alarm_source final : public topic_source {
public:
  result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                            const scan_limits& limits, const show_event& show) const override {
    std::vector<told_alarm> alarms;
    const auto fetch = [&](std::uint32_t shard, std::int64_t after) -> result<event_batch<told_alarm>> {
      alarms.clear();
      if (shard == alarm_shard && store.alarms() != nullptr) {
        auto read = store.alarms()->after(after, alarms_at_once);
        if (!read)
          return read.failure();
        alarms = std::move(*read);
      }
      return event_batch<told_alarm>{&alarms, alarms.empty() ? after : alarms.back().record.offset(),
                                     alarms.size() < alarms_at_once};
    };
    // From the per cent of one moment and those of the next who sees aggregates alone could work out a meter.
    const bool shows_figures = rights.peer().role != access_role::network_operator;
    std::string json;
    const auto take = [&](const told_alarm& alarm) -> std::size_t {
      access_resource what;
      what.topic = access_topic::alarm;
      what.transformer = alarm.transformer;
      what.contributors = alarm.reported;
      if (!alarm.mpan.empty()) {
        what.meter = parse_mpan(alarm.mpan);
        if (!what.meter)
          return 0;
      }
      if (!rights.sees(access_operation::read, what))
        return 0;
      json.clear();
      append_event_json(alarm, rights.hidden(), shows_figures, json);
      show(json);
      return json.size();
    };
    return scan_events<told_alarm>(position, limits, fetch, take);
  }

  result<bool> is_durable(opened_store& store, const event_position& position) const override {
    for (std::uint32_t shard = 0; shard < shard_count; ++shard)
      if (shard != alarm_shard && position.at(shard).offset != 0)
        return false;
    const auto last = store.alarms() == nullptr ? result<std::int64_t>(0) : store.alarms()->last();
    return last ? result<bool>(position.at(alarm_shard).offset <= *last) : last.failure();
  }

  result<event_position> position_before(opened_store& store, std::int64_t at_s) const override {
    const auto number = store.alarms() == nullptr ? result<std::int64_t>(0) : store.alarms()->before(at_s);
    if (!number)
      return number.failure();
    event_position out;
    out.set(alarm_shard, {*number, 0});
    return out;
  }

  /// They are in a file of their own.
  bool is_in_store() const noexcept override { return false; }

private:
  static constexpr std::uint32_t alarm_shard = 0;
  static constexpr std::size_t alarms_at_once = 1024;
};

} // namespace

const topic_source* source_of(access_topic topic) noexcept {
  static const reading_source readings;
  static const gap_source gaps;
  static const half_hour_source feeders(access_topic::feeder_half_hour);
  static const half_hour_source transformers(access_topic::transformer_half_hour);
  static const settled_day_source settled;
  static const audit_source acts;
  static const alarm_source alarms;
  switch (topic) {
  case access_topic::alarm:
    return &alarms;
  case access_topic::audit:
    return &acts;
  case access_topic::settlement_day:
    return &settled;
  case access_topic::reading:
    return &readings;
  case access_topic::gap:
    return &gaps;
  case access_topic::feeder_half_hour:
    return &feeders;
  case access_topic::transformer_half_hour:
    return &transformers;
  default:
    return nullptr;
  }
}

} // namespace gridtwin
