#include "src/load/load_source.hpp"

#include "src/wire/submit_codec.hpp"

#include <algorithm>

namespace gridtwin {

result<std::optional<parcel>> load_source::next() {
  if (!again_.empty()) {
    const stretch s = again_.front();
    again_.pop_front();
    return std::optional(parcel_of(s));
  }
  const std::uint64_t due = plan_.due_by(now_us_());
  if (due <= sent_)
    return std::optional<parcel>();
  const stretch s{sent_, std::min<std::uint64_t>(due - sent_, batch_readings_)};
  sent_ += s.count;
  return std::optional(parcel_of(s));
}

parcel load_source::parcel_of(const stretch& s) const {
  std::vector<submitted_reading> readings;
  readings.reserve(s.count);
  for (std::uint64_t n = s.first; n < s.first + s.count; ++n)
    readings.push_back(plan_.reading(n));
  parcel out;
  out.batch = s.first;
  out.count = static_cast<std::uint32_t>(s.count);
  encode_submit(readings, s.first + 1, out.body);
  return out;
}

result<void> load_source::answered(const parcel& p, const answer_message& answer) {
  const std::int64_t now = now_us_();
  std::uint64_t first = p.batch;
  for (const answer_run& r : answer.runs) {
    if (is_final(r.answer.outcome)) {
      stretches_.push_back({first, r.count, r.answer});
      answered_ += r.count;
      add_latency({first, r.count}, now);
      last_answer_us_ = now;
    } else {
      again_.push_back({first, r.count});
    }
    by_outcome_[static_cast<std::size_t>(r.answer.outcome)] += r.count;
    first += r.count;
  }
  return {};
}

void load_source::give_back(const parcel& p) { again_.push_front({p.batch, p.count}); }

void load_source::add_latency(const stretch& s, std::int64_t now_us) {
  const std::uint64_t step = plan_.readings_a_message();
  for (std::uint64_t n = s.first; n < s.first + s.count;) {
    const std::uint64_t end = std::min((n / step + 1) * step, s.first + s.count);
    latency_.add(now_us - plan_.due_us(n), end - n);
    n = end;
  }
}

std::vector<answered_stretch> load_source::stretches() const {
  auto out = stretches_;
  std::sort(out.begin(), out.end(),
            [](const answered_stretch& a, const answered_stretch& b) { return a.first < b.first; });
  return out;
}

} // namespace gridtwin
