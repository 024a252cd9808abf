#include "src/ingest/row_decoder.hpp"

#include "config/printable_text.hpp"
#include "src/ingest/csv_line.hpp"
#include "src/ingest/plain_row.hpp"
#include "src/ingest/row_plan.hpp"
#include "twins/message_rules.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t shown_columns = 60;

/// The columns that a header names.
class header_columns {
public:
  static result<header_columns> read(std::string_view header, char delimiter) {
    csv_splitter fields(delimiter);
    if (!fields.split(header.data() == nullptr ? std::string_view("") : header))
      return error{errc::unreadable_input, "the header is broken: a quote is not closed, or it has more than "
                                             + std::to_string(columns_limit) + " columns; mend the first line"};
    header_columns out;
    for (std::size_t i = 0; i < fields.size(); ++i)
      out.names_.emplace_back(fields[i]);
    return out;
  }

  std::size_t size() const noexcept { return names_.size(); }

  /// The place of the first of the names that the header holds; `no_column` if it holds none.
  std::size_t find(const std::vector<std::string>& choice) const {
    for (const std::string& name : choice) {
      const auto at = std::find(names_.begin(), names_.end(), trimmed(name));
      if (at != names_.end())
        return static_cast<std::size_t>(at - names_.begin());
    }
    return no_column;
  }

  bool holds_twice(std::size_t column) const { return std::count(names_.begin(), names_.end(), names_[column]) > 1; }

  const std::string& name(std::size_t column) const { return names_[column]; }

  std::string listed() const {
    std::string out;
    for (std::size_t i = 0; i < std::min(names_.size(), shown_columns); ++i)
      out.append(i == 0 ? "" : ", ").append(in_quotes(names_[i]));
    return names_.size() > shown_columns ? out + ", ..." : out;
  }

private:
  std::vector<std::string> names_;
};

/// Columns that a file must have to be of this profile, as lists of accepted names.
std::vector<const column_choice*> columns_needed(const format_profile& p) {
  std::vector<const column_choice*> out;
  for (const column_choice* c : {&p.meter, &p.time, &p.value, &p.quantity_column, &p.quality_column, &p.reason_column,
                                 &p.amendment_column, &p.version_column})
    if (c->given() && c->required)
      out.push_back(c);
  return out;
}

/// A hint which built-in format the header would fit.
std::string fitting_format(const header_columns& header, const format_profile& tried) {
  for (const std::string_view name : built_in_profile_names) {
    const auto profile = built_in_profile(name);
    const auto needed = columns_needed(*profile);
    if (name != tried.name && std::all_of(needed.begin(), needed.end(), [&header](const column_choice* c) {
          return header.find(c->names) != no_column;
        }))
      return "; these fit --format " + std::string(name);
  }
  return "; name the format (--format of replay, [inbox] of a node): generic, lcl, lcl-kaggle, or a profile file.toml";
}

result<std::size_t> find_column(const header_columns& header, const column_choice& choice,
                                const format_profile& profile) {
  const std::size_t at = header.find(choice.names);
  if (at == no_column && choice.required && choice.given()) {
    std::string wanted;
    for (const std::string& name : choice.names)
      wanted.append(wanted.empty() ? "" : " or ").append(in_quotes(name));
    return error{errc::unreadable_input, "the header has no column " + wanted + ", which format "
                                           + printable(profile.name) + " needs; it has " + header.listed()
                                           + fitting_format(header, profile)};
  }
  if (at != no_column && header.holds_twice(at))
    return error{errc::unreadable_input,
                 "the header has the column " + in_quotes(header.name(at)) + " twice; rename one of them"};
  return at;
}

/// Whether each column's name is the start of its half hour.
bool names_are_starts(const std::vector<std::string>& names) {
  std::vector<int> minutes;
  for (const std::string& name : names)
    minutes.push_back(clock_minute_of(name).value_or(-1));
  return are_starts_of_day(minutes);
}

/// No delimiter that lines are searched for otherwise, and no decimal that stands for no value.
bool may_be_plain(const format_profile& profile, std::size_t columns) {
  const auto numeric = [](const std::string& word) { return !word.empty() && word[0] >= '0' && word[0] <= '9'; };
  return columns <= plain_columns_limit && std::string_view("\"\r\n").find(profile.delimiter) == std::string_view::npos
         && std::none_of(profile.null_words.begin(), profile.null_words.end(), numeric);
}

} // namespace

row_decoder::row_decoder(std::unique_ptr<const row_plan> p) : plan_(std::move(p)) {}
row_decoder::row_decoder(row_decoder&&) noexcept = default;
row_decoder& row_decoder::operator=(row_decoder&&) noexcept = default;
row_decoder::~row_decoder() = default;

bool row_decoder::needs_order() const noexcept { return plan_->needs_order; }
const meter_index& row_decoder::meters() const noexcept { return *plan_->meters; }
std::shared_ptr<const meter_index> row_decoder::shared_meters() const noexcept { return plan_->meters; }

result<row_decoder> row_decoder::make(const format_profile& profile, std::string_view header,
                                      std::shared_ptr<const meter_index> meters, const decode_options& options) {
  const bool by_day = profile.layout == row_layout::by_day;
  const auto of_profile = [&profile](const error& why) {
    return error{why.code, "profile " + in_quotes(profile.name) + ": " + why.message};
  };
  if (options.version < 1 || options.version > version_limit)
    return error{errc::usage, "--version must be 1 to 65535"};
  if (!profile.time.given() || (by_day ? profile.columns.size() != wide_columns : !profile.value.given()))
    return of_profile({errc::bad_profile, "names no column of the time or of the values; see parse_profile"});
  auto times = time_format::compile(profile.time_format, !by_day);
  if (!times)
    return of_profile(times.failure());
  auto zone = zone_table::make(profile.zone.empty() ? "UTC" : profile.zone);
  if (!zone)
    return of_profile(zone.failure());
  const auto columns = header_columns::read(header, profile.delimiter);
  if (!columns)
    return columns.failure();
  auto p = std::make_unique<row_plan>(row_plan{profile, std::move(meters), std::move(*times), std::move(*zone)});
  p->columns = columns->size();
  p->needs_order = !by_day && p->zone.has_repeated_times();
  p->plain_kilowatt_hours = profile.unit == energy_unit::kilowatt_hour || profile.unit == energy_unit::kilovar_hour;
  p->default_version = static_cast<std::uint16_t>(options.version);
  const std::pair<const column_choice*, std::size_t*> wanted[] = {
    {&profile.meter, &p->meter},
    {&profile.time, &p->time},
    {&profile.value, &p->value},
    {&profile.quantity_column, &p->quantity},
    {&profile.quality_column, &p->quality},
    {&profile.reason_column, &p->reason},
    {&profile.amendment_column, &p->amendment},
    {&profile.version_column, &p->version},
  };
  for (const auto& [choice, place] : wanted) {
    const auto at = find_column(*columns, *choice, profile);
    if (!at)
      return at.failure();
    *place = *at;
  }
  for (std::size_t i = 0; by_day && i < wide_columns; ++i) {
    const auto at = find_column(*columns, {{profile.columns[i]}, true}, profile);
    if (!at)
      return at.failure();
    p->wide[i] = *at;
  }
  for (const std::size_t at : {p->quantity, p->version, p->quality, p->reason, p->amendment})
    if (at != no_column)
      p->attribute_columns.push_back(at);
  p->drift_tolerance_s = options.drift_tolerance_s;
  p->plain_rows = options.plain_rows && !by_day && p->plain_kilowatt_hours && may_be_plain(profile, p->columns);
  p->label_suspect = by_day && profile.label == period_label::period_end && names_are_starts(profile.columns);
  p->quantity_words = profile.quantity_map;
  for (std::size_t i = 0; profile.quantity_map.empty() && i < quantity_count; ++i)
    p->quantity_words.emplace_back(quantity_names[i], static_cast<gridtwin::quantity>(i));
  if (p->meter == no_column && !options.meter)
    return error{errc::unreadable_input,
                 "format " + printable(profile.name)
                   + " has no column that names the meter; name the file's one with --meter ID"};
  p->only_meter = options.meter.value_or("");
  return row_decoder(std::move(p));
}

} // namespace gridtwin
