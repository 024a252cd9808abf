#include "src/wire/submit_codec.hpp"

#include "twins/energy.hpp"

#include <google/protobuf/arena.h>
#include <src/wire/gridtwin.pb.h>

#include <algorithm>
#include <limits>

namespace gridtwin {

namespace {

namespace pb = google::protobuf;

constexpr std::uint64_t mpan_limit = 10'000'000'000'000;

bool is_mpan(std::uint64_t number) noexcept {
  return number < mpan_limit && check_digit(number / 10) == static_cast<int>(number % 10);
}
constexpr bool is_period(std::int64_t number) noexcept {
  return number >= first_storable_period.number && number <= last_storable_period.number;
}
constexpr bool is_energy(std::int64_t wh) noexcept { return wh >= -largest_energy_wh && wh <= largest_energy_wh; }

/// What all readings of a run are refused for, or none.
wire_code fault_of_run(std::int32_t quantity, std::uint32_t version) noexcept {
  if (version > version_limit)
    return code_of(verdict::unparseable);
  if (quantity < 0 || static_cast<std::size_t>(quantity) >= quantity_count)
    return code_of(verdict::unknown_quantity);
  return no_code;
}

constexpr std::uint16_t version_of(std::uint32_t field) noexcept {
  return static_cast<std::uint16_t>(field == 0 ? 1 : field & 0xFFFF);
}

/// Fills a batch from the runs of a message.
class submit_reader {
public:
  explicit submit_reader(submitted_batch& out) noexcept : out_(out) {}

  bool read(const v1::Submit& message) {
    for (const v1::Run& run : message.run()) {
      const bool good = run.has_day()         ? read_day(run.day())
                        : run.has_half_hour() ? read_half_hour(run.half_hour())
                                              : false;
      if (!good)
        return false;
    }
    return true;
  }

private:
  bool read_day(const v1::DayRun& run) {
    const auto size = static_cast<std::size_t>(run.value_size());
    if (size == 0)
      return false;
    wire_code fault = fault_of_run(run.quantity(), run.version());
    if (!is_mpan(run.mpan()))
      fault = code_of(verdict::unparseable);
    const submitted_reading common{{run.mpan()},
                                   fault == no_code ? static_cast<quantity>(run.quantity()) : quantity{},
                                   {},
                                   version_of(run.version()),
                                   {}};
    begin_run();
    std::int64_t period = run.first_period();
    for (const std::int64_t wh : run.value()) {
      const bool in_range = is_period(period) && is_energy(wh);
      add(common, in_range ? fault : code_of(verdict::unparseable), in_range ? static_cast<std::int32_t>(period) : 0,
          wh);
      ++period;
    }
    return read_exceptions(run.exception(), size);
  }

  bool read_half_hour(const v1::HalfHour& run) {
    const auto size = static_cast<std::size_t>(run.value_size());
    if (size == 0 || run.mpan_size() != run.value_size())
      return false;
    wire_code fault = fault_of_run(run.quantity(), run.version());
    if (!is_period(run.period()))
      fault = code_of(verdict::unparseable);
    submitted_reading common{
      {}, fault == no_code ? static_cast<quantity>(run.quantity()) : quantity{}, {}, version_of(run.version()), {}};
    begin_run();
    for (int i = 0; i < run.value_size(); ++i) {
      common.meter.number += static_cast<std::uint64_t>(run.mpan(i));
      const bool in_range = is_mpan(common.meter.number) && is_energy(run.value(i));
      add(common, in_range ? fault : code_of(verdict::unparseable), run.period(), run.value(i));
    }
    return read_exceptions(run.exception(), size);
  }

  void begin_run() noexcept {
    first_ = out_.readings.size();
    first_refusal_ = out_.refusals.size();
  }

  void add(const submitted_reading& common, wire_code fault, std::int32_t period, std::int64_t wh) {
    if (fault != no_code)
      out_.refusals.push_back({static_cast<std::uint32_t>(out_.readings.size()), fault});
    submitted_reading& r = out_.readings.emplace_back(common);
    r.period = {period};
    r.content.wh = wh;
  }

  bool read_exceptions(const pb::RepeatedPtrField<v1::Exception>& exceptions, std::size_t size) {
    std::int64_t before = -1;
    bool refused = false;
    for (const v1::Exception& e : exceptions) {
      if (e.index() >= size || e.index() <= before)
        return false;
      before = e.index();
      const auto at = static_cast<std::uint32_t>(first_ + e.index());
      if (e.version() > version_limit || e.quality() >= quality_count || e.estimation_reason() > last_estimation_reason
          || (e.amendment_reason() != 0
              && (e.amendment_reason() > 0x7F || !is_amendment_reason(static_cast<char>(e.amendment_reason()))))) {
        out_.refusals.push_back({at, code_of(verdict::unparseable)});
        refused = true;
        continue;
      }
      submitted_reading& r = out_.readings[at];
      if (e.version() != 0)
        r.version = version_of(e.version());
      r.content.quality = {static_cast<std::uint8_t>(e.quality())};
      r.content.reasons = {static_cast<std::uint8_t>(e.estimation_reason()), static_cast<char>(e.amendment_reason())};
    }
    if (refused)
      order_refusals();
    return true;
  }

  /// Of a reading that is refused twice the first reason in the contract's order stays.
  void order_refusals() {
    const auto begin = out_.refusals.begin() + static_cast<std::ptrdiff_t>(first_refusal_);
    std::sort(begin, out_.refusals.end(), [](const reading_refusal& a, const reading_refusal& b) {
      return a.index != b.index ? a.index < b.index : a.code.value < b.code.value;
    });
    const auto alike = [](const reading_refusal& a, const reading_refusal& b) { return a.index == b.index; };
    out_.refusals.erase(std::unique(begin, out_.refusals.end(), alike), out_.refusals.end());
  }

  submitted_batch& out_;
  std::size_t first_ = 0; ///< of the run
  std::size_t first_refusal_ = 0;
};

std::uint64_t size_of(const v1::Submit& message) noexcept {
  std::uint64_t out = 0;
  for (const v1::Run& run : message.run())
    out += static_cast<std::uint64_t>(run.has_day() ? run.day().value_size() : run.half_hour().value_size());
  return out;
}

bool is_plain(const submitted_reading& r, std::uint16_t version) noexcept {
  return r.version == version && r.content.quality == actual && r.content.reasons == reasons{};
}

template <class RunOfReadings>
void add_exceptions(RunOfReadings& run, std::span<const submitted_reading> readings) {
  const std::uint16_t version = readings.front().version;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const submitted_reading& r = readings[i];
    if (is_plain(r, version))
      continue;
    v1::Exception& e = *run.add_exception();
    e.set_index(static_cast<std::uint32_t>(i));
    if (r.version != version)
      e.set_version(r.version);
    e.set_quality(r.content.quality.code);
    e.set_estimation_reason(r.content.reasons.estimation);
    e.set_amendment_reason(static_cast<unsigned char>(r.content.reasons.amendment));
  }
}

/// Readings from the front that are half hours of one meter without a hole.
std::size_t day_length(std::span<const submitted_reading> readings) noexcept {
  std::size_t n = 1;
  while (n < readings.size() && readings[n].meter == readings[0].meter && readings[n].quantity == readings[0].quantity
         && readings[n].period.number == readings[n - 1].period.number + 1)
    ++n;
  return n;
}

/// Readings from the front that are of one half hour.
std::size_t half_hour_length(std::span<const submitted_reading> readings) noexcept {
  std::size_t n = 1;
  while (n < readings.size() && readings[n].period == readings[0].period
         && readings[n].quantity == readings[0].quantity)
    ++n;
  return n;
}

} // namespace

submit_fault decode_submit(std::string_view body, submitted_batch& out) {
  out.readings.clear();
  out.refusals.clear();
  pb::Arena arena;
  auto& message = *pb::Arena::CreateMessage<v1::Submit>(&arena);
  if (body.size() > wire_bounds::frame_bytes)
    return submit_fault::too_large;
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size())))
    return submit_fault::malformed;
  const std::uint64_t size = size_of(message);
  if (size > wire_bounds::batch_readings)
    return submit_fault::too_large;
  if (size == 0 || message.first_number() == 0
      || message.first_number() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - size)
    return submit_fault::malformed;
  out.batch = message.batch();
  out.first_number = message.first_number();
  out.readings.reserve(static_cast<std::size_t>(size));
  return submit_reader(out).read(message) ? submit_fault::none : submit_fault::malformed;
}

void encode_submit(std::span<const submitted_reading> readings, std::uint64_t first_number, std::string& out) {
  pb::Arena arena;
  auto& message = *pb::Arena::CreateMessage<v1::Submit>(&arena);
  message.set_first_number(first_number);
  while (!readings.empty()) {
    const std::size_t day = day_length(readings);
    const std::size_t half_hour = half_hour_length(readings);
    const std::size_t n = std::max(day, half_hour);
    const auto part = readings.first(n);
    const submitted_reading& first = part.front();
    if (day >= half_hour) {
      v1::DayRun& run = *message.add_run()->mutable_day();
      run.set_mpan(first.meter.number);
      run.set_quantity(static_cast<v1::Quantity>(first.quantity));
      run.set_first_period(first.period.number);
      run.set_version(first.version == 1 ? 0 : first.version);
      for (const submitted_reading& r : part)
        run.add_value(r.content.wh);
      add_exceptions(run, part);
    } else {
      v1::HalfHour& run = *message.add_run()->mutable_half_hour();
      run.set_period(first.period.number);
      run.set_quantity(static_cast<v1::Quantity>(first.quantity));
      run.set_version(first.version == 1 ? 0 : first.version);
      std::uint64_t before = 0;
      for (const submitted_reading& r : part) {
        run.add_mpan(static_cast<std::int64_t>(r.meter.number - before));
        run.add_value(r.content.wh);
        before = r.meter.number;
      }
      add_exceptions(run, part);
    }
    readings = readings.subspan(n);
  }
  message.AppendToString(&out);
}

void append_batch_name(std::uint64_t batch, std::string& body) {
  body.push_back('\x08'); // field 1, a varint
  for (; batch >= 0x80; batch >>= 7)
    body.push_back(static_cast<char>(batch | 0x80));
  body.push_back(static_cast<char>(batch));
}

} // namespace gridtwin
