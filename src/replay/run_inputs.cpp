#include "src/replay/run_inputs.hpp"

#include "config/settlement_settings.hpp"
#include "config/toml_document.hpp"
#include "src/ingest/estate_files.hpp"
#include "src/ingest/estate_settlement.hpp"
#include "src/messages/if021_message.hpp"
#include "src/process/small_file.hpp"
#include "src/replay/source_blocks.hpp"
#include "twins/final_runs.hpp"

#include <memory>
#include <utility>

namespace gridtwin {

result<format_profile> profile_called(const std::string& format) {
  if (auto built_in = built_in_profile(format))
    return std::move(*built_in);
  if (!format.ends_with(".toml")) {
    std::string known;
    for (const std::string_view name : built_in_profile_names)
      known += (known.empty() ? "" : ", ") + std::string(name);
    return error{errc::bad_profile, "unknown format '" + format + "': use one of " + known + ", "
                                      + std::string(if021_name) + ", or the name of a profile file (*.toml)"};
  }
  auto text = read_small_file(format, toml_bytes_limit);
  if (!text)
    return text.failure();
  return parse_profile(*text, format);
}

result<source_format> format_called(const std::string& format) {
  result<source_format> out{source_format()};
  if (format == if021_name) {
    out->messages.emplace();
    return out;
  }
  auto profile = profile_called(format);
  if (!profile)
    return profile.failure();
  out->profile = std::move(*profile);
  return out;
}

namespace {

bool is_made_of(const estate_bytes& bytes, const estate_texts& texts, const std::vector<estate_file>& optional) {
  return bytes.transformers == texts.transformers && bytes.feeders == texts.feeders && bytes.meters == texts.meters
         && bytes.optional == optional;
}

} // namespace

result<void> load_estate(const std::string& folder, replay_plan& plan) {
  auto texts = read_estate_texts(folder);
  if (!texts)
    return texts.failure();
  auto optional = read_settlement_files(folder);
  if (!optional)
    return optional.failure();
  if (plan.estate_files && is_made_of(*plan.estate_files, *texts, *optional))
    return {};
  auto estate = parse_estate(*texts, folder);
  if (!estate)
    return estate.failure();
  const auto parsed = std::make_shared<const gridtwin::estate>(std::move(*estate));
  const auto meters = std::make_shared<const meter_index>(parsed);
  const auto inputs = parse_settlement_files(*optional, *meters, folder);
  if (!inputs)
    return inputs.failure();
  plan.estate = parsed;
  plan.meters = meters;
  plan.appointed = appointed_ranges(*plan.estate, *inputs);
  plan.estate_files = std::make_shared<const estate_bytes>(estate_bytes{
    std::move(texts->transformers), std::move(texts->feeders), std::move(texts->meters), std::move(*optional)});
  return {};
}

result<void> check_sources(const replay_plan& plan) {
  for (const source& s : plan.sources)
    if (auto opened = open_source::open(s, plan.format, plan.meters); !opened)
      return opened.failure();
  return {};
}

std::optional<std::string> close_past_final_runs(rule_limits& limits) {
  if (!limits.as_of_s)
    return std::nullopt;
  const auto settings = parse_settlement_settings(built_in_settlement_settings(), "built in").value();
  const auto holidays = parse_bank_holidays(built_in_bank_holidays(), "built in").value();
  const settlement_calendar calendar(settings.timetables, working_days(holidays));
  closed_periods closed = closed_at(calendar, settings.gate_minute, *limits.as_of_s);
  limits.closed = std::move(closed.ranges);
  if (closed.complete)
    return std::nullopt;
  return "bank holidays are known for " + std::to_string(calendar.days().first_year()) + " to "
         + std::to_string(calendar.days().last_year())
         + ", so that not every final run before --as-of is: readings of dates without one are not rejected as "
           "past-final-run";
}

} // namespace gridtwin
